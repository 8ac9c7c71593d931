import type { InjectOptions } from 'fastify'
import type { Config } from '#infra/config/schema.ts'
import type { Clock } from '#schemas/clock.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { LeaseAnswer, type LeaseGrant } from '#schemas/feed.ts'
import { bridgeHouse, furnish, temporaryFolder, type BridgeHouse } from '#test/golden/bridge.ts'
import { tokenDataset } from '#test/golden/tokens.ts'
import { openBridge, type Bridge } from '../service.ts'

/** A clock that is moved by hand; who sleeps by it sleeps a moment. */
class HandClock implements Clock {
  at = Date.UTC(2026, 0, 5)
  now = (): number => this.at
  sleep = async (_ms: number, signal?: AbortSignal): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    signal?.throwIfAborted()
  }
}

interface Answer {
  status: number
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers
  body: Record<string, any>
  headers: Record<string, unknown>
  raw: Buffer
}

export interface Served extends AsyncDisposable {
  house: BridgeHouse
  bridge: Bridge
  clock: HandClock
  folder: string
  ask(method: 'GET' | 'POST' | 'PUT' | 'HEAD', url: string, payload?: unknown, more?: Partial<InjectOptions>): Promise<Answer>
  post(path: string, body: unknown, more?: Partial<InjectOptions>): Promise<Answer>
  lease(request?: object): Promise<LeaseGrant>
  settled(): Promise<number>
}

export interface ServedWish {
  /** Whether there is an epoch. */
  open?: boolean
  settings?: Partial<Config['bridge']>
  /** In place of the store that blocks are read from. */
  store?: (store: ObjectStore) => ObjectStore
}

/** A feed on real backends with an open epoch of two labels and 20 batches of 64 tokens, unless told otherwise, asked without a port. */
export async function served({ open = true, settings = {}, store = (given) => given }: ServedWish = {}): Promise<Served> {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder())
  const clock = new HandClock()
  const house = stack.use(bridgeHouse(folder.path, { epoch_batches: 20, ...settings }, clock))
  if (open) await furnish(folder.path, house, tokenDataset({ strata: { web: [900], docs: [900] } }))
  const bridge = stack.use(await openBridge({ ...house, store: store(house.store as ObjectStore) }))
  if (open) await bridge.advance(new AbortController().signal)
  const ask: Served['ask'] = async (method, url, payload, more) => {
    const answer = await bridge.app.inject({ method, url, ...(payload !== undefined && { payload: payload as object }), ...more })
    const isJson = String(answer.headers['content-type'] ?? '').includes('json')
    return { status: answer.statusCode, body: isJson && answer.rawPayload.length > 0 ? answer.json() : {}, headers: answer.headers, raw: answer.rawPayload }
  }
  const post: Served['post'] = (path, body, more) => ask('POST', path, body, more)
  return {
    house,
    bridge,
    clock,
    folder: folder.path,
    ask,
    post,
    async lease(request) {
      const [grant] = LeaseAnswer.parse((await post('/v1/leases', { node: 'a', ...request })).body).leases
      if (!grant) throw new Error('nothing was leased')
      return grant
    },
    async settled() {
      const { body } = await ask('GET', '/v1/progress')
      return body['epoch'].states.settled
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

export const proofOf = ({ plan_id, epoch, batch, token, fence }: LeaseGrant) => ({ plan_id, epoch, batch, token, fence })
export const ackOf = (grant: LeaseGrant, rest: object = {}) => ({ ...proofOf(grant), loss: 3.5, tokens: grant.rows * grant.sequence_tokens, ...rest })

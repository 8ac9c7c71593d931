import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Clock } from '#schemas/clock.ts'
import { FeedPlanAnswer, LeaseAnswer, ProgressAnswer, type LeaseGrant } from '#schemas/feed.ts'
import { bridgeHouse, furnish, temporaryFolder, type BridgeHouse } from '#test/golden/bridge.ts'
import { tokenDataset } from '#test/golden/tokens.ts'
import { openBridge, type Bridge } from '../service.ts'
import { feedOpenApi } from './openapi.ts'

const never = new AbortController().signal

/** A clock that is moved by hand. */
class HandClock implements Clock {
  at = 1_000_000_000
  now = (): number => this.at
  sleep = async (): Promise<void> => undefined
}

interface Served extends AsyncDisposable {
  house: BridgeHouse
  bridge: Bridge
  clock: HandClock
  post(path: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }>
  lease(request?: object): Promise<LeaseGrant>
}

/** A feed on real backends with an open epoch of two labels (unless told otherwise), asked without a port. */
async function served({ open = true } = {}): Promise<Served> {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder())
  const clock = new HandClock()
  const house = stack.use(bridgeHouse(folder.path, { epoch_batches: 20 }, clock))
  if (open) await furnish(folder.path, house, tokenDataset({ strata: { web: [900], docs: [900] } }))
  const bridge = stack.use(await openBridge(house))
  if (open) await bridge.advance(never)
  const post: Served['post'] = async (url, payload) => {
    const answer = await bridge.app.inject({ method: 'POST', url, payload: payload as object })
    return { status: answer.statusCode, body: answer.json() }
  }
  return {
    house,
    bridge,
    clock,
    post,
    async lease(request) {
      const [grant] = LeaseAnswer.parse((await post('/v1/leases', { node: 'a', ...request })).body).leases
      if (!grant) throw new Error('nothing was leased')
      return grant
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

const proofOf = ({ plan_id, epoch, batch, token, fence }: LeaseGrant) => ({ node: 'a', plan_id, epoch, batch, token, fence })
const ackOf = (grant: LeaseGrant, rest: object = {}) => ({ ...proofOf(grant), loss: 3.5, tokens: grant.rows * grant.sequence_tokens, ...rest })

test('a batch goes from lease to block to settled, and shows in the progress', async () => {
  await using feed = await served()
  const grant = await feed.lease()
  expect(grant).toMatchObject({ batch: 0, rows: 2, sequence_tokens: 32, expires_in_ms: 180_000, expires_at: feed.clock.at + 180_000 })
  expect((await feed.bridge.app.inject(grant.tokens_path)).rawPayload).toHaveLength(2 * 32 * 4)
  expect(await feed.post('/v1/acks', ackOf(grant))).toEqual({ status: 200, body: { batch: 0, state: 'settled' } })
  const progress = ProgressAnswer.parse((await feed.bridge.app.inject('/v1/progress')).json())
  expect(progress).toMatchObject({ state: 'run', epoch: { batches: 20, states: { settled: 1, planned: 19 } } })
  expect(progress.epoch?.labels).toEqual([{ name: grant.label, settled: 1, tokens: 64, loss_mean: 3.5, loss_last: 3.5 }])
  expect(progress.epoch?.nodes).toEqual([{ name: 'a', settled: 1, tokens: 64, loss_mean: 3.5, loss_last: 3.5 }])
})

test('the first valid answer counts: saying it again changes nothing, another lease of the batch is refused', async () => {
  await using feed = await served()
  const first = await feed.lease()
  feed.clock.at += 180_001
  const second = await feed.lease({ node: 'b' })
  expect(second.batch).toBe(first.batch)
  expect(await feed.post('/v1/acks', ackOf(first))).toMatchObject({ status: 409, body: { error: { code: 'lease_lost' } } })
  expect((await feed.post('/v1/acks', ackOf(second, { node: 'b' }))).status).toBe(200)
  expect((await feed.post('/v1/acks', ackOf(second, { node: 'b' }))).status).toBe(200)
  const settlements = await feed.house.ledger.settlements(first.plan_id, first.epoch, { limit: 100 })
  expect(settlements.map(({ batch, node }) => [batch, node])).toEqual([[0, 'b']])
})

test('an answer under an older fence is refused', async () => {
  await using feed = await served()
  const grant = await feed.lease()
  await feed.house.ledger.close(grant.plan_id, grant.epoch)
  expect(await feed.post('/v1/acks', ackOf(grant))).toMatchObject({ status: 409, body: { error: { code: 'fenced' } } })
  expect(await feed.post('/v1/leases', { node: 'a' })).toMatchObject({ status: 200, body: { state: 'idle', leases: [] } })
  expect(FeedPlanAnswer.parse((await feed.bridge.app.inject('/v1/plan')).json())).toEqual({ state: 'idle', plan: null })
})

test('a batch given back is leased again, after those that nobody had yet', async () => {
  await using feed = await served()
  const grant = await feed.lease()
  expect((await feed.post('/v1/nacks', { ...proofOf(grant), reason: 'going' })).body).toEqual({ batch: 0, state: 'returned' })
  const { leases } = LeaseAnswer.parse((await feed.post('/v1/leases', { node: 'b', limit: 64 })).body)
  expect(leases.map(({ batch }) => batch)).toEqual([...Array.from({ length: 19 }, (_, n) => n + 1), 0])
  expect(leases.at(-1)?.label).toBe(grant.label)
})

test('a renewed lease lives on, but never past the time its node announced to leave', async () => {
  await using feed = await served()
  const grant = await feed.lease({ available_until: feed.clock.at + 200_000 })
  feed.clock.at += 100_000
  expect(await feed.post('/v1/leases/renew', proofOf(grant))).toMatchObject({ status: 200, body: { expires_in_ms: 100_000 } })
  const leaving = await feed.post('/v1/leases', { node: 'c', available_until: feed.clock.at + 1_000 })
  expect(leaving).toMatchObject({ status: 200, body: { state: 'run', leases: [] } })
  expect(leaving.body['retry_after_ms']).toBeGreaterThan(0)
})

test.each([
  ['other tokens than the block has', { tokens: 63 }, 422],
  ['a loss that is no number', { loss: null }, 400],
  ['a loss below nothing', { loss: -1 }, 400],
  ['a field that is not known', { verdict: 'good' }, 400],
  ['a batch beyond the plan', { batch: 99 }, 404],
  ['a plan that never was', { plan_id: 'f'.repeat(64) }, 404],
  ['an epoch that is not of the plan', { epoch: 5 }, 404],
  ['a token of nobody', { token: 'x' }, 409],
])('an answer with %s settles nothing', async (_, wrong, status) => {
  await using feed = await served()
  const grant = await feed.lease()
  expect((await feed.post('/v1/acks', ackOf(grant, wrong))).status).toBe(status)
  expect((await feed.house.ledger.progress(grant.plan_id, grant.epoch)).states.settled).toBe(0)
})

test('an infinite loss is refused: JSON can say it as 1e999', async () => {
  await using feed = await served()
  const payload = JSON.stringify(ackOf(await feed.lease())).replace('"loss":3.5', '"loss":1e999')
  const answer = await feed.bridge.app.inject({ method: 'POST', url: '/v1/acks', payload, headers: { 'content-type': 'application/json' } })
  expect(answer.statusCode).toBe(400)
})

test('a block comes with its exact length and its hash, as often as it is asked for, and not again when it is known', async () => {
  await using feed = await served()
  const { tokens_path } = await feed.lease()
  for (let time = 0; time < 2; time++) {
    const { headers, rawPayload } = await feed.bridge.app.inject(tokens_path)
    expect(headers).toMatchObject({ 'content-type': 'application/octet-stream', 'content-length': '256', etag: `"${sha256Hex(rawPayload)}"` })
    expect(headers['content-encoding']).toBeUndefined()
    const again = await feed.bridge.app.inject({ url: tokens_path, headers: { 'if-none-match': String(headers.etag) } })
    expect([again.statusCode, again.rawPayload.length]).toEqual([304, 0])
  }
})

test.each(['99', '-1', 'x', '1.5'])('there is no block %s', async (batch) => {
  await using feed = await served()
  const { tokens_path } = await feed.lease()
  const { statusCode } = await feed.bridge.app.inject(tokens_path.replace(/0$/, batch))
  expect([400, 404]).toContain(statusCode)
})

test('before the first epoch everybody is told to wait, not to go away', async () => {
  await using feed = await served({ open: false })
  const { status, body } = await feed.post('/v1/leases', { node: 'a' })
  expect([status, body['state']]).toEqual([200, 'idle'])
  expect(body['retry_after_ms']).toBeGreaterThan(0)
  expect((await feed.bridge.app.inject('/v1/progress')).json()).toEqual({ state: 'idle', epoch: null })
})

test.each([{}, { node: '' }, { node: 'a b' }, { node: 'a', limit: 0 }, { node: 'a', limit: 65 }, { node: 'a', more: 1 }])(
  'refuses the lease request %j',
  async (request) => {
    await using feed = await served()
    expect((await feed.post('/v1/leases', request)).status).toBe(400)
  },
)

test('openapi.json is what the feed says of itself (after a change: node -e with feedOpenApi, or copy GET /openapi.json)', async () => {
  const checkedIn: unknown = JSON.parse(await readFile(new URL('../openapi.json', import.meta.url), 'utf8'))
  expect(await feedOpenApi()).toEqual(checkedIn)
  expect(Object.keys((checkedIn as { paths: object }).paths)).not.toContainEqual(expect.stringMatching(/bridge|sync/))
})

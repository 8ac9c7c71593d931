import { join } from 'node:path'
import { systemClock } from '#infra/clock.ts'
import type { Config } from '#infra/config/schema.ts'
import { signatureChecks } from '#infra/signed-http/checks.ts'
import { signBtauth } from '#infra/signed-http/btauth.ts'
import { inMemory } from '#infra/sqlite/database.ts'
import type { Signer } from '#schemas/chain.ts'
import { expandIndex, type CompressedMinerIndex, type DataEntityBucket } from '#schemas/data-universe.ts'
import { openScene, type Scene } from '#test/adversary/scene.ts'
import { filePeriods } from './period-book.ts'
import { sqliteServedBuckets } from './served-buckets.ts'
import type { EntityForm } from './forms.ts'
import { openMinerServer, type MinerServer } from './server.ts'

/** What the server says, in whichever of its answers. */
export interface Answer extends CompressedMinerIndex {
  version: number
  compressed_index_serialized: string
  data_entities: EntityForm[]
  bucket_ids_to_contents: [id: object, contents: string[]][]
  error: { code: string; message: string }
  message: string
}

export interface ServedScene extends AsyncDisposable {
  scene: Scene
  server: MinerServer
  signal: AbortSignal
  /** Asks as btauth is signed. */
  ask(url: string, body?: object, as?: Signer): Promise<{ status: number; json: Answer }>
  /** What the index says, once the miner's files are followed. @param as a validator that has not asked yet */
  index(as?: Signer): Promise<DataEntityBucket[]>
}

const axon: Config['axon'] = { host: '127.0.0.1', port: 0, stake_min: 0, dendrite: true }

/** A miner of a scene, which has permits for its validators from the first epoch on, and its server. */
export async function openServedScene(settings: Partial<Config['axon']> = {}): Promise<ServedScene> {
  const stack = new AsyncDisposableStack()
  const scene = stack.use(await openScene())
  const { subnet, miner, validator } = scene
  subnet.pace.advance(60 * 20_000)
  const checks = stack.use(signatureChecks(inMemory))
  const buckets = stack.use(sqliteServedBuckets(join(subnet.dir, 'served.sqlite')))
  // The time of a subnet passes by whoever sleeps on it; who serves for ever would let none be left.
  const pace = { now: subnet.pace.now, sleep: systemClock().sleep }
  const book = await filePeriods(join(subnet.dir, 'asked.json'))
  const parts = { ...subnet, pace, signer: miner, buckets, book, signatureChecks: checks, date: subnet.pace.now, settings: { ...axon, ...settings } }
  const server = stack.use(await openMinerServer(parts))
  const { signal } = new AbortController()
  let requests = 0n
  const ask: ServedScene['ask'] = async (url, body, as = validator) => {
    const payload = body === undefined ? '' : JSON.stringify(body)
    const method = body === undefined ? 'GET' : 'POST'
    const nonceNs = BigInt(subnet.pace.now()) * 1_000_000n + ++requests
    const signed = signBtauth(as, { method, target: url, body: Buffer.from(payload), nonceNs, receiver: miner.address })
    const headers = { ...signed, ...(body !== undefined && { 'content-type': 'application/json' }) }
    const { statusCode: status, body: text } = await server.app.inject({ method, url, headers, payload })
    return { status, json: JSON.parse(text) as Answer }
  }
  return {
    scene,
    server,
    signal,
    ask,
    async index(as) {
      await server.follow(signal)
      return expandIndex((await ask('/v1/index', undefined, as)).json as CompressedMinerIndex)
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

export const formOf = ({ time_bucket, source, label }: Pick<DataEntityBucket, 'time_bucket' | 'source' | 'label'>) => ({
  time_bucket: { id: time_bucket },
  source,
  label: label === null ? null : { value: label },
})

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { localChain } from '#infra/chain/local.ts'
import { ensureWallet } from '#infra/chain/wallet.ts'
import { frozenClock, systemClock } from '#infra/clock.ts'
import { Config } from '#infra/config/schema.ts'
import { folderCorpusIndex } from '#infra/corpus-index/corpus-index.ts'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { sqliteFrontier } from '#infra/frontier/sqlite.ts'
import { sqliteQueue } from '#infra/queue/sqlite.ts'
import { createHttp, type Http } from '#infra/net/http.ts'
import { folderStore } from '#infra/store/folder.ts'
import { openSweep } from '#infra/sweep/sweep.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import type { Clock } from '#schemas/clock.ts'
import { jobId, type DesirabilityJob } from '#schemas/desirability.ts'
import { lineage } from '#schemas/lineage.ts'
import type { Site } from '#test/site/site.ts'
import { sharedPages } from '../document/page-pool.fixture.ts'
import { openMiner, type MinerOptions } from './miner.ts'

const frozenAt = Date.UTC(2026, 0, 15)

interface Setting {
  concurrency?: number
  pages?: number
  reproducible?: boolean
  pace?: Clock
  facts?: Clock
  hostDelayMs?: number
  /** What the miner asks instead of the client that it is given. */
  network?: (http: Http) => Http
  jobs?: DesirabilityJob[]
  /** Origins that may be on a private address, beside the site's. */
  allowPrivate?: string[]
  settings?: Partial<Config['miner']>
  crawl?: Partial<Config['crawl']>
  shard?: Partial<Config['shard']>
  /** Puts parts of its own in the place of the miner's. */
  plant?(options: MinerOptions): Partial<MinerOptions> | Promise<Partial<MinerOptions>>
}

export function job(label: string, seeds: string[], include: string[], weight = 1): DesirabilityJob {
  const params = { keyword: null, platform: 'web', label, post_start_datetime: null, post_end_datetime: null } as const
  return { id: jobId(params, { include }), weight, params, web: { seeds, include } }
}

/** A miner on embedded backends in a folder of its own. */
export async function openBench(site: Site, setting: Setting = {}) {
  const stack = new AsyncDisposableStack()
  const dataDir = await mkdtemp(join(tmpdir(), 'orrery-miner-'))
  stack.defer(() => rm(dataDir, { recursive: true }))
  const pace = setting.pace ?? systemClock()
  const file = (name: string) => join(dataDir, `${name}.sqlite`)
  const catalog = stack.use(sqliteCatalog(file('catalog'), { clock: pace }))
  const frontier = stack.use(sqliteFrontier(file('frontier'), { clock: pace, seed: 1 }))
  const documents = stack.use(sqliteQueue(file('queue'), 'documents', { clock: pace }))
  const shape = { netuid: 13, blockMs: 1000, tempoBlocks: 20, weightsRateLimitBlocks: 5 }
  // What stands in a manifest of the chain is the same in each run, as in one that is frozen.
  const chain = stack.use(localChain(file('chain'), { clock: systemClock(), ...shape, seed: 'bench', saidAt: frozenAt }))
  const http = stack.use(
    createHttp({
      userAgent: 'Orrery/0',
      timeoutMs: 60_000,
      bytesMax: 1 << 20,
      hosts: setting.hostDelayMs === undefined ? site.hosts : undefined,
      allowPrivate: [site.origin, ...(setting.allowPrivate ?? [])],
    }),
  )
  const telemetry = createTelemetry()
  const jobs = setting.jobs ?? [job('all', ['http://a.localhost/'], ['http://*.localhost/*'])]
  await catalog.commit(lineage.desirability, undefined, { kind: 'desirability', parent: null, jobs, evidence: [], caused_by: null })
  const settings = Config.shape.miner.parse({
    pages_per_cycle: setting.pages ?? 100,
    concurrency: setting.concurrency ?? 8,
    host_delay_ms: 0,
    timeout_seconds: 5,
    ...setting.settings,
  })
  const wallet = await ensureWallet(join(dataDir, 'wallets'), 'miner-1', { seed: 1 })
  const origin = { code_version: '0', config_sha256: '0'.repeat(64) }
  const store = folderStore(join(dataDir, 'store'))
  const options: MinerOptions = {
    ...wallet,
    settings,
    crawl: Config.shape.crawl.parse(setting.crawl ?? {}),
    shard: Config.shape.shard.parse(setting.shard ?? {}),
    frontier,
    documents,
    index: stack.use(folderCorpusIndex(join(dataDir, 'corpus', 'miner-1'))),
    sweep: stack.use(openSweep({ store, path: join(dataDir, 'sweep.sqlite'), clock: pace })),
    store,
    catalog,
    chain,
    http: setting.network?.(http) ?? http,
    pages: sharedPages,
    pace,
    facts: setting.facts ?? frozenClock(frozenAt),
    telemetry,
    origin,
    dataDir,
    reproducible: setting.reproducible ?? true,
  }
  const miner = stack.use(await openMiner({ ...options, ...(await setting.plant?.(options)) }))
  return {
    miner,
    frontier,
    documents,
    telemetry,
    store,
    catalog,
    pace,
    dataDir,
    cycle: (signal = new AbortController().signal) => miner.cycle(signal),
    rejects: async () =>
      (await readFile(join(dataDir, 'rejects', 'miner-1.jsonl'), 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** A clock that does not wait: what sleeps wakes at once, later. */
export function leapingClock(): Clock & { leap(ms: number): void } {
  let now = Date.UTC(2026, 0, 20)
  return {
    now: () => now,
    leap: (ms) => void (now += ms),
    async sleep(durationMs, signal) {
      signal?.throwIfAborted()
      await new Promise(setImmediate)
      now += Math.max(0, durationMs)
    },
  }
}

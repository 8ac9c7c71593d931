import { join } from 'node:path'
import type { Config } from '#infra/config/schema.ts'
import type { Http } from '#infra/net/http.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Chain, Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import type { Frontier, Visit } from '#schemas/frontier.ts'
import type { ShardManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Queue } from '#schemas/queue.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { createRobots } from '../robots/robots.ts'
import { snapshotShards, type SnapshotReport } from '../shard/snapshot.ts'
import { claimJournal, type ClaimJournal } from './claim-journal.ts'
import { requireContact } from './contact.ts'
import { openRejects } from './rejects.ts'
import { shareOf } from './share.ts'
import { targetsOf } from './targets.ts'
import { Tally } from './tally.ts'
import { claimVisitor } from './visit.ts'
import { openWorkOrder, type WorkOrder } from './work-order.ts'
import { cycleWork } from './work.ts'

export interface MinerOptions {
  signer: Signer
  coldkey: string
  settings: Config['miner']
  /** Of this miner alone: what it knows, and what it keeps until the next shard. */
  frontier: Frontier
  documents: Queue
  store: ObjectStore
  catalog: Catalog
  chain: Chain
  http: Http
  pace: Clock
  facts: Clock
  telemetry: Telemetry
  origin: ShardManifest['origin']
  /** For the rejects, under `rejects/`. */
  dataDir: string
  /** The same site, lists and facts give the same pages, whatever the concurrency: visits in rounds (work.ts), at the price of waiting for the slowest of a round. */
  reproducible: boolean
}

export interface CycleReport {
  hotkey: string
  cycle: number
  /** Pages by outcome. */
  visits: Record<Visit['outcome'], number>
  sitemaps: number
  documents: number
  bytes: number
  /** label → finished visits over all cycles that this one worked towards. */
  targets: Record<string, number>
  snapshot: SnapshotReport
}

export interface Miner extends AsyncDisposable {
  /**
   * Crawls its part of the web until every label has its visits, then writes shards, index and commitment. A cycle that was cut off goes on.
   * @throws the signal's reason when aborted; OrreryError `invalid_config` when a public page is to be asked without a contact, `not_found` without a
   * desirability list, `conflict` when another process mines under the same hotkey
   */
  cycle(signal: AbortSignal): Promise<CycleReport>
}

/** Registers the hotkey and makes ready. @throws OrreryError `invalid_config` for a share that is none */
export async function openMiner(options: MinerOptions): Promise<Miner> {
  const { settings, signer, coldkey, chain, telemetry, http, pace, dataDir } = options
  const isOurs = shareOf(settings.share)
  await chain.register(signer, coldkey)
  const rejects = await openRejects(join(dataDir, 'rejects', `${settings.name}.jsonl`), telemetry)
  const robots = createRobots(http, pace)
  const journal = claimJournal(join(dataDir, 'claims', `${settings.name}.json`))
  await journal.recover(options.frontier, pace)
  return {
    async cycle(signal) {
      signal.throwIfAborted()
      const order = await openWorkOrder({ ...options, hotkey: signer.address, pages: settings.pages_per_cycle })
      requireContact(settings.contact, seedsOf(order), http.isVirtual)
      const tally = new Tally(signer.address, telemetry, pace)
      const targets = targetsOf(order.jobs, isOurs)
      await options.frontier.add(targets.seeds())
      const visit = claimVisitor({ ...options, ...visitSettings(options), robots, rejects, jobs: order.jobs, targets, onVisit: tally.add, signal })
      await crawl(options, { order, journal, visit }, signal)
      signal.throwIfAborted()
      const snapshot = await snapshotShards({ ...options, jobs: order.jobs.list, codec: settings.codec, rejects: rejects.add, signal })
      await order.finish()
      const report = { ...tally.report(), cycle: order.cycle, targets: Object.fromEntries(order.targets()), snapshot }
      telemetry.event('miner.cycle', { ...report })
      return report
    },
    [Symbol.asyncDispose]: () => rejects[Symbol.asyncDispose](),
  }
}

interface CrawlParts {
  order: WorkOrder
  journal: ClaimJournal
  visit: ReturnType<typeof claimVisitor>
}

async function crawl(options: MinerOptions, { order, journal, visit }: CrawlParts, signal: AbortSignal): Promise<void> {
  const { settings, frontier, pace, http, reproducible } = options
  // Crawlee takes a quarter of a second to load: not for every command that only might crawl.
  const { executeCrawl } = await import('../fetch/crawlee-executor.ts')
  const timeoutMs = settings.timeout_seconds * 1000
  const work = cycleWork({
    frontier,
    pace,
    signal,
    targets: order.targets(),
    weights: order.jobs.weights,
    concurrency: settings.concurrency,
    // robots.txt and the page, and some room: what a killed miner held comes back after this.
    leaseMs: 2 * timeoutMs + 2000,
    inRounds: reproducible,
    retarget: order.retarget,
    // A host of our own needs no rest; any other is left alone until the lease runs out, which is longer than it may ask for.
    onClaims: (held) => journal.write(held.filter(({ url }) => http.isVirtual(new URL(url).hostname))),
  })
  await executeCrawl({ work, visit, concurrency: settings.concurrency })
}

const visitSettings = ({ signer, settings }: MinerOptions) => ({ hotkey: signer.address, hostDelayMs: settings.host_delay_ms })

const seedsOf = ({ jobs }: WorkOrder): string[] => jobs.list.flatMap(({ web }) => web.seeds)

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '#infra/config/schema.ts'
import { sweepWhenDue } from '#infra/sweep/sweep-when-due.ts'
import type { Sweep } from '#infra/sweep/sweep.ts'
import { storeFailure } from '#infra/store/failure.ts'
import { sqliteHostNotes } from '#infra/host-notes/sqlite.ts'
import type { Browser } from '#infra/net/browser/rendering.ts'
import type { Http } from '#infra/net/http.ts'
import type { DeadSeed } from '#infra/telemetry/crawl-summary.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Chain, Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import type { CorpusIndex } from '#schemas/corpus-index.ts'
import type { Frontier, Visit } from '#schemas/frontier.ts'
import type { HostNotes } from '#schemas/host-notes.ts'
import type { HostTurns } from '#schemas/host-turns.ts'
import type { SnapshotManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Queue } from '#schemas/queue.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { openBlockList } from '../filter/block-list/block-list.ts'
import { openExperience, trapLimitsOf, type Experience } from '../discovery/experience.ts'
import { userAgent } from '#infra/net/user-agent.ts'
import type { PagePool } from '../document/page-pool.ts'
import { pageReader } from '../document/read-page.ts'
import { redirectsMsMax } from '../fetch/fetch-target.ts'
import { createHostPolicies, type HostPolicies } from '../robots/host-policies.ts'
import { createRobots, type Robots } from '../robots/robots.ts'
import { ShardWriter, type SnapshotReport } from '../shard/shard-writer.ts'
import { namedHeads } from '../shard/corpus.ts'
import { postsFile, uploadedPosts } from '../posts/kept-posts.ts'
import { minerScope } from '../shard/sweep-scope.ts'
import { archivingHttp } from '../warc/archiving-http.ts'
import { openWarcWriter, type WarcWriter } from '../warc/warc-writer.ts'
import { claimJournal, type ClaimJournal } from './claim-journal.ts'
import { crawlIntoShards, type ShardedCrawl } from './cycle-shards.ts'
import { openSeedBook, saveSeedBook, type SeedBook } from '../seeds/seed-book.ts'
import { followVotes } from '#infra/desirability/follow-votes.ts'
import { requireContact } from '#infra/net/contact.ts'
import { openGate, type Gate } from '../limits/gate.ts'
import { importArchives } from './import-archives.ts'
import { documentKeeper, withdrawer } from './keep-document.ts'
import { hostMoods, type HostMoods } from '../limits/host-rest.ts'
import { createUplink, type Uplink } from '../limits/uplink.ts'
import { openRejects, type Rejects } from '../rejects/rejects.ts'
import { runVisits } from './run-visits.ts'
import { revisitPlan } from '../revisit/revisit.ts'
import { minerRenderer } from './render.ts'
import { shareOf, type Share } from '../jobs/share.ts'
import { createLastmods, type Lastmods } from '../discovery/lastmods.ts'
import { targetsOf, type Targets } from '../discovery/targets.ts'
import { Tally } from './tally.ts'
import { claimVisitor } from './visit.ts'
import type { VisitorOptions } from './visitor.ts'
import { openWorkOrder, type WorkOrder } from './work-order.ts'
import { cycleWork } from './work.ts'

export interface MinerOptions {
  signer: Signer
  coldkey: string
  settings: Config['miner']
  /** How far into a host. */
  crawl: Config['crawl']
  /** When shards are written, and of what size. */
  shard: Config['shard']
  /** Of this miner alone: what it knows, and what it keeps until the next shard. */
  frontier: Frontier & HostTurns
  documents: Queue
  index: CorpusIndex
  /** Of its objects. */
  sweep: Sweep
  store: ObjectStore
  catalog: Catalog
  chain: Chain
  http: Http
  /** Makes documents of pages. */
  pages: PagePool
  /** Shows pages that hold less than they promise; undefined: none is open. */
  browser?: Browser | undefined
  pace: Clock
  facts: Clock
  telemetry: Telemetry
  origin: SnapshotManifest['origin']
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
  /** When something may be asked for again, ISO 8601; null when nothing is left to ask for. */
  next_at: string | null
  /** Seeds that came to nothing, as far as is known after this cycle. */
  dead_seeds: DeadSeed[]
}

export interface Miner extends AsyncDisposable {
  /** Seeds that came to nothing, as far as is known. */
  deadSeeds(): Promise<DeadSeed[]>
  /**
   * Crawls its part of the web until every label has its visits, then writes shards, index and commitment. A cycle that was cut off goes on.
   * @throws the signal's reason when aborted; OrreryError `invalid_config` when a public page is to be asked without a contact, `not_found` without a
   * desirability list, `conflict` when another process mines under the same hotkey
   */
  cycle(signal: AbortSignal): Promise<CycleReport>
}

/** Registers the hotkey and makes ready. @throws OrreryError `invalid_config` for a share that is none, `conflict` when another process mines under the same hotkey */
export async function openMiner(given: MinerOptions): Promise<Miner> {
  const uplink = createUplink(given.pace)
  const gate = openGate({ ...given, uplink })
  const { settings, signer, coldkey, chain, telemetry, pace, dataDir } = given
  const isOurs = shareOf(settings.share)
  // One process alone opens it: a second one ends here, before it takes up the claims of the first and asks the same hosts.
  await given.index.pending()
  await chain.register(signer, coldkey)
  await using stack = new AsyncDisposableStack()
  const rejects = stack.use(await openRejects({ path: join(dataDir, 'rejects', `${settings.name}.jsonl`), telemetry, facts: given.facts }))
  const { blocks } = stack.use(await openBlockList({ path: settings.block_list, pace, telemetry }))
  // What the version before knew of duplicates; the index learns it from the files.
  await rm(join(dataDir, 'near-duplicates', settings.name), { recursive: true, force: true })
  const writer = new ShardWriter({ ...given, ...writerSettings(given) })
  const counted = gate.watch(uplink.watch(given.http))
  const http = settings.warc ? archivingHttp(counted, stack.use(await openArchive(given))) : counted
  const options = { ...given, http }
  const notes = outsideNotes(stack.use(sqliteHostNotes(join(dataDir, 'hosts', `${settings.name}.sqlite`), { clock: pace })), http)
  const robots = createRobots(http, pace, notes)
  const policies = createHostPolicies(pace, notes)
  const journal = claimJournal(join(dataDir, 'claims', `${settings.name}.jsonl`))
  const interrupted = await journal.recover(options.frontier, pace, http.isVirtual)
  const experience = stack.use(
    openExperience({
      path: join(dataDir, 'traps', `${settings.name}.sqlite`),
      limits: trapLimitsOf(options.crawl),
      pace,
      barrenAfter: options.crawl.barren_after,
      // In a run that is to be repeated nothing comes back by the clock.
      ...(options.reproducible && { putOffMinMs: 3_600_000, unseenMs: 3_600_000 }),
    }),
  )
  const lastmods = createLastmods({ notes, pace })
  const seeds = await openSeedBook(dataDir, settings.name, { hotkey: signer.address, telemetry, now: pace.now })
  let lastTally: Tally | undefined
  const deadSeeds = async () => seeds.dead((await options.frontier.stats()).labels, (label) => lastTally?.reasonsOf(label) ?? [])
  const scope = minerScope({
    ...given,
    hotkey: signer.address,
    keepMs: given.shard.keep_seconds * 1000,
    pending: async () => (await namedHeads(given.index)).values(),
    posts: () => uploadedPosts(postsFile(dataDir, settings.name)),
  })
  const opened = stack.move()
  return {
    deadSeeds,
    cycle: namingStores(async (signal) => {
      signal.throwIfAborted()
      await followVotes({ ...given, hasContact: settings.contact.trim() !== '', now: pace.now() })
      const order = await openWorkOrder({ ...options, hotkey: signer.address, pages: settings.pages_per_cycle })
      for (const fault of order.jobs.faults) telemetry.event('miner.pattern_passed_over', { ...fault })
      requireContact(settings.contact, seedsOf(order), http.isVirtual)
      const tally = (lastTally = new Tally(signer.address, telemetry, pace))
      const targets = targetsOf({ ...experience, jobs: order.jobs, isOurs, depthMax: options.crawl.depth_max, lastmods, blocks, now: options.facts.now })
      const moods = hostMoods({ notes, pace })
      const parts = { order, journal, robots, policies, moods, rejects, targets, experience, lastmods, uplink, gate, tally, seeds, interrupted, isOurs, blocks }
      const snapshot = await crawlIntoShards({ ...flushSettings(options), writer, jobs: order.jobs.list, rejects: rejects.add, signal }, async (during) => {
        const { documents, signal } = during
        await importArchives({ ...options, ...importSettings(options), documents, http: counted, jobs: order.jobs, isOurs, robots, rejects, blocks, signal })
        const asked = targets.seeds()
        await options.frontier.add([...asked, ...seeds.watch(asked, order.jobs)])
        await crawl({ ...options, documents }, parts, during).finally(() => saveSeedBook(dataDir, settings.name, seeds))
        tally.tell()
      })
      await order.finish()
      await sweepWhenDue(given.sweep, scope, { owner: `miner ${settings.name}`, telemetry, signal })
      const next_at = dateOf(await options.frontier.nextReadyAt())
      const report = { ...tally.report(), cycle: order.cycle, targets: Object.fromEntries(order.targets()), snapshot, next_at, dead_seeds: await deadSeeds() }
      telemetry.event('miner.cycle', { ...report })
      return report
    }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** Whatever file could not be written, the error that ends a cycle says which, and what to do. */
const namingStores =
  <Report>(work: (signal: AbortSignal) => Promise<Report>) =>
  async (signal: AbortSignal): Promise<Report> => {
    try {
      return await work(signal)
    } catch (error) {
      throw storeFailure(error) ?? error
    }
  }

/** A host that this process serves is asked anew by each process: its files cost nothing, and may be others each time. */
function outsideNotes(notes: HostNotes, { isVirtual }: Http): HostNotes {
  const isOutside = (host: string) => !isVirtual(new URL(/^https?:/.test(host) ? host : `http://${host}`).hostname)
  return {
    get: async (kind, host) => (isOutside(host) ? notes.get(kind, host) : undefined),
    put: async (kind, host, ...note) => (isOutside(host) ? notes.put(kind, host, ...note) : undefined),
  }
}

/** Where all that is asked and answered is kept. */
async function openArchive({ settings, dataDir, facts }: MinerOptions): Promise<WarcWriter> {
  return openWarcWriter({
    folder: join(dataDir, 'warc'),
    name: settings.name,
    fileBytesMax: settings.warc_file_bytes,
    software: await userAgent(''),
    requestHeaders: { 'user-agent': await userAgent(settings.contact) },
    now: facts.now,
  })
}

const writerSettings = ({ settings, shard, dataDir }: MinerOptions) => ({
  codec: settings.codec,
  layout: { layout: shard.layout, rowsMax: shard.max_rows },
  portion: { messages: portionMessages, bytes: shard.flush_bytes },
  spool: join(dataDir, 'spool', settings.name),
})

const flushSettings = ({ shard, documents, pace, reproducible }: MinerOptions) => ({
  queue: documents,
  pace,
  flushBytes: shard.flush_bytes,
  flushMs: shard.flush_seconds * 1000,
  inTheEnd: reproducible,
})

/** Of one flush: each weighs a kilobyte or two beside its text, and is looked at while others wait. */
const portionMessages = 5000

const importSettings = ({ settings, signer, dataDir }: MinerOptions) => ({
  locations: settings.warcs,
  hotkey: signer.address,
  wishes: wishesOf(settings),
  pageBytesMax: settings.page_bytes_max,
  hostDelayMs: settings.host_delay_ms,
  folder: join(dataDir, 'archives', settings.name),
})

const wishesOf = ({ obey_rights, markdown, rejected_text_bytes }: Config['miner']) => ({
  obeyRights: obey_rights,
  keepsMarkdown: markdown,
  refusedTextBytes: rejected_text_bytes,
})

interface CrawlParts {
  order: WorkOrder
  journal: ClaimJournal
  robots: Robots
  policies: HostPolicies
  moods: HostMoods
  rejects: Rejects
  targets: Targets
  experience: Experience
  lastmods: Lastmods
  uplink: Uplink
  gate: Gate
  tally: Tally
  seeds: SeedBook
  interrupted: ReadonlyMap<string, number>
  isOurs: Share
  /** What nobody may fetch or keep. */
  blocks(url: string): boolean
}

async function crawl(options: MinerOptions, parts: CrawlParts, { signal, look }: ShardedCrawl): Promise<void> {
  const { settings, frontier, pace, reproducible } = options
  const { order, journal, gate, tally } = parts
  // robots.txt, redirects, the page, a browser that shows it, its turn in the pool, and some room.
  const visitMs = 2 * settings.timeout_seconds * 1000 + redirectsMsMax + (options.browser?.longestMs ?? 0) + poolMs + 2000
  const work = cycleWork({
    frontier,
    pace,
    signal,
    gate,
    targets: order.targets(),
    limits: order.jobs.limits,
    concurrency: settings.concurrency,
    // A claim may wait its turn a little; what a killed miner held comes back after this.
    leaseMs: visitMs + turnMs,
    inRounds: reproducible,
    async onClaims(held) {
      await order.begin()
      await journal.write(held)
    },
    onStats(stats) {
      tally.noteStats(stats)
      look()
    },
    onWait(until) {
      tally.noteWait(until)
      look()
    },
  })
  const visit = claimVisitor(visitorOptions(options, parts, { visitMs, signal }))
  await runVisits({ work, visit, concurrency: settings.concurrency })
}

function visitorOptions(options: MinerOptions, { order, tally, ...parts }: CrawlParts, limits: { visitMs: number; signal: AbortSignal }): VisitorOptions {
  const { settings, signer, browser, reproducible } = options
  // What a browser shows depends on time: a run that is to be repeated does without.
  const render = browser && !reproducible ? minerRenderer({ ...options, ...parts, browser }) : undefined
  const readPage = pageReader({ ...options, render, wishes: wishesOf(settings) })
  const bounds = { minMs: settings.revisit_min_seconds * 1000, maxMs: settings.revisit_max_seconds * 1000 }
  const revisits = revisitPlan({ ...options, ...parts, bounds })
  return {
    ...options,
    ...parts,
    ...limits,
    revisits,
    obeyRights: settings.obey_rights,
    rejects: {
      add: (reject) => {
        tally.reject(reject)
        return parts.rejects.add(reject)
      },
    },
    keep: documentKeeper({ ...options, contents: parts.experience.contents, readPage, revisits, ...order, hotkey: signer.address }),
    withdraw: withdrawer(options),
    excludes: order.jobs.excludes,
    headersOf: (url) => order.jobs.of(url)?.web.headers,
    hostDelayMs: settings.host_delay_ms,
    responseFactor: settings.host_delay_factor,
    onVisit: tally.add,
  }
}

/** Longest a page waits for a thread and is read there. */
const poolMs = 20_000

/** Longest a claim may wait for a slot; after that it is given back. */
const turnMs = 5000

const dateOf = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString())

const seedsOf = ({ jobs }: WorkOrder): string[] => jobs.list.flatMap(({ web }) => web.seeds)

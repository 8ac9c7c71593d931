import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ApiKeys } from '#schemas/api-keys.ts'
import { contentAddress } from '#schemas/canonical-json.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Chain, Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import type { Consumers } from '#schemas/consumers.ts'
import type { CorpusIndex } from '#schemas/corpus-index.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import { listInForce, noVotes, ownJobs, votesOf } from '#schemas/desirability-voices.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Frontier } from '#schemas/frontier.ts'
import type { HostTurns } from '#schemas/host-turns.ts'
import type { Ledger } from '#schemas/ledger.ts'
import { jobsAtWork } from '#schemas/gravity.ts'
import { lineage } from '#schemas/lineage.ts'
import type { DesirabilityManifest } from '#schemas/manifest.ts'
import type { Nodes } from '#schemas/nodes.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { OnDemandJobs } from '#schemas/on-demand.ts'
import type { Vote } from '#schemas/preferences.ts'
import type { Queue } from '#schemas/queue.ts'
import type { Sql } from '#schemas/sql.ts'
import { threadedApiKeys } from './api-keys/threaded.ts'
import type { ChainPlace } from './chain/command.ts'
import { localChain } from './chain/local.ts'
import { ensureWallet, readWallet, walletHotkeys } from './chain/wallet.ts'
import { frozenClock, systemClock, wallClock } from './clock.ts'
import { jobsOf, siteJobs, weighedAs } from './config/jobs.ts'
import { limitHeapGrowth } from './heap-growth.ts'
import type { Config } from './config/schema.ts'
import { threadedCorpusIndex } from './corpus-index/threaded.ts'
import { sqliteCatalog } from './catalog/sqlite.ts'
import { threadedCatalog } from './catalog/threaded.ts'
import { castingVotes, type CastVotes } from './desirability/cast-votes.ts'
import { sqliteFrontier } from './frontier/sqlite.ts'
import { threadedFrontier } from './frontier/threaded.ts'
import { threadedConsumers } from './consumers/threaded.ts'
import { threadedNodes } from './nodes/threaded.ts'
import { threadedLedger } from './ledger/threaded.ts'
import { signedPaths, type SignedPaths } from './net/signed-paths.ts'
import { onDemandBoard, type OnDemandBoard } from './on-demand/board.ts'
import { threadedOnDemandJobs } from './on-demand/threaded.ts'
import { threadedQueue } from './queue/threaded.ts'
import type { Server } from './net/server.ts'
import type { ApiAccess } from './net/api-access.ts'
import { openBrowser } from './net/browser.ts'
import { needsContact } from './net/contact.ts'
import { findChromium } from './net/browser/find-chromium.ts'
import type { Browser } from './net/browser/rendering.ts'
import { httpOptions } from './net/http-options.ts'
import { createHttp, type Http, type HttpOptions } from './net/http.ts'
import { threadedChecks, type SignatureChecks } from './signed-http/checks.ts'
import { startSite, type Site } from './site/site.ts'
import { portThread } from './sqlite/port-thread.ts'
import { duckdbSql } from './sql/duckdb.ts'
import { accessClient } from './store/access/client.ts'
import { accessStore } from './store/access/access-store.ts'
import { threadedUsage } from './store/access/usage.ts'
import { countedStore } from './store/counted.ts'
import { staging } from './store/durable-file.ts'
import { folderStore } from './store/folder.ts'
import { openSweep, type Sweep } from './sweep/sweep.ts'
import type { TelemetryHub } from './telemetry/telemetry.ts'

/** Everything a service may be given, on the embedded default: one data folder, shared by processes. */
export interface Backends extends AsyncDisposable {
  config: Config
  dataDir: string
  /** Paces work: leases, politeness, blocks. */
  pace: Clock
  /** Stamps artefacts with the date; frozen when `run.frozen_at` is set. */
  facts: Clock
  /** Miners say who they are, and may be sent to the public web. */
  hasContact: boolean
  /** Who may ask the query API. */
  access: ApiAccess
  /** Folder of the indexes of datasets. */
  queryFolder: string
  /** Addresses that the bridge signs. */
  signedPaths: SignedPaths
  telemetry: TelemetryHub
  store: ObjectStore
  catalog: Catalog
  chain: Chain
  sql: Sql
  ledger: Ledger
  /** Who trains. */
  nodes: Nodes
  /** Where trainers stand. */
  consumers: Consumers
  /** Of all services of this data folder. */
  signatureChecks: SignatureChecks
  http: Http
  /** For pages that need one; undefined when it is off, when there is no Chromium, and in a run that is to be repeated byte for byte. */
  browser: Browser | undefined
  /** The embedded web, when no source is configured. */
  site: Site | undefined
  /** What artefacts say of their making. */
  origin: { code_version: string; config_sha256: string }
  /** Signed URLs of the store lead there from now on (the query API serves them). */
  serveObjectsAt(origin: string): void
  /** One for each name. */
  frontier(name: string): Frontier & HostTurns
  queue(name: string): Queue
  /** What is known of a miner's corpus, or a dataset's; one process at a time has it. */
  corpusIndex(name: string): CorpusIndex
  /** Of the objects of one owner. @param over the store they are in; absent: that of this folder */
  sweep(name: string, over?: ObjectStore): Sweep
  /** The store as a hotkey of the wallet folder reaches it: `store`, or behind a store access service where the settings name one. */
  storeOf(wallet: string): ObjectStore
  /** On-demand jobs as a hotkey of the wallet folder reaches them. @param origin of the service that has them; absent: that of the settings, undefined where they name none */
  boardOf(wallet: string, origin?: string): OnDemandBoard | undefined
  /** On-demand jobs of this folder; undefined: it has never taken any. */
  onDemand(): OnDemandJobs | undefined
  /** The store access service of this folder, not yet listening. */
  accessService(): Promise<Server>
  /** A hotkey of the wallet folder, made when missing. */
  wallet(name: string): Promise<{ signer: Signer; coldkey: string }>
  /** Hotkeys of the wallet folder, by the names of their wallets; one that cannot be used by itself (encrypted, public) is none of ours. */
  hotkeys(): Promise<ReadonlyMap<string, string>>
  /** Makes a list the one that the validator of this data folder votes with. */
  castVotes(votes: readonly Vote[]): Promise<CastVotes>
  /** As `wallet`, registered; on a local chain with enough stake to set weights from the next epoch on. */
  validatorWallet(name: string): Promise<{ signer: Signer; coldkey: string }>
}

const programRoot = fileURLToPath(new URL('..', import.meta.url))
/** rao: ten times the threshold of the local chain. */
const developmentStake = 10_000_000_000_000n

/** Opens them all; on failure closes what was opened. @throws OrreryError `data_unreadable`, `newer_version` */
export async function openBackends(config: Config, codeVersion: string, telemetry: TelemetryHub): Promise<Backends> {
  // Before anything has made them grow.
  limitHeapGrowth()
  const stack = new AsyncDisposableStack()
  try {
    return await openInto(stack, config, codeVersion, telemetry)
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

async function openInto(stack: AsyncDisposableStack, config: Config, codeVersion: string, telemetry: TelemetryHub): Promise<Backends> {
  const dataDir = resolve(config.data.dir)
  const pace = systemClock()
  const facts = config.run.frozen_at === undefined ? wallClock() : frozenClock(Date.parse(config.run.frozen_at))
  const file = (name: string) => join(dataDir, `${name}.sqlite`)

  const site =
    config.sources.length > 0
      ? undefined
      : await startSite({ root: resolve(programRoot, config.site.root), documentsMax: config.site.documents_max, clock: facts })
  if (site) stack.use(site)
  await mkdir(dataDir, { recursive: true })
  let servedAt = `http://${config.dataset.host}:${config.dataset.port}`
  // What is small shares a thread; a frontier has one of its own.
  const shared = { clock: pace, thread: portThread(`the data folder ${dataDir}`, pace) }
  const catalog = stack.use(threadedCatalog(file('catalog'), shared))
  const chain = stack.use(await chainPlace(config).open())
  const options = await httpOptions(config, site)
  const http = stack.use(createHttp(options))
  const browser = browserOf(config, options, telemetry)
  if (browser) stack.use(browser)
  const store = countedStore(folderStore(join(dataDir, 'store'), { origin: () => servedAt }), telemetry)
  let jobs: OnDemandJobs | undefined
  const onDemandJobs = (): OnDemandJobs => (jobs ??= stack.use(threadedOnDemandJobs(file('on-demand'), shared)))
  const { seed, frozen_at: frozenAt } = config.run
  const wallet = (name: string) =>
    config.chain.kind === 'local'
      ? ensureWallet(join(dataDir, 'wallets'), name, { seed, isDrawn: frozenAt === undefined })
      : readWallet(join(dataDir, 'wallets'), name, { seed })
  const apiAccess = accessOf(config, stack.use(threadedApiKeys(file('keys'), shared)))
  const signatureChecks = stack.use(threadedChecks(file('requests'), pace))
  const clientOf = (origin: string, name: string) =>
    accessClient({ origin, signer: async () => (await wallet(name)).signer, fetch: globalThis.fetch, date: Date.now, pace })
  const frontiers = new Map<string, Frontier & HostTurns>()
  const hasContact = config.miner.contact.trim() !== ''
  await ensureDesirability(catalog, site ? siteJobs(site.hosts) : jobsOf(config.sources), {
    now: pace.now(),
    // Miners refuse to begin where nobody says who they are.
    mayAsk: ({ web }) => hasContact || !web.seeds.some((seed) => needsContact(seed, () => false)),
  })

  return {
    config,
    dataDir,
    hasContact,
    access: apiAccess,
    queryFolder: join(dataDir, 'query'),
    signedPaths: signedPaths(join(dataDir, 'bridge'), pace),
    pace,
    facts,
    telemetry,
    store,
    serveObjectsAt: (origin: string) => void (servedAt = origin),
    catalog,
    chain,
    sql: stack.use(duckdbSql(join(dataDir, 'store'), store)),
    ledger: stack.use(threadedLedger(file('ledger'), shared)),
    nodes: stack.use(threadedNodes(file('nodes'), shared)),
    consumers: stack.use(threadedConsumers(file('consumers'), shared)),
    http,
    browser,
    site,
    origin: { code_version: codeVersion, config_sha256: contentAddress(artefactSettings(config)) },
    frontier(name: string) {
      const known = frontiers.get(name)
      if (known) return known
      const opened = threadedFrontier(file(`frontier-${name}`), {
        clock: pace,
        revisitMaxMs: Math.ceil(config.miner.revisit_max_seconds * 1000),
        hostUrlsMax: config.crawl.host_urls_max,
        depthMax: config.crawl.depth_max,
        // A run that is to be repeated takes equals in the same order each time.
        seed: config.run.frozen_at === undefined ? undefined : config.run.seed,
      })
      frontiers.set(name, stack.use(opened))
      return opened
    },
    sweep: (name: string, over = store) => stack.use(openSweep({ store: over, path: join(dataDir, 'sweep', `${name}.sqlite`), clock: pace })),
    storeOf(name) {
      if (config.store.access_url === '') return store
      const spool = join(dataDir, 'spool')
      const files = staging(dataDir, join(spool, 'uploads'), () => pace.now())
      return countedStore(accessStore(clientOf(config.store.access_url, name), files, pace.now), telemetry)
    },
    boardOf: (name, origin = config.store.access_url) => (origin === '' ? undefined : onDemandBoard(clientOf(origin, name))),
    onDemand: () => (existsSync(file('on-demand')) ? onDemandJobs() : undefined),
    async accessService() {
      const { accessServer } = await import('./store/access/server.ts')
      const own = { onDemand: onDemandJobs(), usage: stack.use(threadedUsage(file('usage'), shared)) }
      const parts = { store, chain, wallet, telemetry, pace, signatureChecks, settings: config.access, accessFolder: join(dataDir, 'access') }
      return accessServer({ ...parts, ...own, access: { ...apiAccess, host: config.access.host, corsOrigins: [] } })
    },
    corpusIndex: (name: string) => stack.use(threadedCorpusIndex(join(dataDir, 'corpus', name), { clock: pace })),
    queue: (name: string) => stack.use(threadedQueue(file('queue'), name, shared)),
    signatureChecks,
    wallet,
    hotkeys: () => walletHotkeys(join(dataDir, 'wallets')),
    castVotes: castingVotes({ chain, store, validator: () => wallet(config.validator.name) }),
    async validatorWallet(name: string) {
      const found = await wallet(name)
      await chain.register(found.signer, found.coldkey)
      // Elsewhere stake is bought.
      if (!('faucet' in chain)) return found
      const stake = (await chain.metagraph()).neurons.find((neuron) => neuron.hotkey === found.signer.address)?.stake ?? 0n
      if (stake < developmentStake) await chain.faucet(found.signer, developmentStake)
      return found
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

const accessOf = ({ dataset }: Config, keys: ApiKeys): ApiAccess => ({
  keys,
  requireKey: dataset.require_key,
  host: dataset.host,
  corsOrigins: dataset.cors_origins,
})

/** What a data folder holds, to be looked at: what is not there is not made. */
export interface Kept {
  pace: Clock
  catalog(): (Catalog & AsyncDisposable) | undefined
  frontier(name: string): (Frontier & AsyncDisposable) | undefined
  /** @throws OrreryError `not_found` where nothing was ever run */
  requireBegun(): void
}

export function lookInto({ data }: Pick<Config, 'data'>): Kept {
  const pace = systemClock()
  const file = (name: string) => join(resolve(data.dir), `${name}.sqlite`)
  return {
    pace,
    catalog: () => ifThere(file('catalog'), (path) => sqliteCatalog(path, { clock: pace })),
    frontier: (name) => ifThere(file(`frontier-${name}`), (path) => sqliteFrontier(path, { clock: pace })),
    requireBegun() {
      if (existsSync(file('catalog'))) return
      const dataDir = resolve(data.dir)
      throw new OrreryError('not_found', `There is nothing in the data folder ${dataDir} yet; \`orrery up\` begins, --data names another folder.`, { dataDir })
    },
  }
}

const ifThere = <T>(path: string, open: (path: string) => T): T | undefined => (existsSync(path) ? open(path) : undefined)

/** The chain of a data folder, or the one that is asked over the network, without the rest of it. polkadot-js costs who needs it alone. */
export function chainPlace(config: Pick<Config, 'data' | 'chain' | 'run'>): ChainPlace {
  const { netuid, kind, endpoints } = config.chain
  const path = join(resolve(config.data.dir), 'chain.sqlite')
  if (kind === 'local') return { path, open: async () => localChain(path, { clock: systemClock(), ...chainParameters(config) }) }
  return { path: undefined, open: async () => (await import('./chain/subtensor/subtensor.ts')).subtensorChain({ netuid, endpoints, clock: systemClock() }) }
}

function chainParameters({ chain, run }: Pick<Config, 'chain' | 'run'>) {
  return {
    // What is signed names the genesis: a run that is to be repeated byte for byte has the same.
    seed: run.frozen_at === undefined ? undefined : `${run.seed} ${run.frozen_at}`,
    saidAt: run.frozen_at === undefined ? undefined : Date.parse(run.frozen_at),
    netuid: chain.netuid,
    blockMs: Math.round(chain.block_seconds * 1000),
    tempoBlocks: chain.tempo_blocks,
    weightsRateLimitBlocks: chain.weights_rate_limit_blocks,
    faucet: true,
    loopback: true,
  }
}

/** No process yet: that starts with the first page to be rendered. What scripts make of a page depends on timing, so a frozen run does without. */
function browserOf({ browser, run }: Config, { userAgent, bytesMax }: HttpOptions, telemetry: TelemetryHub): Browser | undefined {
  if (browser.enabled === 'off' || run.frozen_at !== undefined) return undefined
  const executablePath = findChromium(browser.path)
  if (executablePath !== undefined)
    return openBrowser({ userAgent, bytesMax, executablePath, pagesMax: browser.pages_max, timeoutMs: browser.timeout_seconds * 1000 })
  telemetry.event('browser.absent', { path: browser.path, consequence: 'pages are taken as they are answered; see `orrery doctor`' })
  return undefined
}

/** The settings an artefact depends on: where it is kept and when it is made are not among them. */
const artefactSettings = ({ run, sources, miner, shard, dataset, bridge }: Config) => ({
  seed: run.seed,
  sources,
  codec: miner.codec,
  layout: shard.layout,
  max_rows: shard.max_rows,
  page_bytes_max: miner.page_bytes_max,
  tokenizer: dataset.tokenizer,
  trust: dataset.trust,
  rows: bridge.rows,
  sequence_tokens: bridge.sequence_tokens,
})

/** The list of jobs must be the configured one and that of the tasks at work; a job that stays keeps the weight the loss gave it. */
async function ensureDesirability(
  catalog: Catalog,
  wanted: readonly DesirabilityJob[],
  { now, mayAsk }: { now: number; mayAsk: (job: DesirabilityJob) => boolean },
): Promise<void> {
  for (;;) {
    const [head, gravity] = await Promise.all([catalog.head(lineage.desirability), catalog.head(lineage.gravity)])
    const known = head ? ownJobs(head.manifest) : []
    const jobs = weighedAs(known, [...wanted, ...jobsAtWork(gravity?.manifest.tasks ?? [], now).filter(mayAsk)])
    if (contentAddress(jobs) === contentAddress(known)) return
    const list = listInForce(jobs, head ? votesOf(head.manifest) : noVotes)
    const manifest: DesirabilityManifest = { kind: 'desirability', parent: head?.sha256 ?? null, ...list, evidence: [], caused_by: null }
    try {
      await catalog.commit(lineage.desirability, head?.sha256, manifest)
      return
    } catch (error) {
      if (!(error instanceof OrreryError && error.code === 'conflict')) throw error
    }
  }
}

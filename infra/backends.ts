import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { contentAddress } from '#schemas/canonical-json.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import type { CorpusIndex } from '#schemas/corpus-index.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Frontier } from '#schemas/frontier.ts'
import type { HostTurns } from '#schemas/host-turns.ts'
import type { Ledger } from '#schemas/ledger.ts'
import { lineage } from '#schemas/lineage.ts'
import type { DesirabilityManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Queue } from '#schemas/queue.ts'
import type { Sql } from '#schemas/sql.ts'
import type { ChainPlace } from './chain/command.ts'
import { localChain, type LocalChain } from './chain/local.ts'
import { ensureWallet } from './chain/wallet.ts'
import { frozenClock, systemClock, wallClock } from './clock.ts'
import { jobsOf, siteJobs, weighedAs } from './config/jobs.ts'
import { limitHeapGrowth } from './heap-growth.ts'
import type { Config } from './config/schema.ts'
import { threadedCorpusIndex } from './corpus-index/threaded.ts'
import { sqliteCatalog } from './catalog/sqlite.ts'
import { threadedCatalog } from './catalog/threaded.ts'
import { sqliteFrontier } from './frontier/sqlite.ts'
import { threadedFrontier } from './frontier/threaded.ts'
import { threadedLedger } from './ledger/threaded.ts'
import { threadedQueue } from './queue/threaded.ts'
import { openBrowser } from './net/browser.ts'
import { findChromium } from './net/browser/find-chromium.ts'
import type { Browser } from './net/browser/rendering.ts'
import { httpOptions } from './net/http-options.ts'
import { createHttp, type Http, type HttpOptions } from './net/http.ts'
import { startSite, type Site } from './site/site.ts'
import { portThread } from './sqlite/port-thread.ts'
import { duckdbSql } from './sql/duckdb.ts'
import { countedStore } from './store/counted.ts'
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
  telemetry: TelemetryHub
  store: ObjectStore
  catalog: Catalog
  chain: LocalChain
  sql: Sql
  ledger: Ledger
  http: Http
  /** For pages that need one; undefined when it is off, when there is no Chromium, and in a run that is to be repeated byte for byte. */
  browser: Browser | undefined
  /** The embedded web, when no source is configured. */
  site: Site | undefined
  /** What artefacts say of their making. */
  origin: { code_version: string; config_sha256: string }
  /** Signed URLs of the store lead there from now on (the query API serves them). */
  serveObjectsAt(origin: string): void
  frontier(name: string): Frontier & HostTurns
  queue(name: string): Queue
  /** What is known of a miner's corpus, or a dataset's; one process at a time has it. */
  corpusIndex(name: string): CorpusIndex
  /** Of the objects of one owner. */
  sweep(name: string): Sweep
  /** A hotkey of the wallet folder, made when missing. */
  wallet(name: string): Promise<{ signer: Signer; coldkey: string }>
  /** As `wallet`, registered and with enough stake on the local chain to set weights from the next epoch on. */
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
  const chain = stack.use(chainPlace(config).open())
  const options = await httpOptions(config, site)
  const http = stack.use(createHttp(options))
  const browser = browserOf(config, options, telemetry)
  if (browser) stack.use(browser)
  const store = countedStore(folderStore(join(dataDir, 'store'), { origin: () => servedAt }), telemetry)
  const wallet = (name: string) => ensureWallet(join(dataDir, 'wallets'), name, { seed: config.run.seed })
  await ensureDesirability(catalog, site ? siteJobs(site.hosts) : jobsOf(config.sources))

  return {
    config,
    dataDir,
    pace,
    facts,
    telemetry,
    store,
    serveObjectsAt: (origin: string) => void (servedAt = origin),
    catalog,
    chain,
    sql: stack.use(duckdbSql(join(dataDir, 'store'), store)),
    ledger: stack.use(threadedLedger(file('ledger'), shared)),
    http,
    browser,
    site,
    origin: { code_version: codeVersion, config_sha256: contentAddress(artefactSettings(config)) },
    frontier: (name: string) =>
      stack.use(
        threadedFrontier(file(`frontier-${name}`), {
          clock: pace,
          revisitMaxMs: Math.ceil(config.miner.revisit_max_seconds * 1000),
          hostUrlsMax: config.crawl.host_urls_max,
          depthMax: config.crawl.depth_max,
          // A run that is to be repeated takes equals in the same order each time.
          seed: config.run.frozen_at === undefined ? undefined : config.run.seed,
        }),
      ),
    sweep: (name: string) => stack.use(openSweep({ store, path: join(dataDir, 'sweep', `${name}.sqlite`), clock: pace })),
    corpusIndex: (name: string) => stack.use(threadedCorpusIndex(join(dataDir, 'corpus', name), { clock: pace })),
    queue: (name: string) => stack.use(threadedQueue(file('queue'), name, shared)),
    wallet,
    async validatorWallet(name: string) {
      const found = await wallet(name)
      await chain.register(found.signer, found.coldkey)
      const stake = (await chain.metagraph()).neurons.find((neuron) => neuron.hotkey === found.signer.address)?.stake ?? 0n
      if (stake < developmentStake) await chain.faucet(found.signer, developmentStake)
      return found
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

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

/** The chain of a data folder, without the rest of it. */
export function chainPlace(config: Pick<Config, 'data' | 'chain'>): ChainPlace {
  const path = join(resolve(config.data.dir), 'chain.sqlite')
  return { path, open: () => localChain(path, { clock: systemClock(), ...chainParameters(config) }) }
}

function chainParameters({ chain }: Pick<Config, 'chain'>) {
  return {
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
  rows: bridge.rows,
  sequence_tokens: bridge.sequence_tokens,
})

/** The list of jobs must be the configured one; a job that stays keeps the weight the loss gave it. */
async function ensureDesirability(catalog: Catalog, wanted: readonly DesirabilityJob[]): Promise<void> {
  for (;;) {
    const head = await catalog.head(lineage.desirability)
    const known = head?.manifest.jobs ?? []
    const jobs = weighedAs(known, wanted)
    if (contentAddress(jobs) === contentAddress(known)) return
    const manifest: DesirabilityManifest = { kind: 'desirability', parent: head?.sha256 ?? null, jobs, evidence: [], caused_by: null }
    try {
      await catalog.commit(lineage.desirability, head?.sha256, manifest)
      return
    } catch (error) {
      if (!(error instanceof OrreryError && error.code === 'conflict')) throw error
    }
  }
}

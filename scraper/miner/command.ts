import type { Command } from 'commander'
import type { Config } from '#infra/config/schema.ts'
import { interruptible } from '#infra/interrupt.ts'
import type { OpenWish } from '#infra/preflight.ts'
import { repeat } from '#infra/repeat.ts'
import type { OnDemandBoard } from '#infra/on-demand/board.ts'
import type { Sweep } from '#infra/sweep/sweep.ts'
import type { TelemetryHub } from '#infra/telemetry/telemetry.ts'
import type { Signer } from '#schemas/chain.ts'
import type { CorpusIndex } from '#schemas/corpus-index.ts'
import type { Frontier } from '#schemas/frontier.ts'
import type { HostTurns } from '#schemas/host-turns.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Queue } from '#schemas/queue.ts'
import { indexName } from '../dedup/index-name.ts'
import { openPagePool } from '../document/page-pool.ts'
import { describeNext, type DryRunParts } from './dry-run.ts'
import { hasAxon, serveAxon, type AxonBackends } from './server/serve-axon.ts'
import { withLastWord } from './last-word.ts'
import { lookAtPage } from './on-demand/look-at-page.ts'
import { onDemandMiner, type OnDemandMiner } from './on-demand/on-demand.ts'
import { postSources } from '../posts/credentials.ts'
import { openMiner, type CycleReport, type Miner, type MinerOptions } from './miner.ts'

/** The backends of a data folder, as far as a miner uses them. */
export interface MinerBackends
  extends
    Omit<
      MinerOptions,
      'signer' | 'coldkey' | 'settings' | 'crawl' | 'shard' | 'frontier' | 'documents' | 'index' | 'store' | 'sweep' | 'pages' | 'reproducible'
    >,
    Pick<AxonBackends, 'dataDir' | 'signatureChecks'>,
    AsyncDisposable {
  config: Pick<Config, 'miner' | 'crawl' | 'shard' | 'run' | 'axon' | 'posts'>
  telemetry: TelemetryHub
  frontier(name: string): Frontier & HostTurns
  queue(name: string): Queue
  corpusIndex(name: string): CorpusIndex
  sweep(name: string, over: ObjectStore): Sweep
  /** As a hotkey of the wallet folder reaches it. */
  storeOf(wallet: string): ObjectStore
  /** On-demand jobs as it reaches them; undefined: nobody has any. */
  boardOf(wallet: string): OnDemandBoard | undefined
  wallet(name: string): Promise<{ signer: Signer; coldkey: string }>
}

interface Flags {
  once: boolean
  dryRun: boolean
}

/** Between two cycles: none while there is something to do. */
const restMs = { busy: 0, idle: 60_000 }

/** The data folder of the command that runs as it is, and its settings. */
export type Look = (command: Command) => Promise<DryRunParts & { config: Pick<Config, 'miner' | 'sources'> }>

/**
 * Adds `miner` with its `run` to the program.
 * @param open opens the backends by the settings and flags of the command that runs
 * @param look makes nothing
 * @returns for what else miners do
 */
export function minerCommand(program: Command, open: (command: Command, wish?: OpenWish) => Promise<MinerBackends>, look: Look): Command {
  const miner = program.command('miner').description('Crawl pages into shards.')
  miner
    .command('run')
    .description('Run one miner, cycle after cycle, until it is interrupted.')
    .option('--once', 'stop after one cycle', false)
    .option('--dry-run', 'say what would be fetched next and why; ask nobody, change nothing', false)
    .option('--seed <url...>', 'crawl from these addresses instead of the configured sources')
    .action(async (flags: Flags, command: Command) => {
      await interruptible(async (signal) => {
        if (flags.dryRun) return await dryRun(await look(command))
        await using backends = await open(command, { serves: ['axon'] })
        await mine(backends, flags, signal)
      })
    })
  return miner
}

async function dryRun({ config, ...kept }: Awaited<ReturnType<Look>>): Promise<void> {
  process.stdout.write(await describeNext(kept, config))
}

async function mine(backends: MinerBackends, { once }: Flags, signal: AbortSignal): Promise<void> {
  const { miner: settings } = backends.config
  await using pages = openPagePool({ threads: settings.document_threads })
  await using miner = await minerOf({ ...backends, pages }, settings)
  const output = process.stderr
  await withLastWord(miner, { ...backends, output, reports: once }, () =>
    once ? cycleOnce(miner, signal) : mineAndServe(miner, { ...backends, pages }, signal),
  )
}

/** What answers on-demand jobs in the name of the miner with these settings. */
export async function onDemandOf(
  backends: MinerBackends & Pick<MinerOptions, 'pages'>,
  { name, host_delay_ms: hostDelayMs, obey_rights: obeyRights, contact }: Config['miner'],
  board: OnDemandBoard,
): Promise<OnDemandMiner> {
  const { signer } = await backends.wallet(name)
  const { config, pace, facts } = backends
  // What is paid for is asked for once, however many miners there are.
  const isFirst = name === config.miner.name && config.posts.credentials !== ''
  const posts = isFirst ? await postSources(config.posts.credentials, { fetch: globalThis.fetch, pace, now: () => facts.now() }) : new Map()
  const look = lookAtPage({ ...backends, turns: backends.frontier(name), hostDelayMs, obeyRights, contact })
  return onDemandMiner({ ...backends, store: backends.storeOf(name), board, hotkey: signer.address, look, posts })
}

/** Opens the miner with these settings on backends that it shares with others; its own are its frontier, its queue and its hotkey, by its name. */
export async function minerOf(backends: MinerBackends & Pick<MinerOptions, 'pages'>, settings: Config['miner']): Promise<Miner> {
  const { name } = settings
  const store = backends.storeOf(name)
  return openMiner({
    ...backends,
    store,
    ...(await backends.wallet(name)),
    settings,
    crawl: backends.config.crawl,
    shard: backends.config.shard,
    frontier: backends.frontier(name),
    documents: backends.queue(`documents-${name}`),
    index: backends.corpusIndex(indexName(name)),
    sweep: backends.sweep(indexName(name), store),
    reproducible: backends.config.run.frozen_at !== undefined,
  })
}

async function cycleOnce(miner: Miner, signal: AbortSignal): Promise<void> {
  const report = await miner.cycle(signal)
  process.stdout.write(`${JSON.stringify(report)}\n`)
  // All was done that could be, and something is to be mended.
  if (report.dead_seeds.length > 0) process.exitCode = 1
}

/** The crawl, and beside it what answers validators and on-demand jobs, where there are any; where one ends, so do the others. */
async function mineAndServe(miner: Miner, backends: MinerBackends & Pick<MinerOptions, 'pages'>, signal: AbortSignal): Promise<void> {
  const { config } = backends
  const ending = new AbortController()
  const both = AbortSignal.any([signal, ending.signal])
  const board = backends.boardOf(config.miner.name)
  await using onDemand = board && (await onDemandOf(backends, config.miner, board))
  const work = [cycleForever(miner, backends, both)]
  if (hasAxon(config)) work.push(serveAxon({ ...backends, store: backends.storeOf(config.miner.name) }, config.miner.name, both))
  if (onDemand) work.push(repeat({ work: onDemand.poll, restMs: (ms) => ms ?? restMs.idle, failed: 'on_demand.not_asked', ...backends }, both))
  await Promise.all(work.map((each) => each.finally(() => ending.abort())))
}

const cycleForever = (miner: Miner, { pace, telemetry }: MinerBackends, signal: AbortSignal): Promise<void> =>
  repeat({ work: miner.cycle, restMs: minerRestMs, failed: 'miner.cycle_failed', pace, telemetry }, signal)

/** Until the next cycle; undefined is the report of one that failed. */
export const minerRestMs = (report: CycleReport | undefined): number => (report && visitsOf(report) > 0 ? restMs.busy : restMs.idle)

const visitsOf = ({ visits }: CycleReport): number => Object.values(visits).reduce((a, b) => a + b, 0)

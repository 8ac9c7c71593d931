import { openDataset } from '#dataset/service.ts'
import type { Backends } from '#infra/backends.ts'
import { listen } from '#infra/net/server.ts'
import { servicePorts } from '#infra/preflight.ts'
import type { DeadSeed } from '#infra/telemetry/crawl-summary.ts'
import { stackOf } from '#infra/telemetry/stack-of.ts'
import type { TelemetryHub } from '#infra/telemetry/telemetry.ts'
import { summarizeTurn, type TurnSummary } from '#infra/telemetry/summary.ts'
import { lineage } from '#schemas/lineage.ts'
import type { TurnManifest } from '#schemas/manifest.ts'
import { openPagePool } from '#scraper/document/page-pool.ts'
import { minerOf } from '#scraper/miner/command.ts'
import type { Miner } from '#scraper/miner/miner.ts'
import { openValidator } from '#scraper/validator/validator.ts'
import { webRefetch } from '#scraper/validator/web-refetch.ts'
import { trainNode, type TrainingNode } from '#trainer-bridge/node/train.ts'
import { openBridge } from '#trainer-bridge/service.ts'

/** The steps of a turn in their order; `TurnManifest.step` is the last that was finished. */
const steps = ['mined', 'validated', 'ingested', 'steered'] as const satisfies TurnManifest['step'][]
type Step = (typeof steps)[number]

const ownLeaseSeconds = 10
/** Rest after a turn that brought nothing new to train on. */
const idleSeconds = 60
/** Before a training node that failed begins anew. */
const nodeRestMs = 5000

/** All services over one data folder, as the work of each step. */
interface Wheel extends AsyncDisposable {
  /** Hotkey of the validator. */
  validator: string
  /** Of all miners. */
  deadSeeds(): Promise<DeadSeed[]>
  work: Record<Step, (signal: AbortSignal) => Promise<unknown>>
}

/**
 * Turns the wheel: web → shards → weights → dataset → tokens → batches → loss → jobs, until the signal, or once.
 * Each step is durable and may end anywhere: the next start goes on with the turn it finds.
 */
export async function turnFlywheel(backends: Backends, { once, signal }: { once: boolean; signal: AbortSignal }): Promise<void> {
  await using wheel = await assemble(backends, signal)
  const { telemetry, pace, config } = backends
  const progress: Progress = { turn: 1, step: 'started', startedAt: pace.now() }
  const tell = async (): Promise<TurnSummary> => {
    const summary = await summaryOf(backends, wheel, progress)
    telemetry.event('turn.summary', { ...summary })
    return summary
  }
  try {
    for (let settledBefore = -1; ;) {
      await turn(backends, wheel, progress, signal)
      const summary = await tell()
      if (once) return
      const isIdle = summary.batches_settled === settledBefore
      settledBefore = summary.batches_settled
      const restMs = Math.max(config.up.pause_seconds, isIdle ? idleSeconds : 0) * 1000
      telemetry.event('turn.rest', { until_ms: pace.now() + restMs })
      await pace.sleep(restMs, signal)
    }
  } catch (error) {
    if (hasBegun(telemetry, progress)) await tell().catch(() => undefined)
    throw error
  }
}

/** What was done until then is told when something stops a turn; before its first page there is nothing to tell, and after the last step it was told. */
const hasBegun = (telemetry: TelemetryHub, { step }: Progress): boolean =>
  step === 'started' ? Object.keys(telemetry.snapshot()).some((name) => name.startsWith('crawl.pages{')) : step !== 'steered'

/** How far a turn has come in this process. */
interface Progress {
  turn: number
  step: TurnManifest['step']
  startedAt: number
}

async function turn({ catalog, telemetry, pace }: Backends, { work }: Wheel, progress: Progress, signal: AbortSignal): Promise<void> {
  let head = await catalog.head(lineage.turn)
  const last = head?.manifest
  const interrupted = last !== undefined && last.step !== 'steered'
  const number = interrupted ? last.turn : (last?.turn ?? 0) + 1
  Object.assign(progress, { turn: number, step: interrupted ? last.step : 'started', startedAt: pace.now() } satisfies Progress)
  const finish = async (step: TurnManifest['step']) => {
    head = await catalog.commit(lineage.turn, head?.sha256, { kind: 'turn', parent: head?.sha256 ?? null, turn: number, step })
    progress.step = step
    telemetry.event('turn', { turn: number, step })
  }
  if (!interrupted) await finish('started')
  const finished = interrupted ? steps.findIndex((step) => step === last.step) : -1
  for (const step of steps.slice(finished + 1)) {
    await work[step](signal)
    await finish(step)
  }
}

async function summaryOf({ telemetry, config, pace, ...backends }: Backends, wheel: Wheel, { turn, step, startedAt }: Progress): Promise<TurnSummary> {
  return summarizeTurn({
    ...backends,
    validator: wheel.validator,
    counters: telemetry.snapshot(),
    datasetName: config.dataset.name,
    turn,
    step,
    seconds: (pace.now() - startedAt) / 1000,
    deadSeeds: await wheel.deadSeeds(),
  })
}

async function assemble(backends: Backends, signal: AbortSignal): Promise<Wheel> {
  const stack = new AsyncDisposableStack()
  try {
    return await assembleInto(stack, backends, signal)
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

async function assembleInto(stack: AsyncDisposableStack, backends: Backends, signal: AbortSignal): Promise<Wheel> {
  const { config } = backends
  const ports = servicePorts(config)
  // The nodes live and die with this process: what they held when it was killed must soon come back.
  const lease_seconds = Math.min(config.bridge.lease_seconds, ownLeaseSeconds)
  const names = Array.from({ length: config.up.miners }, (_, i) => ({ name: `miner-${i + 1}`, share: `${i + 1}/${config.up.miners}` }))
  const pages = stack.use(openPagePool({ threads: config.miner.document_threads }))
  const miners = await Promise.all(names.map(async (named) => stack.use(await minerOf({ ...backends, pages }, { ...config.miner, ...named }))))
  const wallet = await backends.validatorWallet(config.validator.name)
  const refetch = webRefetch({ ...backends, pages, hostDelayMs: config.miner.host_delay_ms, contact: config.miner.contact })
  const validator = stack.use(openValidator({ ...backends, ...wallet, settings: config.validator, refetch }))
  const dataset = stack.use(await openDataset({ ...backends, index: backends.corpusIndex(`dataset-${config.dataset.name}`), settings: config.dataset }))
  const bridge = stack.use(
    await openBridge({ ...backends, settings: { ...config.bridge, lease_seconds }, datasetName: config.dataset.name, seed: config.run.seed }),
  )
  const query = await listen(dataset.app, ports.query)
  backends.serveObjectsAt(query.origin)
  const feed = await listen(bridge.app, ports.feed)
  backends.telemetry.event('listening', { query: query.origin, feed: feed.origin })
  stack.use(startNodes(backends, feed.origin, signal))
  return {
    validator: wallet.signer.address,
    deadSeeds: async () => (await Promise.all(miners.map((miner) => miner.deadSeeds()))).flat(),
    work: {
      mined: (signal) => mineAll(miners, signal),
      validated: (signal) => validator.cycle(signal),
      ingested: (signal) => dataset.refresh(signal),
      steered: (signal) => bridge.runEpoch(signal),
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** Where one miner cannot go on, the others give back what they hold; nobody is at work any more when it is told. */
async function mineAll(miners: readonly Miner[], signal: AbortSignal): Promise<void> {
  const stop = new AbortController()
  const both = AbortSignal.any([signal, stop.signal])
  await Promise.all(miners.map((miner) => miner.cycle(both).catch((error: unknown) => stop.abort(error))))
  stop.signal.throwIfAborted()
}

/** Training nodes, each a client of the feed like any other; they end when disposed. */
function startNodes({ config, pace, telemetry }: Backends, origin: string, signal: AbortSignal): AsyncDisposable {
  const closing = new AbortController()
  const parts = { origin, pace, telemetry, fetch: globalThis.fetch, signal: AbortSignal.any([signal, closing.signal]) }
  const nodes = Array.from({ length: config.up.nodes }, (_, i) => trainOn({ ...parts, node: `node-${i + 1}` }))
  return {
    async [Symbol.asyncDispose]() {
      closing.abort(new DOMException('The flywheel stops.', 'AbortError'))
      await Promise.all(nodes)
    },
  }
}

/** One that the feed does not take, or that breaks, is told and tried again: it ends neither the others nor what they learn from. */
async function trainOn(settings: TrainingNode): Promise<void> {
  const { node, pace, telemetry, signal } = settings
  while (!signal.aborted) {
    try {
      await trainNode(settings)
    } catch (error) {
      telemetry.event('node.failed', { node, error: stackOf(error) })
      await pace.sleep(nodeRestMs, signal).catch(() => undefined)
    }
  }
}

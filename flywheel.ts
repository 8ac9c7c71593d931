import { trustOf } from '#dataset/ingest/trust.ts'
import { openDataset, type DatasetService } from '#dataset/service.ts'
import { encodersOf } from '#infra/tokenizer/encoders.ts'
import type { Backends } from '#infra/backends.ts'
import { listen } from '#infra/net/server.ts'
import type { OnDemandBoard } from '#infra/on-demand/board.ts'
import { servicePorts } from '#infra/preflight.ts'
import { workSideBySide, type Part } from '#infra/side-by-side.ts'
import { stackOf } from '#infra/telemetry/stack-of.ts'
import type { TurnPlace, TurnSummary } from '#infra/telemetry/summary.ts'
import { openTeller, type Teller } from '#infra/telemetry/teller.ts'
import { lineage } from '#schemas/lineage.ts'
import type { TurnManifest } from '#schemas/manifest.ts'
import { openPagePool, type PagePool } from '#scraper/document/page-pool.ts'
import { minerOf, minerRestMs, onDemandOf } from '#scraper/miner/command.ts'
import { hasAxon, serveAxon } from '#scraper/miner/server/serve-axon.ts'
import type { Miner } from '#scraper/miner/miner.ts'
import { postFinder } from '#scraper/posts/find-posts.ts'
import { onDemandRestMs, validatorFolder } from '#scraper/validator/command.ts'
import { openOnDemandJudge } from '#scraper/validator/on-demand/open-judge.ts'
import type { Refetch } from '#scraper/validator/refetch.ts'
import { openValidator, type Validator } from '#scraper/validator/validator.ts'
import { webRefetch } from '#scraper/validator/web-refetch.ts'
import { trainNode, type TrainingNode } from '#trainer-bridge/node/train.ts'
import { bridgeAnchors } from '#trainer-bridge/commands.ts'
import { openBridge, type Bridge } from '#trainer-bridge/service.ts'

/** The steps of a turn in their order; `TurnManifest.step` is the last that was finished. */
const steps = ['mined', 'validated', 'ingested', 'steered'] as const satisfies TurnManifest['step'][]
type Step = (typeof steps)[number]

const ownLeaseSeconds = 10
/** Rest after a turn that brought nothing new to train on. */
const idleSeconds = 60
/** Before a training node that failed begins anew. */
const nodeRestMs = 5000
/** Between two looks whether there is something new to tell of. */
const tellMs = 60_000
/** Shortest rest of a part that had nothing to do. */
const restMsMin = 100

/** All services over one data folder. */
interface Wheel extends AsyncDisposable {
  /** Hotkey of the validator. */
  validatorAddress: string
  miners: readonly Miner[]
  validator: Validator
  dataset: DatasetService
  bridge: Bridge
  /** What answers and judges on-demand jobs; none where one step follows the other. */
  onDemand: readonly Part[]
}

/**
 * Turns the wheel: web → shards → weights → dataset → tokens → batches → loss → jobs. All parts work side by side until the signal, each at its own pace, as
 * they do in processes of their own. With `once`, and where the same input is to give the same bytes (`run.frozen_at`), one step follows the other.
 * Whatever is done is durable and may end anywhere: the next start goes on with what it finds.
 */
export async function turnFlywheel(backends: Backends, { once, signal }: { once: boolean; signal: AbortSignal }): Promise<void> {
  const isSideBySide = !once && backends.config.run.frozen_at === undefined
  await using wheel = await assemble(backends, { isSideBySide, signal })
  if (once) await turnOnce(backends, wheel, signal)
  else if (isSideBySide) await turnSideBySide(backends, wheel, signal)
  else await turnStepByStep(backends, wheel, signal)
}

/** Each part by itself; what is new is told now and then, and at the end. */
async function turnSideBySide(backends: Backends, wheel: Wheel, signal: AbortSignal): Promise<void> {
  const { config } = backends
  const { miners, dataset, bridge, onDemand } = wheel
  const pauseMs = Math.max(restMsMin, config.up.pause_seconds * 1000)
  const [whole, recent] = [await tellerOf(backends, wheel), await tellerOf(backends, wheel)]
  const parts: Part[] = [
    ...miners.map((miner, i) => ({ name: `miner-${i + 1}`, work: async (stop: AbortSignal) => minerRestMs(await miner.cycle(stop)) })),
    ...(hasAxon(config) ? [{ name: 'axon', work: (stop: AbortSignal) => serveAxon(backends, 'miner-1', stop).then(() => pauseMs) }] : []),
    validatorPart(backends, wheel, pauseMs),
    ...onDemand,
    {
      name: 'dataset',
      async work(stop) {
        await dataset.refresh(stop)
        return pauseMs
      },
    },
    { name: 'bridge', work: async (stop) => ((await bridge.runEpoch(stop)).outcome === 'idle' ? pauseMs : 0) },
    {
      name: 'summary',
      async work() {
        await recent.tellNew()
        return tellMs
      },
    },
  ]
  try {
    await workSideBySide(parts, backends, signal)
  } finally {
    if (hasBegun(backends)) await whole.tell(null)
  }
}

/** Every so often, and as soon as there is a miner to look at that it has not seen: it would wait long for its first weight. */
function validatorPart({ chain, config, pace }: Backends, { validator, validatorAddress }: Wheel, pauseMs: number): Part {
  const everyMs = config.validator.every_seconds * 1000
  let last: { at: number; miners: ReadonlySet<string> } | undefined
  return {
    name: 'validator',
    async work(signal) {
      const { neurons } = await chain.metagraph()
      const claiming = neurons.filter(({ hotkey, commitment }) => commitment !== undefined && hotkey !== validatorAddress)
      const isDue = last === undefined ? claiming.length > 0 : pace.now() - last.at >= everyMs || claiming.some(({ hotkey }) => !last?.miners.has(hotkey))
      if (!isDue) return pauseMs
      const at = pace.now()
      const { miners } = await validator.cycle(signal)
      last = { at, miners: new Set(miners.map(({ hotkey }) => hotkey)) }
      return pauseMs
    },
  }
}

/** Turn after turn, until the signal. */
async function turnStepByStep(backends: Backends, wheel: Wheel, signal: AbortSignal): Promise<void> {
  const { telemetry, pace, config } = backends
  for (;;) {
    const { new: fresh } = await turnOnce(backends, wheel, signal)
    const restMs = Math.max(config.up.pause_seconds, fresh.batches_settled === 0 ? idleSeconds : 0) * 1000
    telemetry.event('turn.rest', { until_ms: pace.now() + restMs })
    await pace.sleep(restMs, signal)
  }
}

/** One way through, or the rest of one that was cut off. */
async function turnOnce(backends: Backends, wheel: Wheel, signal: AbortSignal): Promise<TurnSummary> {
  const { catalog, telemetry } = backends
  const teller = await tellerOf(backends, wheel)
  let head = await catalog.head(lineage.turn)
  const last = head?.manifest
  const interrupted = last !== undefined && last.step !== 'steered'
  const place: TurnPlace = interrupted ? { turn: last.turn, step: last.step } : { turn: (last?.turn ?? 0) + 1, step: 'started' }
  const finish = async (step: TurnManifest['step']) => {
    head = await catalog.commit(lineage.turn, head?.sha256, { kind: 'turn', parent: head?.sha256 ?? null, turn: place.turn, step })
    place.step = step
    telemetry.event('turn', { ...place })
  }
  try {
    if (!interrupted) await finish('started')
    const finished = interrupted ? steps.findIndex((step) => step === last.step) : -1
    for (const step of steps.slice(finished + 1)) {
      await work(wheel, step, signal)
      await finish(step)
    }
  } catch (error) {
    // What was done until then is told; before the first page there is nothing to tell.
    if (place.step !== 'started' || hasBegun(backends)) await teller.tell(place).catch(() => undefined)
    throw error
  }
  return await teller.tell(place)
}

function work({ miners, validator, dataset, bridge }: Wheel, step: Step, signal: AbortSignal): Promise<unknown> {
  switch (step) {
    case 'mined':
      return mineAll(miners, signal)
    case 'validated':
      return validator.cycle(signal)
    case 'ingested':
      return dataset.refresh(signal)
    case 'steered':
      return bridge.runEpoch(signal)
  }
}

const hasBegun = ({ telemetry }: Backends): boolean => Object.keys(telemetry.snapshot()).some((name) => name.startsWith('crawl.pages{'))

const tellerOf = ({ config, ...backends }: Backends, { validatorAddress, miners }: Wheel): Promise<Teller> =>
  openTeller({
    ...backends,
    validator: validatorAddress,
    datasetName: config.dataset.name,
    deadSeeds: async () => (await Promise.all(miners.map((miner) => miner.deadSeeds()))).flat(),
  })

async function assemble(backends: Backends, wish: AssemblyWish): Promise<Wheel> {
  const stack = new AsyncDisposableStack()
  try {
    return await assembleInto(stack, backends, wish)
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

interface AssemblyWish {
  isSideBySide: boolean
  signal: AbortSignal
}

async function assembleInto(stack: AsyncDisposableStack, backends: Backends, { isSideBySide, signal }: AssemblyWish): Promise<Wheel> {
  const { config } = backends
  const ports = servicePorts(config)
  // The nodes live and die with this process: what they held when it was killed must soon come back.
  const lease_seconds = Math.min(config.bridge.lease_seconds, ownLeaseSeconds)
  const names = Array.from({ length: config.up.miners }, (_, i) => ({ name: `miner-${i + 1}`, share: `${i + 1}/${config.up.miners}` }))
  const pages = stack.use(openPagePool({ threads: config.miner.document_threads }))
  const miners = await Promise.all(names.map(async (named) => stack.use(await minerOf({ ...backends, pages }, { ...config.miner, ...named }))))
  const wallet = await backends.validatorWallet(config.validator.name)
  const refetch = webRefetch({ ...backends, pages, hostDelayMs: config.miner.host_delay_ms, contact: config.miner.contact })
  const validator = stack.use(
    openValidator({
      ...backends,
      ...wallet,
      store: backends.storeOf(config.validator.name),
      settings: config.validator,
      refetch,
      folder: validatorFolder(backends),
    }),
  )
  const named = `dataset-${config.dataset.name}`
  const encoders = stack.use(encodersOf(backends))
  const parts = {
    ...backends,
    encoders,
    index: backends.corpusIndex(named),
    sweep: backends.sweep(named),
    trust: trustOf(backends, 'own'),
    settings: config.dataset,
  }
  const dataset = stack.use(await openDataset(parts))
  const bridge = stack.use(
    await openBridge({
      ...backends,
      ...(config.bridge.anchor && (await bridgeAnchors(backends))),
      encoders,
      sweep: backends.sweep(`bridge-${config.dataset.name}`),
      settings: { ...config.bridge, lease_seconds },
      datasetName: config.dataset.name,
      seed: config.run.seed,
    }),
  )
  const query = await listen(dataset.app, ports.query)
  backends.serveObjectsAt(query.origin)
  const feed = await listen(bridge.app, ports.feed)
  backends.telemetry.event('listening', { query: query.origin, feed: feed.origin })
  stack.use(startNodes(backends, { origin: feed.origin, key: await nodeKey(backends) }, signal))
  const onDemand = isSideBySide ? await onDemandParts(stack, { ...backends, pages }, { miners: names, refetch }) : []
  const opened = { validatorAddress: wallet.signer.address, miners, validator, dataset, bridge, onDemand }
  return { ...opened, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** The store access service, and what asks it for on-demand jobs: of other installations, where the settings name their service. */
async function onDemandParts(
  stack: AsyncDisposableStack,
  backends: Backends & { pages: PagePool },
  { miners, refetch }: { miners: readonly { name: string }[]; refetch: Refetch },
): Promise<Part[]> {
  const { config, pace } = backends
  const { origin } = await listen(stack.use(await backends.accessService()), servicePorts(config).access)
  backends.telemetry.event('access.listening', { origin })
  const board = (name: string): OnDemandBoard => backends.boardOf(name) ?? (backends.boardOf(name, origin) as OnDemandBoard)
  const seen = { board: board(config.validator.name), refetch, findPosts: await postFinder(backends) }
  const judge = stack.use(openOnDemandJudge({ ...backends, ...seen, pace, folder: validatorFolder(backends) }))
  const judging = async (signal: AbortSignal): Promise<number> => {
    await judge.round(signal)
    return onDemandRestMs
  }
  const answering = miners.map(async ({ name }) => {
    const { poll } = stack.use(await onDemandOf(backends, { ...config.miner, name }, board(name)))
    return { name: `${name} on demand`, work: poll }
  })
  return [...(await Promise.all(answering)), { name: 'validator on demand', work: judging }]
}

/** Where one miner cannot go on, the others give back what they hold; nobody is at work any more when it is told. */
async function mineAll(miners: readonly Miner[], signal: AbortSignal): Promise<void> {
  const stop = new AbortController()
  const both = AbortSignal.any([signal, stop.signal])
  await Promise.all(miners.map((miner) => miner.cycle(both).catch((error: unknown) => stop.abort(error))))
  stop.signal.throwIfAborted()
}

const nodeKeyName = 'nodes of orrery up'

/**
 * What the training nodes show, so that they are one operator, whose loss is one: each for itself they would have to agree on a weight before it moves, though
 * neither doubts the other. That of a process that was killed ends here, and the names that it had stay theirs.
 */
async function nodeKey({ access: { keys } }: Backends): Promise<{ id: string; secret: string }> {
  const known = await keys.list()
  const before = known.find(
    ({ name, scopes, revokedAt, expiresAt }) => name === nodeKeyName && scopes.includes('feed') && revokedAt === null && expiresAt === null,
  )
  const wish = { name: nodeKeyName, scopes: ['feed' as const], requestsPerMinute: null, bytesPerDay: null, expiresAt: null }
  const { key, secret } = before ? await keys.rotate(before.id, 0) : await keys.create(wish)
  return { id: key.id, secret }
}

/** Training nodes, each a client of the feed like any other; they end when disposed. Their names are of their key alone. */
function startNodes(
  { config, pace, telemetry }: Backends,
  { origin, key }: { origin: string; key: { id: string; secret: string } },
  signal: AbortSignal,
): AsyncDisposable {
  const closing = new AbortController()
  const parts = { origin, pace, telemetry, fetch: globalThis.fetch, signal: AbortSignal.any([signal, closing.signal]) }
  const nodes = Array.from({ length: config.up.nodes }, (_, i) => trainOn({ ...parts, credentials: { key: key.secret }, node: `node-${i + 1}-${key.id}` }))
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

import { readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { threadedCorpusIndex } from '#infra/corpus-index/threaded.ts'
import { portThread, type PortThread } from '#infra/sqlite/port-thread.ts'
import { storeFailure } from '#infra/store/failure.ts'
import { stackOf } from '#infra/telemetry/stack-of.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Block, Chain, Neuron, Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { compareText } from '#schemas/compare-text.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { ScoresManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { jobMatcher } from '../jobs/job-match.ts'
import { readClaim } from './claim.ts'
import { findCopies } from './copies.ts'
import { evaluateClaim, type Evaluation } from './evaluate.ts'
import { failure, ownStore } from './failure.ts'
import { threadedFoundFiles, type FoundFiles } from './found-files.ts'
import type { Refetch } from './refetch.ts'
import { nextCredibility, rawScores, scoreOf } from './score.ts'
import { jobsAddress } from './take-in.ts'
import { submitWeights, type SubmittedWeights } from './submit-weights.ts'

/** The seed of a sample is the hash of a block so far back (protocol). */
const sampleDepth = 10
const weightsWaitMs = 45_000

export interface ValidatorParams {
  signer: Signer
  settings: { sample_pages: number }
  store: ObjectStore
  catalog: Catalog
  chain: Chain
  refetch: Refetch
  pace: Clock
  facts: Clock
  telemetry: Telemetry
  /** A folder of its own, for what it found in the files of miners. */
  folder: string
  /** How long a cycle waits for the chain to take its weights (permit, rate limit). Default 45 s. */
  weightsWaitMs?: number
}

type MinerScore = ScoresManifest['miners'][number]

export interface ValidationReport {
  /** Block of the metagraph that was evaluated. */
  block: number
  /** Block whose hash seeded the samples: ten before, or the first of a young chain. */
  sampleBlock: number
  /** By hotkey. */
  miners: readonly MinerScore[]
  weights: SubmittedWeights
}

export interface Validator extends AsyncDisposable {
  /** One round over all miners. @throws OrreryError `not_found` without a desirability list, `conflict` beside another validator of this hotkey; the signal's reason */
  cycle(signal: AbortSignal): Promise<ValidationReport>
  /** Ends a running cycle and waits for it. */
  close(): Promise<void>
}

/** A validator over one hotkey. Cycles run one after another. */
export function openValidator(params: ValidatorParams): Validator {
  const closed = new AbortController()
  const thread = portThread(`the findings ${params.folder}`, params.pace)
  const memory: Memory = { found: threadedFoundFiles(join(params.folder, 'found.sqlite'), thread), thread }
  let running: Promise<unknown> = Promise.resolve()
  const close = async (): Promise<void> => {
    closed.abort(new OrreryError('invalid_argument', 'The validator is closed; open another.'))
    await running
    await memory.found[Symbol.asyncDispose]()
  }
  return {
    cycle(signal) {
      const turn = running.then(() => runCycle(params, memory, AbortSignal.any([signal, closed.signal])))
      running = turn.catch(() => undefined)
      return turn
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** What is remembered of the files of miners, and the thread in which that lives. */
interface Memory {
  found: FoundFiles
  thread: PortThread
}

async function runCycle(params: ValidatorParams, memory: Memory, signal: AbortSignal): Promise<ValidationReport> {
  const { signer, chain, catalog, telemetry } = params
  signal.throwIfAborted()
  const jobs = await listedJobs(catalog)
  const { block, neurons } = await chain.metagraph()
  const sampleBlock = await chain.block(Math.max(0, block - sampleDepth))
  const previous = await catalog.head(lineage.scores(signer.address))
  const known = new Map(previous?.manifest.miners.map((miner) => [miner.hotkey, miner]))

  const miners = neurons.filter(({ hotkey, commitment }) => hotkey !== signer.address && (commitment !== undefined || known.has(hotkey)))
  const evaluated = await evaluateAll(miners, jobs, sampleBlock, params, memory, signal)
  await forgetOthers(new Set(neurons.map(({ hotkey }) => hotkey)), params, memory)
  const scores = scoreAll(miners, evaluated, known, jobs, params.facts.now())
  await catalog.commit(lineage.scores(signer.address), previous?.sha256, { kind: 'scores', parent: previous?.sha256 ?? null, block, miners: scores })
  const byHotkey = new Map(scores.map((miner) => [miner.hotkey, miner.score]))
  const weights = await submitWeights(
    neurons.map(({ hotkey }) => byHotkey.get(hotkey) ?? 0),
    { ...params, waitMs: params.weightsWaitMs ?? weightsWaitMs, signal },
  )
  telemetry.event('validator.cycle', {
    hotkey: signer.address,
    block,
    sample_block: sampleBlock.number,
    miners: scores.length,
    passed: scores.filter(({ passed }) => passed).length,
    scores: scores.map(({ hotkey, score, credibility, passed }) => ({ hotkey, score, credibility, passed })),
    weights_accepted: weights.accepted,
  })
  return { block, sampleBlock: sampleBlock.number, miners: scores, weights }
}

async function listedJobs(catalog: Catalog): Promise<readonly DesirabilityJob[]> {
  const head = await catalog.head(lineage.desirability)
  if (head) return head.manifest.jobs
  throw new OrreryError('not_found', 'There is no desirability list to validate against; start a miner or the dataset service on this data folder first.')
}

/** `undefined`: we could not evaluate it, which is our trouble. */
type Evaluated = (Evaluation & { index: string | null }) | undefined

async function evaluateAll(
  neurons: readonly Neuron[],
  jobs: readonly DesirabilityJob[],
  sampleBlock: Block,
  params: ValidatorParams,
  { found, thread }: Memory,
  signal: AbortSignal,
): Promise<Map<string, Evaluated>> {
  const { chain, pace, settings, telemetry } = params
  const store = ownStore(params.store)
  const evaluated = new Map<string, Evaluated>()
  const wishes = new Map(jobs.map(({ id, web }) => [id, web]))
  const evaluation = {
    ...params,
    store,
    found,
    matches: jobMatcher(jobs),
    jobs: jobsAddress(jobs),
    wishesOf: (jobId: string) => wishes.get(jobId),
    samplePages: settings.sample_pages,
    signal,
  }
  for (const neuron of neurons) {
    const { hotkey, commitmentBlock } = neuron
    try {
      const claim = await readClaim(neuron, store)
      // Nobody may know the draw while it is still to say what is drawn from.
      const { hash: blockHash } = commitmentBlock > sampleBlock.number ? await chain.block(commitmentBlock) : sampleBlock
      await using index = threadedCorpusIndex(indexFolder(params, hotkey), { clock: pace, thread })
      evaluated.set(hotkey, { ...(await evaluateClaim(hotkey, claim, { ...evaluation, index, blockHash })), index: claim.index })
    } catch (error) {
      signal.throwIfAborted()
      evaluated.set(hotkey, endedBy(error, neuron, telemetry))
    }
  }
  const rows = new Map([...evaluated].map(([hotkey, judged]) => [hotkey, judged?.rows ?? 0]))
  for (const [hotkey, copy] of await findCopies(rows, { found, chain, store, telemetry, signal })) {
    const judged = evaluated.get(hotkey)
    if (judged) evaluated.set(hotkey, { ...judged, failures: [...judged.failures, copy] })
  }
  for (const [hotkey, judged] of evaluated) if (judged) report(telemetry, hotkey, judged)
  return evaluated
}

/** A hotkey is anybody's word, and no path. */
const indexFolder = ({ folder }: Pick<ValidatorParams, 'folder'>, hotkey: string): string => join(folder, sha256Hex(hotkey).slice(0, indexNameChars))
const indexNameChars = 32
const indexName = new RegExp(`^[0-9a-f]{${indexNameChars}}$`)

/** What was found of miners that are none any more: also of one of whose files nothing could be read. */
async function forgetOthers(hotkeys: ReadonlySet<string>, params: ValidatorParams, { found }: Memory): Promise<void> {
  for (const hotkey of await found.hotkeys()) if (!hotkeys.has(hotkey)) await found.forget(hotkey)
  const kept = new Set([...hotkeys].map((hotkey) => basename(indexFolder(params, hotkey))))
  for (const name of await readdir(params.folder))
    if (indexName.test(name) && !kept.has(name)) await rm(join(params.folder, name), { recursive: true, force: true })
}

/** A store that fails is our trouble. Whatever else was met on the way through a miner's data, that data led there: it costs that miner, not the round. */
function endedBy(error: unknown, { hotkey, commitment }: Neuron, telemetry: Telemetry): Evaluated {
  if (storeFailure(error) ?? (error instanceof OrreryError && error.retryable)) {
    telemetry.event('validator.miner_skipped', { miner: hotkey, reason: (error as Error).message })
    return undefined
  }
  telemetry.event('validator.miner_failed', { miner: hotkey, error: stackOf(error) })
  const index = commitment?.length === 32 ? Buffer.from(commitment).toString('hex') : null
  return {
    index,
    failures: [failure('unreadable', `what the hotkey claims cannot be read (${stackOf(error).split('\n', 1)[0]})`)],
    rows: 0,
    buckets: [],
    pages: [],
  }
}

function report(telemetry: Telemetry, hotkey: string, { failures, rows, pages }: Evaluation): void {
  const count = (outcome: string): number => pages.filter((page) => page.outcome === outcome).length
  telemetry.event('validator.miner', {
    miner: hotkey,
    passed: failures.length === 0,
    rows,
    pages_same: count('same'),
    pages_different: count('different'),
    pages_unknown: count('unknown'),
    failures,
  })
  for (const { code } of failures) telemetry.count('validator.failures', 1, { code })
}

/** Scores by hotkey. A miner we could not evaluate keeps its standing. */
function scoreAll(
  miners: readonly Neuron[],
  evaluated: ReadonlyMap<string, Evaluated>,
  known: ReadonlyMap<string, MinerScore>,
  jobs: readonly DesirabilityJob[],
  nowMs: number,
): MinerScore[] {
  const honest = [...evaluated].flatMap(([hotkey, found]) => (found && found.failures.length === 0 ? [{ hotkey, buckets: found.buckets }] : []))
  const raws = rawScores(honest, jobs, nowMs)
  const scores = miners.map(({ hotkey }): MinerScore => {
    const old = known.get(hotkey) ?? { hotkey, credibility: 0, raw: 0, score: 0, index: null, passed: false, failures: [] }
    const found = evaluated.get(hotkey)
    if (!found) return old
    const passed = found.failures.length === 0
    const share = passed ? passedShare(found) : 0
    const record = { hotkey, index: found.index, passed, failures: [...found.failures] }
    // Too little could be judged: neither reward nor penalty.
    if (share === undefined) return { ...record, credibility: old.credibility, raw: old.raw, score: old.score }
    // A failure keeps the former raw, so that coming back with more than that costs credibility.
    const raw = passed ? (raws.get(hotkey) ?? 0) : old.raw
    const credibility = nextCredibility(old, raw, share)
    return { ...record, credibility, raw, score: passed ? scoreOf({ raw, credibility }) : 0 }
  })
  return scores.toSorted((a, b) => compareText(a.hotkey, b.hotkey))
}

/** Share of the judged bytes that were what the rows say; undefined when less than half of the sampled pages could be judged. */
function passedShare({ pages }: Evaluation): number | undefined {
  const bytes = (outcome: string): number => pages.filter((page) => page.outcome === outcome).reduce((sum, { textBytes }) => sum + textBytes, 0)
  const judged = pages.filter(({ outcome }) => outcome !== 'unknown').length
  return judged === 0 || judged < pages.length / 2 ? undefined : bytes('same') / (bytes('same') + bytes('different'))
}

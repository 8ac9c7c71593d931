import { networkOf } from '#infra/chain/network.ts'
import type { Neuron } from '#schemas/chain.ts'
import type { Network } from '#schemas/network.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { Claim } from './claim.ts'
import { evaluateClaim, nothing, type Evaluation, type EvaluationParams } from './evaluate.ts'
import { ownStore, type FailureCode } from './failure.ts'
import type { PageVerdict } from './judge-page.ts'
import type { ListsInForce } from './lists-in-force.ts'
import { drawBlock, type Look } from './look.ts'
import type { Judgement } from './scoring/score-miners.ts'
import type { ReadClaim } from './take-claim.ts'
import { costOf, takeInAll, type Skipped, type TakenIn } from './take-in.ts'
import type { Memory, ValidatorParams } from './validator.ts'
import { writeVerdict } from './verdict.ts'

/** Buckets that go to the book's thread at once. */
const portion = 5000
/** What the evaluation of one miner may take, as in Data Universe. */
const minerMs = 3_600_000
/** Miners that are evaluated at once: they wait for pages. */
const atOnce = 4
/** Of all that is found wrong, what is kept for the miner's operator until the next evaluation. */
const failuresKept = 5

interface CycleFacts {
  /** All that claim something, at the look. */
  miners: readonly Neuron[]
  /** Those of them that are due. */
  due: readonly Neuron[]
  lists: ListsInForce
  look: Look
  /** By hotkey; what is found is added. */
  judged: Map<string, Judgement>
}

type Evaluated = Evaluation & Pick<Claim, 'index' | 'snapshots'> & { /** Its claim held until rows of it were drawn. */ isDrawn: boolean }

/**
 * Takes in what all miners claim, and evaluates those that are due, some at once, each by itself: what one of them does costs it alone. What is found of each is
 * durable. None is begun later than `every_seconds` after the draw: who is left is the first of the next cycle, and weights are set meanwhile.
 * @returns the block whose hash seeded the draws
 */
export async function judgeMiners(cycle: CycleFacts, params: ValidatorParams, memory: Memory, signal: AbortSignal): Promise<number> {
  const { miners, due, look } = cycle
  const { chain, pace, settings, telemetry } = params
  const store = ownStore(params.store)
  const taken = await takeInAll(miners, look, { chain, store, book: memory.rows, telemetry, pace, order: memory.order, signal })
  const { hash: blockHash, number } = await drawBlock(chain, look, signal)
  const waiting = due.values()
  const deadline = pace.now() + (settings.every_seconds ?? Infinity) * 1000
  const stop = new AbortController()
  const network = await networkOf(chain)
  const evaluation = { ...params, store, network, blockHash, signal: AbortSignal.any([signal, stop.signal]) }
  const work = async (): Promise<void> => {
    for (const neuron of waiting) {
      await judgeMiner(neuron, taken.get(neuron.hotkey), cycle, evaluation, memory)
      if (pace.now() >= deadline) return
    }
  }
  // The first that cannot go on ends the others: they are at work no more when it is told.
  const working = Array.from({ length: atOnce }, () => work().catch((error: unknown) => stop.abort(error)))
  await Promise.all(working)
  evaluation.signal.throwIfAborted()
  return number
}

type EvaluatingParams = Omit<ValidatorParams, 'store'> & Pick<EvaluationParams, 'store' | 'blockHash' | 'signal'> & { network: Network }

async function judgeMiner(
  neuron: Neuron,
  claim: TakenIn | undefined,
  { lists, look, judged }: CycleFacts,
  params: EvaluatingParams,
  memory: Memory,
): Promise<void> {
  const { hotkey, commitmentBlock: committedBlock } = neuron
  const { telemetry, pace, settings } = params
  const evaluation = { ...params, book: memory.rows, judge: memory.judge, lists, samplePages: settings.sample_pages }
  const found = claim && 'failures' in claim ? await evaluate(neuron, claim, evaluation) : (claim ?? unread)
  if (!('skipped' in found)) {
    report(telemetry, hotkey, found)
    if (isTelling(found)) await writeVerdict(params, look.block, { miner: hotkey, committedBlock, ...found })
  }
  const judgement = judgementOf(found, settings.sample_pages)
  const earned = judgement.state === 'passed' ? 'staged' : judgement.state === 'failed' ? 'nothing' : 'kept'
  if (earned === 'staged') await stage(hotkey, memory)
  await memory.book.finish(hotkey, { outcome: JSON.stringify(judgement), earned, at: pace.now() })
  judged.set(hotkey, judgement)
}

const unread: Skipped = { skipped: 'it was not at the look', isLate: false }

/** Part by part: a miner may have as many as an index. */
async function stage(hotkey: string, { book, rows }: Memory): Promise<void> {
  await book.unstage(hotkey)
  for (let from = 0; ; from += portion) {
    const buckets = await rows.earned(hotkey, from, portion)
    await book.stage(hotkey, buckets)
    if (buckets.length < portion) return
  }
}

/** @param wanted looks of a draw: of who is suspect there are more, and to be suspect is no quicker way to be believed */
function judgementOf(found: Evaluated | Skipped, wanted: number): Judgement {
  // Else it would only have to be slow to keep what it has for ever.
  if ('skipped' in found) return { index: null, state: found.isLate ? 'unjudged' : 'skipped', failures: [], drawn: false, looks: 0, passRate: 1, confirmed: 1 }
  const { index, failures, pages, standing, confirmed } = found
  return {
    index,
    state: failures.length > 0 ? 'failed' : standing === 'judged' ? 'passed' : standing,
    failures: failures.slice(0, failuresKept),
    drawn: found.isDrawn && failures.some(({ code }) => !wholeFaults.has(code)),
    looks: Math.min(wanted, pages.filter(({ verdict }) => verdict !== 'unfetchable').length),
    passRate: passRateOf(pages),
    confirmed,
  }
}

/** What all rows say together, whatever was drawn of them. */
const wholeFaults: ReadonlySet<FailureCode> = new Set(['duplicates', 'empty', 'unreadable'])

/** Share of the bytes of the judged pages that nothing is said against. */
function passRateOf(pages: Evaluation['pages']): number {
  const bytes = (wrong: boolean): number =>
    pages.filter(({ verdict }) => verdict !== 'unfetchable' && (verdict === 'contradicted') === wrong).reduce((sum, { textBytes }) => sum + textBytes, 0)
  const all = bytes(true) + bytes(false)
  return all === 0 ? 1 : bytes(false) / all
}

async function evaluate(neuron: Neuron, claim: ReadClaim, params: EvaluationParams & Pick<ValidatorParams, 'telemetry'>): Promise<Evaluated | Skipped> {
  const { index, snapshots, failures } = claim
  const signal = AbortSignal.any([params.signal, AbortSignal.timeout(minerMs)])
  try {
    return { ...(await evaluateClaim(neuron.hotkey, claim, { ...params, signal })), index, snapshots, isDrawn: failures.length === 0 }
  } catch (error) {
    params.signal.throwIfAborted()
    const ended = costOf(error, neuron, { telemetry: params.telemetry, isLate: signal.aborted })
    return 'skipped' in ended ? ended : { ...nothing, ...ended, isDrawn: false }
  }
}

function report(telemetry: Telemetry, hotkey: string, { failures, rows, pages }: Evaluation): void {
  const count = (verdict: PageVerdict): number => pages.filter((page) => page.verdict === verdict).length
  telemetry.event('validator.miner', {
    miner: hotkey,
    passed: failures.length === 0,
    rows,
    pages_same: count('same'),
    pages_changed: count('changed'),
    pages_gone: count('gone'),
    pages_contradicted: count('contradicted'),
    pages_unfetchable: count('unfetchable'),
    failures,
  })
  for (const { code } of failures) telemetry.count('validator.failures', 1, { code })
}

/** A miner whose pages nobody could look at is neither believed nor doubted for it: what was said of it before holds. */
const isTelling = (judged: Evaluation): boolean => judged.failures.length > 0 || judged.standing === 'judged'

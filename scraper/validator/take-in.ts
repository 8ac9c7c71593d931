import { networkOf } from '#infra/chain/network.ts'
import { storeFailure } from '#infra/store/failure.ts'
import { stackOf } from '#infra/telemetry/stack-of.ts'
import type { Chain, Neuron } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Network } from '#schemas/network.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { Commitment } from './claim.ts'
import { failure } from './failure.ts'
import { formerCommitments } from './former-commitments.ts'
import type { Look } from './look.ts'
import type { RowBook } from './row-book/row-book.ts'
import { filesOf, takeClaim, type ReadClaim } from './take-claim.ts'
import { TakeTurn, TurnOrder, TurnOver } from './take-turn.ts'

/**
 * What taking in may cost of a cycle, before what is in is evaluated. Claims have turns, one miner after the other: first of so many bytes each, then each time of
 * four times as many for those that are not in yet. So a claim that is small is in after a turn of each, whatever others claim. No turn is begun after `takeMs`, and
 * no settlement `settleMs` later: what is not in by then goes on in the next cycle where it stopped.
 */
export interface TakeInBounds {
  firstTurnBytes: number
  /** Of the last turn in a cycle; all of one miner's together are 4/3 of it. */
  lastTurnBytes: number
  takeMs: number
  settleMs: number
}

const minuteMs = 60_000
const usual: TakeInBounds = { firstTurnBytes: 8 << 20, lastTurnBytes: 512 << 20, takeMs: 5 * minuteMs, settleMs: 5 * minuteMs }
export const untilAllIsIn: TakeInBounds = { firstTurnBytes: Infinity, lastTurnBytes: Infinity, takeMs: Infinity, settleMs: Infinity }
const turnGrowth = 4
/** Miners of so many rows are settled before larger ones, which have turns over the cycles: each of them takes up to a minute. */
const smallRows = 2 ** 20

/** Whose turn it was, over the cycles. */
export interface TakeInOrder {
  taking: TurnOrder
  settling: TurnOrder
}

export interface TakeInParams {
  chain: Pick<Chain, 'block' | 'metagraph'>
  store: Pick<ObjectStore, 'get' | 'head'>
  book: RowBook
  telemetry: Telemetry
  pace: Pick<Clock, 'now'>
  /** Absent: nobody had a turn before. */
  order?: TakeInOrder
  bounds?: TakeInBounds
  signal: AbortSignal
}

/** Why a miner could not be judged. `isLate`: it took all the time there is for one, which is its own doing as much as ours; else it is our trouble. */
export interface Skipped {
  skipped: string
  isLate: boolean
}

/** What became of a miner's claim. */
export type TakenIn = ReadClaim | Skipped

/**
 * Brings what is known of all miners' rows to what they claimed at a look, miner by miner in turns, each of them by itself: what is wrong with one costs it alone. Whose
 * a row is follows from the blocks of the commitments, and of one block from the hotkeys, whoever is taken in first. Of claims that were
 * replaced since the last look those files count, from their block on, that are still claimed: no draw meets what was withdrawn before the look, so nobody is the first to
 * show that. What it costs follows what is new: of a claim that is known nothing is read, of a file that is known nothing again.
 * @param neurons as they were at the look
 * @returns by hotkey; who is not in yet is skipped
 * @throws the signal's reason; OrreryError of the chain
 */
export async function takeInAll(neurons: readonly Neuron[], { block }: Look, params: TakeInParams): Promise<Map<string, TakenIn>> {
  const { book, pace, bounds = usual, order = { taking: new TurnOrder(), settling: new TurnOrder() } } = params
  const hotkeys = new Set(neurons.map(({ hotkey }) => hotkey))
  for (const each of Object.values(order)) each.keep(hotkeys)
  const miners = await claimsOf(neurons, params)
  const taken = new Map<string, TakenIn>()
  const until = pace.now() + bounds.takeMs
  let waiting = miners
  for (let bytes = bounds.firstTurnBytes; waiting.length > 0; bytes *= turnGrowth) {
    waiting = await takeRound(order.taking.sort(waiting), taken, { ...params, order, network: await networkOf(params.chain), turn: { bytes, until, pace } })
    if (bytes >= bounds.lastTurnBytes || pace.now() >= until) break
  }
  for (const { hotkey } of waiting) taken.set(hotkey, late(hotkey, 'its claim is not in yet: it goes on in the next cycle', params))
  await settleAll(taken, order.settling, { ...params, block, until: pace.now() + bounds.settleMs })
  if (![...taken.values()].some((each) => 'skipped' in each)) await book.setLook(block)
  return taken
}

/** What a miner has committed since it was taken in, oldest first; what stands at the look is the last. */
interface MinerClaims {
  hotkey: string
  commitments: readonly Commitment[]
}

async function claimsOf(neurons: readonly Neuron[], { chain, book, signal }: TakeInParams): Promise<MinerClaims[]> {
  const since = await book.lastLook()
  const known = new Map<string, number>()
  for (const { hotkey } of neurons) known.set(hotkey, Math.max(since, (await book.taken(hotkey))?.block ?? 0))
  const former = Map.groupBy(await formerCommitments(chain, neurons, known, signal), ({ hotkey }) => hotkey)
  return neurons
    .toSorted((a, b) => a.commitmentBlock - b.commitmentBlock || a.uid - b.uid)
    .map((neuron) => ({
      hotkey: neuron.hotkey,
      commitments: [...(former.get(neuron.hotkey) ?? []).toSorted((a, b) => a.commitmentBlock - b.commitmentBlock), neuron],
    }))
}

interface RoundParams extends TakeInParams {
  order: TakeInOrder
  network: Network
  turn: ConstructorParameters<typeof TakeTurn>[0]
}

/** @returns those that are not in yet */
async function takeRound(waiting: readonly MinerClaims[], taken: Map<string, TakenIn>, params: RoundParams): Promise<MinerClaims[]> {
  const { order, turn, signal } = params
  const left: MinerClaims[] = []
  for (const miner of waiting) {
    signal.throwIfAborted()
    if (turn.pace.now() >= turn.until) {
      left.push(miner)
      continue
    }
    order.taking.had(miner.hotkey)
    const result = await takeMiner(miner, params)
    if (result) taken.set(miner.hotkey, result)
    else left.push(miner)
  }
  return left
}

/** @returns undefined where its turn was over before it was in */
async function takeMiner({ hotkey, commitments }: MinerClaims, params: RoundParams): Promise<TakenIn | undefined> {
  const { signal, telemetry } = params
  const turn = new TakeTurn(params.turn)
  const taking = { ...params, store: turn.counting(params.store), claims: turn.stopping(params.store), turn }
  let result: TakenIn | undefined
  let standing: ReadonlySet<string> | undefined
  for (const [at, commitment] of commitments.entries()) {
    const isLast = at === commitments.length - 1
    try {
      // Files that its miner claims at the look.
      if (!isLast) standing ??= await filesOf(commitments.at(-1) as Commitment, taking)
      result = await takeClaim(commitment, taking, isLast ? undefined : standing)
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof TurnOver) return undefined
      result = costOf(error, commitment, { telemetry, isLate: false })
      // Of what stands in between nobody is the first while our store is away.
      if (!isLast && 'skipped' in result) return result
    }
  }
  return result ?? late(hotkey, 'it has committed nothing', params)
}

function late(hotkey: string, skipped: string, { telemetry }: Pick<TakeInParams, 'telemetry'>): Skipped {
  telemetry.event('validator.miner_skipped', { miner: hotkey, reason: skipped })
  return { skipped, isLate: true }
}

/** Finds out which rows of those that are in count, small miners first; who is not reached is skipped. */
async function settleAll(taken: Map<string, TakenIn>, order: TurnOrder, params: TakeInParams & { block: number; until: number }): Promise<void> {
  const { book, block, pace, until, signal } = params
  const isIn = ({ hotkey }: { hotkey: string }): boolean => {
    const claim = taken.get(hotkey)
    return claim !== undefined && 'failures' in claim && claim.failures.length === 0
  }
  const unsettled = (await book.unsettled(block)).filter(isIn)
  const small = unsettled.filter(({ rows }) => rows <= smallRows).toSorted((a, b) => a.rows - b.rows)
  for (const { hotkey, rows } of [...small, ...order.sort(unsettled.filter((each) => each.rows > smallRows))]) {
    signal.throwIfAborted()
    if (pace.now() >= until) {
      taken.set(hotkey, late(hotkey, 'its rows are not compared yet: they are in the next cycle', params))
      continue
    }
    await book.settle(hotkey)
    if (rows > smallRows) order.had(hotkey)
  }
}

/** A store that fails is our trouble. Whatever else was met on the way through a miner's data, that data led there: it costs that miner, not the look. */
export function costOf(
  error: unknown,
  { hotkey, commitment, commitmentBlock: block }: Commitment,
  { telemetry, isLate }: Pick<Skipped, 'isLate'> & Pick<TakeInParams, 'telemetry'>,
): TakenIn {
  const isOurs = storeFailure(error) ?? ((error instanceof OrreryError && error.retryable) || (error as Error).name === 'TimeoutError')
  if (isOurs) {
    telemetry.event('validator.miner_skipped', { miner: hotkey, reason: (error as Error).message })
    return { skipped: (error as Error).message, isLate }
  }
  telemetry.event('validator.miner_failed', { miner: hotkey, error: stackOf(error) })
  const index = commitment?.length === 32 ? Buffer.from(commitment).toString('hex') : null
  return { index, block, snapshots: [], failures: [failure('unreadable', `what the hotkey claims cannot be read (${stackOf(error).split('\n', 1)[0]})`)] }
}

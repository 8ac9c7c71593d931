import { setImmediate as nextTurn } from 'node:timers/promises'
import { OrreryError } from '#schemas/errors.ts'
import { fmix32 } from '#schemas/fmix32.ts'
import { keyWords } from './permutation.ts'

/** What a draw is of, and how many draws of that came before it. */
interface Draw {
  source: number
  ordinal: number
}

export interface Mixing {
  /** Draws there are: the sum of the supplies. */
  readonly length: number
  /** @param draw 0..length-1 */
  at(draw: number): Draw
  /** Draws `from`, `from + 1`, … */
  from(draw: number): Iterable<Draw>
  /**
   * How many of the first so many draws are of each source. Lets others have turns; any look at them afterwards is cheap.
   * @param each told of the source of every draw, in order
   */
  walk(draws: number, each?: (source: number) => void): Promise<number[]>
}

interface Standing {
  /** Draws that were taken. */
  draws: number
  drawn: number[]
  /** share × draws − drawn × sum of shares, since the segment began: an exact integer. */
  deficits: number[]
  shares: number[]
}

const checkpointEvery = 1024
/** The largest weight of an entry becomes this share: deficits stay whole numbers far below 2^53. */
const shareOfLargest = 2 ** 20
/** Times what 64 sources can be owed it is an exact number still; of more it is rounded, everywhere alike. */
const chances = 2 ** 21

/** Sources that are looked at before others have a turn: some 20 ms. */
const looksPerTurn = 2 ** 20

/**
 * Draws sources in proportion to their weights: each draw goes to one of those that their shares still owe something, by chance in proportion to what they
 * are owed. By chance, because an order that repeats itself deals sources to nodes that take turns: each then sees a part of them only. The chance of draw b
 * is fmix32(fmix32(b ⊕ k_0) ⊕ k_1), its upper 21 bits as a fraction of 2^21; k_0, k_1 = the first little-endian words of
 * sha256("orrery/mixing/1\n" + key). Weights are taken as whole shares (largest = 2^20, at least 1), so that the arithmetic is exact and the same everywhere.
 * A segment begins, with deficits zero, whenever a source has given its whole supply and is left out.
 * Within a segment each source stays within one draw per live source of its exact share: none is drawn that is owed nothing.
 *
 * Seekable: standings are kept every 1,024 draws as far as anyone looked, so that any later look costs at most 1,024 steps.
 */
export function mixByDeficit(weights: readonly number[], supply: readonly number[], key: string): Mixing {
  if (weights.length !== supply.length || weights.some((weight) => !Number.isFinite(weight) || weight <= 0))
    throw new OrreryError('invalid_record', 'What is mixed must have a positive weight each; make the plan anew.', {})
  const chanceOf = keyedChance(key)
  const length = supply.reduce((sum, n) => sum + n, 0)
  const checkpoints: Standing[] = [begin(weights, supply)]

  function* from(draw: number): Iterable<Draw> {
    if (!Number.isInteger(draw) || draw < 0 || draw > length)
      throw new OrreryError('invalid_argument', `Draw ${draw} is outside the mixing of ${length}.`, { draw, length })
    if (supply.length === 1) {
      for (let ordinal = draw; ordinal < length; ordinal++) yield { source: 0, ordinal }
      return
    }
    const known = Math.min(Math.floor(draw / checkpointEvery), checkpoints.length - 1)
    const standing = structuredClone(checkpoints[known] as Standing)
    while (standing.draws < length) {
      const next = step(standing, weights, supply, chanceOf(standing.draws))
      if (standing.draws === checkpoints.length * checkpointEvery) checkpoints.push(structuredClone(standing))
      if (standing.draws > draw) yield next
    }
  }

  return {
    length,
    from,
    at(draw) {
      for (const found of from(draw)) return found
      throw new OrreryError('invalid_argument', `Draw ${draw} is outside the mixing of ${length}.`, { draw, length })
    },
    async walk(draws, each) {
      const counts = supply.map(() => 0)
      // Of one source there is nothing to choose, however many draws.
      if (supply.length === 1 && !each) return [Math.min(draws, length)]
      const drawsPerTurn = Math.ceil(looksPerTurn / supply.length)
      let taken = 0
      for (const { source } of from(0)) {
        if (taken++ === draws) break
        each?.(source)
        counts[source] = (counts[source] ?? 0) + 1
        if (taken % drawsPerTurn === 0) await nextTurn()
      }
      return counts
    },
  }
}

function begin(weights: readonly number[], supply: readonly number[]): Standing {
  const standing = { draws: 0, drawn: supply.map(() => 0), deficits: [], shares: [] }
  beginSegment(standing, weights, supply)
  return standing
}

function beginSegment(standing: Standing, weights: readonly number[], supply: readonly number[]): void {
  const live = weights.map((weight, s) => ((standing.drawn[s] ?? 0) < (supply[s] ?? 0) ? weight : 0))
  const largest = live.reduce((most, weight) => Math.max(most, weight), 0)
  standing.shares = live.map((weight) => (weight === 0 ? 0 : Math.max(1, Math.round((weight / largest) * shareOfLargest))))
  standing.deficits = standing.shares.map(() => 0)
}

/** For each draw a whole number of 0..chances-1. */
function keyedChance(key: string): (draw: number) => number {
  const [k0 = 0, k1 = 0] = keyWords('mixing/1', key, 2)
  return (draw) => fmix32(fmix32((draw ^ k0) >>> 0) ^ k1) >>> 11
}

/** Takes the next draw and moves the standing past it. */
function step(standing: Standing, weights: readonly number[], supply: readonly number[], chance: number): Draw {
  const { deficits, shares, drawn } = standing
  let total = 0
  let owed = 0
  for (const [s, share] of shares.entries()) {
    if (share === 0) continue
    total += share
    deficits[s] = (deficits[s] ?? 0) + share
    owed += Math.max(0, deficits[s])
  }
  const chosen = chooseOwed(deficits, Math.floor((chance * owed) / chances))
  deficits[chosen] = (deficits[chosen] ?? 0) - total
  const ordinal = drawn[chosen] ?? 0
  drawn[chosen] = ordinal + 1
  standing.draws++
  if (ordinal + 1 === supply[chosen]) beginSegment(standing, weights, supply)
  return { source: chosen, ordinal }
}

/** @param place 0..(sum of what is owed)-1 */
function chooseOwed(deficits: readonly number[], place: number): number {
  let before = 0
  return deficits.findIndex((deficit) => (before += Math.max(0, deficit)) > place)
}

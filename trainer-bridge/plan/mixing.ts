import { OrreryError } from '#schemas/errors.ts'
import { fmix32 } from '#schemas/fmix32.ts'
import { keyWords } from './permutation.ts'

/** Which stratum a batch is of, and how many batches of that stratum came before it. */
interface Draw {
  stratum: number
  ordinal: number
}

export interface Mixing {
  /** Draws there are: the sum of the supplies. */
  readonly length: number
  /** @param batch 0..length-1 */
  at(batch: number): Draw
  /** Draws `from`, `from + 1`, … */
  from(batch: number): Iterable<Draw>
}

/** Weights in force from a batch on, one for each stratum. */
export interface WeightsFrom {
  fromBatch: number
  weights: readonly number[]
}

interface Standing {
  batch: number
  drawn: number[]
  /** share × draws − drawn × sum of shares, since the segment began: an exact integer. */
  deficits: number[]
  shares: number[]
}

const checkpointEvery = 1024
/** The largest weight of an entry becomes this share: deficits stay whole numbers far below 2^53. */
const shareOfLargest = 2 ** 20
/** Times what 64 strata can be owed it is an exact number still; of more it is rounded, everywhere alike. */
const chances = 2 ** 21

/**
 * Draws strata in proportion to their weights: each draw goes to one of those that their shares still owe something, by chance in proportion to what they
 * are owed. By chance, because an order that repeats itself deals strata to nodes that take turns: each then sees a part of them only. The chance of draw b
 * is fmix32(fmix32(b ⊕ k_0) ⊕ k_1), its upper 21 bits as a fraction of 2^21; k_0, k_1 = the first little-endian words of
 * sha256("orrery/mixing/1\n" + key). Weights are taken as whole shares (largest = 2^20, at least 1), so that the arithmetic is exact and the same everywhere.
 * A segment begins, with deficits zero, at each entry of the log and whenever a stratum has given its whole supply and is left out.
 * Within a segment each stratum stays within one draw per live stratum of its exact share: none is drawn that is owed nothing.
 *
 * Seekable: standings are kept every 1,024 draws as far as anyone looked, so that any later look costs at most 1,024 steps.
 */
export function mixByDeficit(log: readonly WeightsFrom[], supply: readonly number[], key: string): Mixing {
  checkLog(log, supply.length)
  const chanceOf = keyedChance(key)
  const length = supply.reduce((sum, n) => sum + n, 0)
  const checkpoints: Standing[] = [begin(log, supply)]

  function* from(batch: number): Iterable<Draw> {
    if (!Number.isInteger(batch) || batch < 0 || batch > length)
      throw new OrreryError('invalid_argument', `Batch ${batch} is outside the mixing of ${length}.`, { batch, length })
    const known = Math.min(Math.floor(batch / checkpointEvery), checkpoints.length - 1)
    const standing = structuredClone(checkpoints[known] as Standing)
    while (standing.batch < length) {
      const draw = step(standing, log, supply, chanceOf(standing.batch))
      if (standing.batch === checkpoints.length * checkpointEvery) checkpoints.push(structuredClone(standing))
      if (standing.batch > batch) yield draw
    }
  }

  return {
    length,
    from,
    at(batch) {
      for (const draw of from(batch)) return draw
      throw new OrreryError('invalid_argument', `Batch ${batch} is outside the mixing of ${length}.`, { batch, length })
    },
  }
}

function begin(log: readonly WeightsFrom[], supply: readonly number[]): Standing {
  const drawn = supply.map(() => 0)
  const standing = { batch: 0, drawn, deficits: [], shares: [] }
  beginSegment(standing, log, supply)
  return standing
}

function beginSegment(standing: Standing, log: readonly WeightsFrom[], supply: readonly number[]): void {
  const weights = log.findLast((entry) => entry.fromBatch <= standing.batch)?.weights ?? []
  const live = weights.map((weight, s) => ((standing.drawn[s] ?? 0) < (supply[s] ?? 0) ? weight : 0))
  const largest = live.reduce((most, weight) => Math.max(most, weight), 0)
  standing.shares = live.map((weight) => (weight === 0 ? 0 : Math.max(1, Math.round((weight / largest) * shareOfLargest))))
  standing.deficits = standing.shares.map(() => 0)
}

/** For each draw a whole number of 0..chances-1. */
function keyedChance(key: string): (batch: number) => number {
  const [k0 = 0, k1 = 0] = keyWords('mixing/1', key, 2)
  return (batch) => fmix32(fmix32((batch ^ k0) >>> 0) ^ k1) >>> 11
}

/** Takes the next draw and moves the standing past it. */
function step(standing: Standing, log: readonly WeightsFrom[], supply: readonly number[], chance: number): Draw {
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
  standing.batch++
  const exhausted = ordinal + 1 === supply[chosen]
  if (exhausted || log.some((entry) => entry.fromBatch === standing.batch)) beginSegment(standing, log, supply)
  return { stratum: chosen, ordinal }
}

/** @param place 0..(sum of what is owed)-1 */
function chooseOwed(deficits: readonly number[], place: number): number {
  let before = 0
  return deficits.findIndex((deficit) => (before += Math.max(0, deficit)) > place)
}

function checkLog(log: readonly WeightsFrom[], strata: number): void {
  const ordered = log.every((entry, i) => entry.fromBatch > (log[i - 1]?.fromBatch ?? -1))
  const complete = log.every(({ weights }) => weights.length === strata && weights.every((w) => Number.isFinite(w) && w > 0))
  if (log[0]?.fromBatch !== 0 || !ordered || !complete)
    throw new OrreryError('invalid_record', 'The weights log must begin at batch 0, rise, and give each stratum a positive weight; make the plan anew.', {})
}

import { OrreryError } from '#schemas/errors.ts'

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

/**
 * Draws strata in proportion to their weights: the next draw goes to the largest deficit (what its share owes it so far), ties to the first stratum.
 * Weights are taken as whole shares (largest = 2^20, at least 1), so that the arithmetic is exact and the same everywhere.
 * A segment begins, with deficits zero, at each entry of the log and whenever a stratum has given its whole supply and is left out.
 * Within a segment each stratum stays within one draw per live stratum of its exact share.
 *
 * Seekable: standings are kept every 1,024 draws as far as anyone looked, so that any later look costs at most 1,024 steps.
 */
export function mixByDeficit(log: readonly WeightsFrom[], supply: readonly number[]): Mixing {
  checkLog(log, supply.length)
  const length = supply.reduce((sum, n) => sum + n, 0)
  const checkpoints: Standing[] = [begin(log, supply)]

  function* from(batch: number): Iterable<Draw> {
    if (!Number.isInteger(batch) || batch < 0 || batch > length)
      throw new OrreryError('invalid_argument', `Batch ${batch} is outside the mixing of ${length}.`, { batch, length })
    const known = Math.min(Math.floor(batch / checkpointEvery), checkpoints.length - 1)
    const standing = structuredClone(checkpoints[known] as Standing)
    while (standing.batch < length) {
      const draw = step(standing, log, supply)
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
  const largest = Math.max(...live)
  standing.shares = live.map((weight) => (weight === 0 ? 0 : Math.max(1, Math.round((weight / largest) * shareOfLargest))))
  standing.deficits = standing.shares.map(() => 0)
}

/** Takes the next draw and moves the standing past it. */
function step(standing: Standing, log: readonly WeightsFrom[], supply: readonly number[]): Draw {
  const { deficits, shares, drawn } = standing
  let total = 0
  let chosen = -1
  for (const [s, share] of shares.entries()) {
    if (share === 0) continue
    total += share
    const owed = (deficits[s] ?? 0) + share
    deficits[s] = owed
    if (chosen < 0 || owed > (deficits[chosen] ?? 0)) chosen = s
  }
  deficits[chosen] = (deficits[chosen] ?? 0) - total
  const ordinal = drawn[chosen] ?? 0
  drawn[chosen] = ordinal + 1
  standing.batch++
  const exhausted = ordinal + 1 === supply[chosen]
  if (exhausted || log.some((entry) => entry.fromBatch === standing.batch)) beginSegment(standing, log, supply)
  return { stratum: chosen, ordinal }
}

function checkLog(log: readonly WeightsFrom[], strata: number): void {
  const ordered = log.every((entry, i) => entry.fromBatch > (log[i - 1]?.fromBatch ?? -1))
  const complete = log.every(({ weights }) => weights.length === strata && weights.every((w) => Number.isFinite(w) && w > 0))
  if (log[0]?.fromBatch !== 0 || !ordered || !complete)
    throw new OrreryError('invalid_record', 'The weights log must begin at batch 0, rise, and give each stratum a positive weight; make the plan anew.', {})
}

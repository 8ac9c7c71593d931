import { OrreryError } from '#schemas/errors.ts'

const u16Max = 65_535

/**
 * Scores by uid as the u16 weights a chain takes: divided by the largest, round(x × 65,535), zeros dropped.
 * Nothing scored gives no weights at all.
 * @throws OrreryError `invalid_argument` for a score that is negative or no finite number
 */
export function toU16Weights(scores: readonly number[]): { uids: number[]; values: number[] } {
  const bad = scores.findIndex((score) => !Number.isFinite(score) || score < 0)
  if (bad >= 0)
    throw new OrreryError('invalid_argument', `The score ${scores[bad]} of uid ${bad} is no weight; scores are finite and not negative.`, { uid: bad })
  const largest = scores.reduce((a, b) => Math.max(a, b), 0)
  const weights = scores.map((score, uid) => ({ uid, value: largest > 0 ? Math.round((score / largest) * u16Max) : 0 })).filter(({ value }) => value > 0)
  return { uids: weights.map(({ uid }) => uid), values: weights.map(({ value }) => value) }
}

/** What the chain stores: the largest raised to 65,535, the others with it, rounded down (vec_u16_max_upscale_to_u16). */
export function upscaleToU16(values: readonly number[]): number[] {
  const largest = values.reduce((a, b) => Math.max(a, b), 0)
  return largest === 0 ? [...values] : values.map((value) => Math.floor((value * u16Max) / largest))
}

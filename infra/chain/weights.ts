import type { Weight, WeightsSubmission } from '#schemas/chain.ts'
import { OrreryError } from '#schemas/errors.ts'

const u16Max = 65_535

/**
 * Scores by uid as the u16 weights a chain takes: divided by the largest, × 65,535, rounded half to even as Python rounds, zeros dropped; the numbers of the
 * bittensor SDK (intents/weights.py `normalize`).
 * Nothing scored gives no weights at all.
 * @throws OrreryError `invalid_argument` for a score that is negative or no finite number
 */
export function toU16Weights(scores: readonly number[]): { uids: number[]; values: number[] } {
  const bad = scores.findIndex((score) => !Number.isFinite(score) || score < 0)
  if (bad >= 0)
    throw new OrreryError('invalid_argument', `The score ${scores[bad]} of uid ${bad} is no weight; scores are finite and not negative.`, { uid: bad })
  const largest = scores.reduce((a, b) => Math.max(a, b), 0)
  const weights = scores.map((score, uid) => ({ uid, value: largest > 0 ? roundHalfToEven((score / largest) * u16Max) : 0 })).filter(({ value }) => value > 0)
  return { uids: weights.map(({ uid }) => uid), values: weights.map(({ value }) => value) }
}

/** @param value 0 … 65,535: what is left of it and its half are exact. */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value)
  const rest = value - below
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below
}

/** Whether a neuron's weights are those of the submission, as the chain stores them, in any order. */
export function areWeights(weights: readonly Weight[], { uids, values }: WeightsSubmission): boolean {
  const stored = upscaleToU16(values)
  const byUid = new Map(uids.map((uid, at) => [uid, stored[at]]))
  return weights.length === byUid.size && weights.every(({ uid, value }) => byUid.get(uid) === value)
}

/** Bits behind the point of the chain's I32F32. */
const fraction = 32n
/** Above it the chain divides first, so that no product is too large for 31 bits before the point. */
const productMax = 32_768

/**
 * What the chain stores: the largest raised to 65,535, the others with it, in its own arithmetic (vec_u16_max_upscale_to_u16): fixed-point numbers, cut behind 32
 * bits and then rounded, half away from zero.
 * @param values u16 each
 */
export function upscaleToU16(values: readonly number[]): number[] {
  const largest = values.reduce((a, b) => Math.max(a, b), 0)
  if (largest === 0 || largest === u16Max) return [...values]
  const ratio = (BigInt(u16Max) << fraction) / BigInt(largest)
  return values.map((value) => {
    const scaled = largest > productMax ? BigInt(value) * ratio : (BigInt(value * u16Max) << fraction) / BigInt(largest)
    return Math.min(u16Max, Number((scaled + (1n << (fraction - 1n))) >> fraction))
  })
}

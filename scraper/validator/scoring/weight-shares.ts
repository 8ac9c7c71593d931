import type { Hyperparameters } from '#schemas/chain.ts'

/** Who has a part of all weights before the miners have theirs (emission control). */
export interface OwnerShare {
  uid: number
  /** 0..1 */
  share: number
}

/**
 * Shares by uid. With an owner: the scores are brought to a sum of 1, the owner has its share whatever it scored, and the others have the rest. Where nobody
 * scored the owner has all there is; without one all are 0.
 */
export function weightShares(scores: readonly number[], owner: OwnerShare | undefined): number[] {
  if (!owner) return [...scores]
  const others = scores.reduce((sum, score, uid) => (uid === owner.uid ? sum : sum + score), 0)
  return scores.map((score, uid) => (uid === owner.uid ? owner.share : others > 0 ? (score / others) * (1 - owner.share) : 0))
}

type Limits = Pick<Hyperparameters, 'minAllowedWeights' | 'maxWeightLimit'>

const u16Max = 65_535
/** What is added to each where too few are above 0. */
const leastShare = 1e-5
const epsilon = 1e-7

/**
 * Brings shares to what the subnet takes, as the SDK does (`process_weights_for_netuid`): where fewer are above 0 than must be, each neuron gets next to nothing
 * more; no share of the sum is above the limit, what is cut off being spread over the others. Shares that fit come back as they are.
 */
export function fitShares(shares: readonly number[], { minAllowedWeights, maxWeightLimit }: Limits): number[] {
  const weighed = shares.filter((share) => share > 0).length
  if (weighed === 0) return [...shares]
  const enough = weighed >= Math.min(shares.length, minAllowedWeights) ? [...shares] : shares.map((share) => share + leastShare * sumOf(shares))
  return capShares(enough, maxWeightLimit / u16Max)
}

/**
 * `clip_to_max_weight` of the SDK: of a sum of 1. Where the shares that fit cannot make up for what is cut off the others, as zeros cannot, all come out alike:
 * the cutoff is below zero then, and so is the sum that it is divided by.
 */
function capShares(shares: number[], limit: number): number[] {
  const sum = sumOf(shares)
  if (shares.length * limit <= 1) return shares.map(() => 1 / shares.length)
  if (shares.every((share) => share <= limit * sum)) return shares
  const rising = shares.map((share) => share / sum).toSorted((a, b) => a - b)
  let [below, fitting, belowFitting] = [0, 0, 0]
  for (const [at, share] of rising.entries()) {
    below += share
    if (share / ((rising.length - at - 1) * share + below + epsilon) >= limit) continue
    fitting++
    belowFitting = below
  }
  const cutoff = ((limit * (fitting === 0 ? below : belowFitting) - epsilon) / (1 - limit * (rising.length - fitting))) * sum
  const clipped = shares.map((share) => Math.min(share, cutoff))
  const clippedSum = sumOf(clipped)
  return clipped.map((share) => share / clippedSum)
}

/**
 * What rounding to u16 leaves above the limit (the SDK's weights are refused for it): the others are raised, by a unit or two each.
 * @param values u16 each
 */
export function withinLimit(values: readonly number[], maxWeightLimit: number): number[] {
  const largest = values.reduce((a, b) => Math.max(a, b), 0)
  const missing = Math.ceil((largest * u16Max) / maxWeightLimit) - sumOf(values)
  const others = values.filter((value) => value < largest).length
  if (maxWeightLimit >= u16Max || missing <= 0 || others === 0) return [...values]
  const more = Math.ceil(missing / others)
  return values.map((value) => Math.min(largest, value + more))
}

const sumOf = (shares: readonly number[]): number => shares.reduce((sum, share) => sum + share, 0)

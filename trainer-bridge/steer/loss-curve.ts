/** How the loss of one label went on one node, nats per token. */
export interface LossCurve {
  before: number
  after: number
}

const batchesMin = 3

/**
 * First against last third of a node's losses in the order of training, each the median of means. Undefined for fewer than 3 batches. Thirds: shorter parts
 * lie further apart, but what a few batches differ by is mostly chance; with quarters the nodes of an epoch were of two minds about a label twice as often.
 */
export function lossCurve(losses: readonly number[]): LossCurve | undefined {
  if (losses.length < batchesMin) return undefined
  const part = Math.floor(losses.length / 3)
  return { before: medianOfMeans(losses.slice(0, part)), after: medianOfMeans(losses.slice(-part)) }
}

/**
 * The median of the means of 5 (of 15 values or more), 3 (of nine or more) or 1 groups, dealt in turn (Nemirovski and Yudin 1983): from nine values on one
 * wild one does not move it; fewer are not split, because the median of single batches is mostly chance. Not for an empty list.
 */
export function medianOfMeans(values: readonly number[]): number {
  const groups = values.length >= 15 ? 5 : values.length >= 9 ? 3 : 1
  const means = Array.from({ length: groups }, (_, group) => mean(values.filter((_, i) => i % groups === group)))
  return lowerMedian(means)
}

/** The middle value, of an even number the lower of the two: always one of those given. */
export const lowerMedian = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0

export const mean = (values: readonly number[]): number => (values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length)

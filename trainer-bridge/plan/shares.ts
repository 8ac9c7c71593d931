/** What takes part in a division. */
export interface Sharer {
  /** Above zero. */
  weight: number
  /** At most so many. */
  max: number
  /** What it is owed beforehand; below zero: what it had too many. */
  owed: number
}

export interface Shared {
  count: number
  /** After this. */
  owed: number
}

/**
 * Divides `total` whole things by weight: what one may not have goes to the others by theirs, and what is less than one is owed the next time, so that nobody
 * waits for ever however few things there are at a time. Each has its share, with what it was owed, to within one (largest remainder; of the same remainder the
 * first).
 * @param total at most the sum of `max`
 */
export function divide(total: number, sharers: readonly Sharer[]): Shared[] {
  const targets = targetsOf(total, sharers)
  const counts = sharers.map(({ max }, n) => Math.min(max, Math.max(0, Math.floor(targets[n] as number))))
  let left = total - counts.reduce((sum, count) => sum + count, 0)
  const step = Math.sign(left)
  const lack = (n: number): number => (targets[n] as number) - (counts[n] as number)
  while (left !== 0) {
    const takers = counts.flatMap((count, n) => ((step > 0 ? count < (sharers[n] as Sharer).max : count > 0) ? [n] : []))
    takers.sort((a, b) => step * (lack(b) - lack(a)) || a - b)
    for (const n of takers.slice(0, Math.abs(left))) {
      counts[n] = (counts[n] as number) + step
      left -= step
    }
  }
  return counts.map((count, n) => ({ count, owed: count === (sharers[n] as Sharer).max ? 0 : owedAfter(lack(n)) }))
}

/** No debt grows beyond one thing; a millionth is exact enough, and is written shortly. */
const owedAfter = (lack: number): number => Math.round(Math.min(1, Math.max(-1, lack)) * 1e6) / 1e6

/** Exact shares, those that may not have theirs at what they may. */
function targetsOf(total: number, sharers: readonly Sharer[]): number[] {
  const targets = sharers.map(({ max }): number => (max === 0 ? 0 : -1))
  let left = total
  for (;;) {
    const open = targets.flatMap((target, n) => (target < 0 ? [n] : []))
    const weights = open.reduce((sum, n) => sum + (sharers[n] as Sharer).weight, 0)
    const full = open.filter((n) => (left * (sharers[n] as Sharer).weight) / weights >= (sharers[n] as Sharer).max)
    if (full.length === 0) {
      for (const n of open) targets[n] = Math.max(0, (left * (sharers[n] as Sharer).weight) / weights + (sharers[n] as Sharer).owed)
      return targets
    }
    for (const n of full) {
      targets[n] = (sharers[n] as Sharer).max
      left -= (sharers[n] as Sharer).max
    }
  }
}

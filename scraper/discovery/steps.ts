/** Digits of a path or query, up to those of a timestamp in ms. */
const numbers = /\d{1,13}/g
const dayMs = 86_400_000
/** Of a calendar's links: the next day, week, month or year. */
const dateStepDaysMax = 366

/**
 * Whether `to` is the neighbour of `from` in a row of pages without end: the same address but for one number that is one more or less (/cal/7 → /cal/8,
 * ?page=2 → ?page=3), or but for a date at most a year away (/2026/11/30 → /2026/12/01, ?month=12&year=2026 → ?month=1&year=2027 in either order).
 */
export function isStep(from: string, to: string): boolean {
  if (from === to || shapeOf(from) !== shapeOf(to)) return false
  const [before, after] = [numbersOf(from), numbersOf(to)]
  const changed = before.flatMap((value, i) => (value === after[i] ? [] : [i]))
  const [only = -1] = changed
  if (changed.length === 1 && Math.abs((before[only] ?? 0) - (after[only] ?? 0)) === 1) return true
  const [start, end] = [dateIn(before, changed), dateIn(after, changed)]
  return start !== undefined && end !== undefined && Math.abs(start - end) <= dateStepDaysMax * dayMs
}

const shapeOf = (url: string): string => url.replace(numbers, '#')
const numbersOf = (url: string): number[] => (url.match(numbers) ?? []).map(Number)

/** The date (ms since epoch) among the numbers, if all that changed is part of it: a year with what stands next to it, or yyyymmdd and yyyymm in one. */
function dateIn(values: readonly number[], changed: readonly number[]): number | undefined {
  const year = values.findIndex((value) => value >= 1900 && value < 2200)
  if (year >= 0) {
    // Year first (2026/11/22) or last (11/22/2026, month=11&year=2026): the two numbers after it, or else before it.
    const around = changed.every((i) => i >= year && i <= year + 2)
      ? [year + 1, year + 2]
      : changed.every((i) => i <= year && i >= year - 2)
        ? [year - 2, year - 1]
        : undefined
    if (!around) return undefined
    const parts = around.flatMap((i) => (values[i] === undefined ? [] : [values[i]]))
    return dateOf(values[year] ?? 0, parts)
  }
  const [only = -1] = changed
  const packed = values[only] ?? 0
  if (changed.length !== 1) return undefined
  if (packed >= 19_000_101 && packed < 22_000_101) return dateOf(Math.floor(packed / 10_000), [Math.floor(packed / 100) % 100, packed % 100])
  return packed >= 190_001 && packed < 220_001 ? dateOf(Math.floor(packed / 100), [packed % 100]) : undefined
}

/** @param parts month and day in whichever order, or the month alone, or nothing */
function dateOf(year: number, parts: readonly number[]): number | undefined {
  const [month = 1, day = 1] = (parts[0] ?? 1) > 12 ? parts.toReversed() : parts
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 ? Date.UTC(year, month - 1, day) : undefined
}

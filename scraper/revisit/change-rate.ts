import { contentDigits, contentsMax, octavesMax, type IntervalGroup, type PageMemory } from './page-memory.ts'

/** A good answer for a page: 200 with its content, or 304. Times are ms since epoch. */
export interface Observation {
  /** By the clock that paces. */
  at: number
  /** By the clock that stamps facts; read on the first visit only. */
  factsAt: number
  /** Hex digits of a hash of what was read, 16 or more; undefined for 304. */
  content: string | undefined
  /** What the Last-Modified header says. */
  lastModifiedAt?: number | undefined
}

/** Beyond so many checks all sums are halved, so that a page that lives otherwise than it did is believed in the end. */
const checksMax = 256
const earliest = Date.UTC(1990, 0, 1)
const shortestMs = 1000
/** The chance that a page has changed when it is visited next. Below 1 − 1/e it is visited more often than it changes. */
const changedBy = 0.5
/** A page that was never seen to change is left alone for this much longer than it has been watched. */
const patience = 2

/** The memory after one more visit. `isChanged`: other content than any that is remembered; a first visit is a change to nobody. */
export function observe(memory: PageMemory | undefined, seen: Observation): { memory: PageMemory; isChanged: boolean } {
  const content = seen.content?.slice(0, contentDigits)
  if (!memory) return { memory: firstMemory(seen, content), isChanged: true }
  // What went back to an earlier content has changed once, when it went away: else a page of two faces would look new for ever.
  const isChanged = content !== undefined && !memory.contents.includes(content)
  const contents = content === undefined ? memory.contents : [content, ...memory.contents.filter((known) => known !== content)].slice(0, contentsMax)
  const intervalMs = seen.at - memory.checkedAt
  const known = { ...memory, contents, checkedAt: Math.max(seen.at, memory.checkedAt) }
  if (intervalMs <= 0) return { memory: known, isChanged }
  const watched = { ...known, checks: memory.checks + 1, watchedMs: memory.watchedMs + intervalMs }
  return { memory: faded(isChanged ? withChange(watched, intervalMs, ageOf(seen)) : { ...watched, quietMs: memory.quietMs + intervalMs }), isChanged }
}

/**
 * Changes per ms, under the assumption that they are a Poisson process: the maximum likelihood of all visits so far, whatever their intervals, with half an
 * unchanged visit added. Changes that nobody saw, since others hid them, are accounted for. For visits at one interval I this is exactly
 * −log((n − X + 0.5) / (n + 0.5)) / I (Cho & Garcia-Molina, "Estimating Frequency of Change", ACM TOIT 3(3), 2003, §4.2); irregular intervals are
 * their §4.3; where Last-Modified dates a change, the time since counts as quiet (§5). 0 when nothing was seen to change.
 */
export function changeRate({ checks, watchedMs, quietMs, dated, undated }: PageMemory): number {
  if (dated === 0 && undated.length === 0) return 0
  const quiet = Math.max(quietMs + (checks === 0 ? 0 : watchedMs / checks / 2), shortestMs)
  // The derivative of the log-likelihood, falling in the rate: its zero is the estimate.
  const slope = (rate: number) => undated.reduce((sum, { count, sumMs }) => sum + sumMs / Math.expm1((rate * sumMs) / count), dated / rate) - quiet
  let [low, high] = [0, 1 / shortestMs]
  while (slope(high) > 0 && high < 1) high *= 2
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (slope(middle) > 0) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** When the page is worth a visit again: when it has changed with a chance of one half, between the bounds, which count from the last visit. */
export function nextVisitAt(memory: PageMemory, { minMs, maxMs }: { minMs: number; maxMs: number }): number {
  const rate = changeRate(memory)
  const waitMs = rate > 0 ? -Math.log1p(-changedBy) / rate : patience * memory.watchedMs
  return memory.checkedAt + Math.round(Math.max(minMs, Math.min(maxMs, waitMs)))
}

/** An honest Last-Modified tells of a change before anybody watched. */
function firstMemory(seen: Observation, content: string | undefined): PageMemory {
  const ageMs = ageOf(seen)
  return {
    firstSeenAt: seen.factsAt,
    checkedAt: seen.at,
    checks: 0,
    changes: 0,
    watchedMs: 0,
    quietMs: ageMs ?? 0,
    dated: ageMs === undefined ? 0 : 1,
    undated: [],
    contents: content === undefined ? [] : [content],
  }
}

/** How long ago the page changed, by its own word. A page that says "now" is made for each visit and says nothing. */
function ageOf({ at, lastModifiedAt }: Observation): number | undefined {
  const isDate = lastModifiedAt !== undefined && lastModifiedAt >= earliest && lastModifiedAt < at - shortestMs
  return isDate ? at - lastModifiedAt : undefined
}

function withChange(memory: PageMemory, intervalMs: number, ageMs: number | undefined): PageMemory {
  const changed = { ...memory, changes: memory.changes + 1 }
  // A change dated before the last visit, which did not see it, is a wrong date.
  if (ageMs !== undefined && ageMs < intervalMs) return { ...changed, dated: memory.dated + 1, quietMs: memory.quietMs + ageMs }
  const octave = octaveOf(intervalMs)
  const at = memory.undated.findIndex(({ count, sumMs }) => octaveOf(sumMs / count) === octave)
  const group = memory.undated[at] ?? { count: 0, sumMs: 0 }
  const grown = { count: group.count + 1, sumMs: group.sumMs + intervalMs }
  return { ...changed, undated: at === -1 ? [...memory.undated, grown] : memory.undated.with(at, grown) }
}

const octaveOf = (ms: number): number => Math.max(0, Math.min(octavesMax - 1, Math.floor(Math.log2(ms / 1000))))

const half = (value: number): number => Math.round(value / 2)

function faded(memory: PageMemory): PageMemory {
  if (memory.checks < checksMax) return memory
  const undated = memory.undated.map(({ count, sumMs }): IntervalGroup => ({ count: half(count), sumMs: Math.round((sumMs / count) * half(count)) }))
  return {
    ...memory,
    checks: half(memory.checks),
    changes: half(memory.changes),
    watchedMs: half(memory.watchedMs),
    quietMs: half(memory.quietMs),
    dated: half(memory.dated),
    undated,
  }
}

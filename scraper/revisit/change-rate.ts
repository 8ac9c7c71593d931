import { contentsMax, octavesMax, type IntervalGroup, type PageLife } from './page-memory.ts'

/** A good answer for a page: 200 with its content, or 304. Times are ms since epoch. */
export interface Observation {
  /** By the clock that paces. */
  at: number
  /** By the clock that stamps facts; read on the first visit only. */
  factsAt: number
  /** Digest of what was made of it (digests.ts); undefined: the same as before. */
  content: string | undefined
  /** It leads to what nobody knew: a change as good as one of its text. */
  hasNews?: boolean
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

/**
 * The life after one more visit. `isChanged`: other content than any that is remembered; a first visit is a change to nobody.
 * @param believedMs a longer time since the visit before tells nothing: nobody was there, or a clock was set
 */
export function observe(life: PageLife | undefined, seen: Observation, believedMs = Infinity): { life: PageLife; isChanged: boolean } {
  const { content } = seen
  if (!life) return { life: firstLife(seen), isChanged: true }
  // What went back to an earlier content has changed once, when it went away: else a page of two faces would look new for ever.
  const isChanged = content !== undefined && !life.contents.includes(content)
  const contents = content === undefined ? life.contents : [content, ...life.contents.filter((known) => known !== content)].slice(0, contentsMax)
  const intervalMs = seen.at - life.checkedAt
  // Where the clock was ahead, it is not believed any longer.
  const known = { ...life, contents, checkedAt: seen.at }
  if (intervalMs <= 0 || intervalMs > believedMs) return { life: known, isChanged }
  const watched = { ...known, checks: life.checks + 1, watchedMs: life.watchedMs + intervalMs }
  const isAlive = isChanged || seen.hasNews === true
  return { life: faded(isAlive ? withChange(watched, intervalMs, ageOf(seen)) : { ...watched, quietMs: life.quietMs + intervalMs }), isChanged }
}

/**
 * Changes per ms, under the assumption that they are a Poisson process: the maximum likelihood of all visits so far, whatever their intervals, with half an
 * unchanged visit added. Changes that nobody saw, since others hid them, are accounted for. For visits at one interval I this is exactly
 * −log((n − X + 0.5) / (n + 0.5)) / I (Cho & Garcia-Molina, "Estimating Frequency of Change", ACM TOIT 3(3), 2003, §4.2); irregular intervals are
 * their §4.3; where Last-Modified dates a change, the time since counts as quiet (§5). 0 when nothing was seen to change.
 */
export function changeRate({ checks, watchedMs, quietMs, dated, undated }: PageLife): number {
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
export function nextVisitAt(life: PageLife, { minMs, maxMs }: { minMs: number; maxMs: number }): number {
  const rate = changeRate(life)
  const waitMs = rate > 0 ? -Math.log1p(-changedBy) / rate : patience * life.watchedMs
  return life.checkedAt + Math.round(Math.max(minMs, Math.min(maxMs, waitMs)))
}

/** An honest Last-Modified tells of a change before anybody watched. */
function firstLife(seen: Observation): PageLife {
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
    contents: seen.content === undefined ? [] : [seen.content],
  }
}

/** How long ago the page changed, by its own word. A page that says "now" is made for each visit and says nothing. */
function ageOf({ at, lastModifiedAt }: Observation): number | undefined {
  const isDate = lastModifiedAt !== undefined && lastModifiedAt >= earliest && lastModifiedAt < at - shortestMs
  return isDate ? at - lastModifiedAt : undefined
}

function withChange(life: PageLife, intervalMs: number, ageMs: number | undefined): PageLife {
  const changed = { ...life, changes: life.changes + 1 }
  // A change dated before the last visit, which did not see it, is a wrong date.
  if (ageMs !== undefined && ageMs < intervalMs) return { ...changed, dated: life.dated + 1, quietMs: life.quietMs + ageMs }
  const octave = octaveOf(intervalMs)
  const at = life.undated.findIndex(({ count, sumMs }) => octaveOf(sumMs / count) === octave)
  const group = life.undated[at] ?? { count: 0, sumMs: 0 }
  const grown = { count: group.count + 1, sumMs: group.sumMs + intervalMs }
  return { ...changed, undated: at === -1 ? [...life.undated, grown] : life.undated.with(at, grown) }
}

const octaveOf = (ms: number): number => Math.max(0, Math.min(octavesMax - 1, Math.floor(Math.log2(ms / 1000))))

const half = (value: number): number => Math.round(value / 2)

function faded(life: PageLife): PageLife {
  if (life.checks < checksMax) return life
  const undated = life.undated.map(({ count, sumMs }): IntervalGroup => ({ count: half(count), sumMs: Math.round((sumMs / count) * half(count)) }))
  return {
    ...life,
    checks: half(life.checks),
    changes: half(life.changes),
    watchedMs: half(life.watchedMs),
    quietMs: half(life.quietMs),
    dated: half(life.dated),
    undated,
  }
}

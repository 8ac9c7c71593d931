import type { DateClaim } from './date-claims.ts'
import { parsePrinted, type PrintedDate } from './date-formats.ts'
import { urlDate } from './date-url.ts'
import type { DayOrder } from './date-written.ts'

/** A claim that could be read, and is possible. */
export interface DateCandidate extends PrintedDate {
  kind: DateClaim['kind']
  by: DateClaim['by'] | 'last-modified'
  /** As the page has it. */
  value: string
  /** 0..1 */
  score: number
  /** Where it stands, for people. */
  place: string
}

export interface DatedPage {
  url: string
  /** The lang attribute of the document. */
  lang: string | undefined
  /** The header of that name. */
  lastModified: string | undefined
  /** Nothing later is possible. */
  nowMs: number
}

/** Archives are published too. Before the web there were no pages: what a text prints from then is likelier what it tells of. */
const earliestMs = Date.UTC(1900, 0, 1)
const webMs = Date.UTC(1993, 0, 1)
const beforeWebShare = 0.5
const shownOnly: ReadonlySet<DateCandidate['by']> = new Set(['text', 'time', 'url', 'copyright'] as const)
/** Where clocks of machines begin to count: nobody's date. */
const zeroDays = new Set(['1900-01-01', '1969-12-31', '1970-01-01', '1980-01-01'])
/** A time without a zone may be the time of the easternmost. */
const zonelessMs = 14 * 3_600_000
const skewMs = 10 * 60_000
/** A page that was changed just now is made for each visit: its header says nothing. */
const madeNowMs = 10 * 60_000

type Claim = Omit<DateClaim, 'by'> & { by: DateCandidate['by'] }

/** All dates of a page that are possible; `impossible`: how many surer ones were not, since they lie ahead or too far back. */
export function dateCandidates(claims: readonly DateClaim[], page: DatedPage): { candidates: DateCandidate[]; impossible: number } {
  const order = dayOrder(claims, page)
  const candidates: DateCandidate[] = []
  const ambiguous: { claim: Claim; readings: DateCandidate[] }[] = []
  let impossible = 0
  for (const claim of allClaims(claims, page, order)) {
    const readings = readingsOf(claim, order, page.nowMs)
    if (readings === undefined) continue
    if (readings.length === 0 && claim.kind === 'published' && claim.score >= sureMin) impossible++
    if (readings.length > 1) ambiguous.push({ claim, readings })
    else for (const reading of readings) candidates.push(reading)
  }
  // What can be read in two ways is read as another date of the page says.
  const days = new Set(candidates.map(({ day }) => day))
  for (const { readings } of ambiguous) candidates.push((readings.find(({ day }) => days.has(day)) ?? readings[0]) as DateCandidate)
  return { candidates: inMonth(candidates), impossible }
}

/** A month in the address gives way to a day of it that the page shows; days of other months are told of, or those of other pages. */
function inMonth(candidates: DateCandidate[]): DateCandidate[] {
  const month = candidates.find(({ by, precision }) => by === 'url' && precision === 'month')?.day.slice(0, 7)
  if (month === undefined) return candidates
  return candidates.map((candidate) => {
    if ((candidate.by !== 'text' && candidate.by !== 'time') || candidate.kind !== 'published') return candidate
    const score = candidate.day.startsWith(month) ? Math.min(0.9, candidate.score * inMonthShare) : candidate.score * otherMonthShare
    return { ...candidate, score }
  })
}

const sureMin = 0.75
const inMonthShare = 1.25
const otherMonthShare = 0.5

function allClaims(claims: readonly DateClaim[], { url, lastModified, nowMs }: DatedPage, order: DayOrder): Claim[] {
  const own: Claim = { kind: 'published', by: 'url', value: url, score: 1, place: '' }
  const addressed = [own, ...claims].flatMap((claim): Claim[] => {
    const found = claim.by === 'url' ? urlDate(URL.parse(claim.value, url)?.href ?? claim.value, order) : undefined
    return found ? [{ ...claim, ...found }] : []
  })
  // What the page says its address is counts where its own is silent.
  const all = [...claims.filter(({ by }) => by !== 'url'), ...addressed.slice(0, 1)]
  const changedAt = lastModified === undefined ? undefined : parsePrinted(lastModified, order)?.atMs
  if (lastModified !== undefined && changedAt !== undefined && changedAt >= webMs && changedAt < nowMs - madeNowMs)
    all.push({ kind: 'modified', by: 'last-modified', value: lastModified, score: 0.3, place: 'header' })
  return all
}

const numeric = /(?<!\d)(\d{1,2})[/-](\d{1,2})[/-](?:(?:19|20)\d\d|\d\d)(?!\d)/

/** Possible readings, the likelier first; undefined for what is no date at all. */
function readingsOf(claim: Claim, order: DayOrder, nowMs: number): DateCandidate[] | undefined {
  const printed = parsePrinted(claim.value, order)
  // Who renews the year at the foot of all pages says nothing of one of them.
  if (!printed || (claim.by === 'copyright' && printed.day.startsWith(String(new Date(nowMs).getUTCFullYear())))) return undefined
  const other = numeric.test(claim.value) ? parsePrinted(claim.value, order === 'day-first' ? 'month-first' : 'day-first') : undefined
  const readings = other && other.day !== printed.day ? [printed, other] : [printed]
  return readings.flatMap((reading) => {
    const possible = within(reading, nowMs)
    const share = possible && possible.atMs < webMs && shownOnly.has(claim.by) ? beforeWebShare : 1
    return possible ? [{ ...claim, ...possible, score: claim.score * share }] : []
  })
}

function within(printed: PrintedDate, nowMs: number): PrintedDate | undefined {
  const { atMs, isZoned } = printed
  if (atMs < earliestMs || zeroDays.has(printed.day) || atMs > nowMs + (isZoned ? skewMs : zonelessMs)) return undefined
  return { ...printed, atMs: Math.min(atMs, nowMs) }
}

const americans = /\.(?:us|gov|mil|edu)$/

/** As a date of the page that can be read in one way only shows; else as its language and host have it. */
function dayOrder(claims: readonly DateClaim[], { url, lang }: DatedPage): DayOrder {
  for (const { by, value } of claims) {
    const match = by === 'url' ? null : numeric.exec(value)
    if (match && Number(match[1]) > 12 && Number(match[2]) <= 12) return 'day-first'
    if (match && Number(match[2]) > 12 && Number(match[1]) <= 12) return 'month-first'
  }
  const language = lang?.toLowerCase().replace('_', '-') ?? ''
  const host = URL.parse(url)?.hostname ?? ''
  if (/^(?:en-us|en-ph|es-us)/.test(language) || americans.test(host)) return 'month-first'
  if (language.startsWith('en-') || (language !== '' && !language.startsWith('en'))) return 'day-first'
  return /\.(?:com|org|net|io)$/.test(host) ? 'month-first' : 'day-first'
}

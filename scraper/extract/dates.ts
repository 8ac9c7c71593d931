import type { Document } from '#schemas/document.ts'
import type { DateClaim } from './date-claims.ts'
import { parsePrinted, type DayOrder, type PrintedDate } from './date-formats.ts'
import { urlDate } from './date-url.ts'

export interface DateCandidate extends PrintedDate {
  kind: DateClaim['kind']
  by: DateClaim['by'] | 'url' | 'last-modified'
  value: string
  score: number
  place: string
}

export interface PageDates {
  publishedAt: Date | null
  /** `YYYY-MM-DD` as printed. */
  publishedDay: string | null
  publishedBy: Document['published_by']
  /** 0..1 */
  publishedScore: number
  modifiedAt: Date | null
  /** All that could be read and is possible, best first. */
  candidates: DateCandidate[]
}

export interface DatedPage {
  url: string
  /** The lang attribute of the document. */
  lang: string | undefined
  /** The header of that name. */
  lastModified: string | undefined
  nowMs: number
}

const earliestMs = Date.UTC(1995, 0, 1)
/** A time without a zone may be the time of the easternmost. */
const zonelessMs = 14 * 3_600_000
/** A page was published when it last changed, or before. */
const modifiedShare = 0.5
const skewMs = 10 * 60_000

export function pageDates(claims: readonly DateClaim[], page: DatedPage): PageDates {
  const order = dayOrder(claims, page)
  const candidates = readAll(claims, page, order)
  const published = best(candidates, 'published')
  const modified = best(candidates, 'modified')
  const chosen = published ?? modified
  const printedDay = chosen && localDay(chosen, candidates)
  return {
    publishedAt: chosen ? new Date(chosen.atMs) : null,
    publishedDay: printedDay ?? null,
    publishedBy: chosen?.by ?? 'none',
    publishedScore: chosen ? (published ? chosen.score : chosen.score * modifiedShare) : 0,
    modifiedAt: modified ? new Date(modified.atMs) : null,
    candidates: candidates.toSorted((a, b) => b.score - a.score),
  }
}

/**
 * Machines write UTC, people read the day it was where they are: when a visible date is the neighbour of the day of an instant in UTC, and there is
 * a zone in which it is the day of that instant, it is the printed one.
 */
function localDay(chosen: DateCandidate, candidates: readonly DateCandidate[]): string {
  if (chosen.precision !== 'time' || !chosen.isUtc) return chosen.day
  let found: DateCandidate | undefined
  for (const other of candidates) {
    const isVisible = other.kind === 'published' && !other.isZoned && other.score >= visibleMin
    if (isVisible && isSameMoment(other, chosen.atMs) && (!found || other.score > found.score)) found = other
  }
  return found?.day ?? chosen.day
}

/** Whether a local date or time may be an instant: the two are a whole number of quarters of an hour apart, as zones are. */
function isSameMoment({ atMs, precision }: DateCandidate, instantMs: number): boolean {
  const [from, to] = precision === 'time' ? [atMs, atMs] : [atMs, atMs + dayMs - 1]
  if (to < instantMs - westMs || from > instantMs + eastMs) return false
  if (precision !== 'time') return precision === 'day'
  const rest = (((atMs - instantMs) % quarterMs) + quarterMs) % quarterMs
  return Math.min(rest, quarterMs - rest) <= 2 * minuteMs
}

const minuteMs = 60_000
const quarterMs = 15 * minuteMs
const dayMs = 86_400_000
const westMs = dayMs / 2
const eastMs = 14 * 60 * minuteMs
const visibleMin = 0.6

function best(candidates: readonly DateCandidate[], kind: DateClaim['kind']): DateCandidate | undefined {
  let found: DateCandidate | undefined
  for (const candidate of candidates) if (candidate.kind === kind && (!found || candidate.score > found.score)) found = candidate
  return found
}

function readAll(claims: readonly DateClaim[], { url, lastModified, nowMs }: DatedPage, order: DayOrder): DateCandidate[] {
  const inUrl = urlDate(url, order)
  const all: (Omit<DateClaim, 'by'> & { by: DateCandidate['by'] })[] = [...claims]
  if (inUrl) all.push({ kind: 'published', by: 'url', value: inUrl.value, score: inUrl.score, place: 'url' })
  if (lastModified !== undefined) all.push({ kind: 'modified', by: 'last-modified', value: lastModified, score: 0.3, place: 'header' })
  return all.flatMap((claim) => {
    const printed = parsePrinted(claim.value, order)
    const possible = printed && within(printed, nowMs)
    return possible ? [{ ...claim, ...possible }] : []
  })
}

function within(printed: PrintedDate, nowMs: number): PrintedDate | undefined {
  const { atMs, isZoned } = printed
  if (atMs < earliestMs || atMs > nowMs + (isZoned ? skewMs : zonelessMs)) return undefined
  return { ...printed, atMs: Math.min(atMs, nowMs) }
}

const americans = /\.(?:us|gov|mil|edu)$/

function dayOrder(claims: readonly DateClaim[], { url, lang }: DatedPage): DayOrder {
  for (const { value } of claims) {
    const match = /(?<!\d)(\d{1,2})[/-](\d{1,2})[/-](?:19|20)?\d\d(?!\d)/.exec(value)
    if (match && Number(match[1]) > 12 && Number(match[2]) <= 12) return 'day-first'
    if (match && Number(match[2]) > 12 && Number(match[1]) <= 12) return 'month-first'
  }
  const language = lang?.toLowerCase().replace('_', '-') ?? ''
  const host = URL.parse(url)?.hostname ?? ''
  if (/^(?:en-us|en-ph|es-us)/.test(language) || americans.test(host)) return 'month-first'
  if (language.startsWith('en-') || (language !== '' && !language.startsWith('en'))) return 'day-first'
  return /\.(?:com|org|net|io)$/.test(host) ? 'month-first' : 'day-first'
}

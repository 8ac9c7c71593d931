import type { Document } from '#schemas/document.ts'
import { dateCandidates, type DateCandidate, type DatedPage } from './date-candidates.ts'
import type { DateClaim } from './date-claims.ts'
import { isSameMoment, zoneHours } from './date-zone.ts'

export type { DateCandidate } from './date-candidates.ts'

export interface PageDates {
  /** Beginning of the printed day where no time is named. A time without a zone is UTC; the future is cut off at `nowMs`. */
  publishedAt: Date | null
  /** `YYYY-MM-DD`: the day as people read it on the page, whatever zone that is in. */
  publishedDay: string | null
  publishedBy: Document['published_by']
  /** How sure, 0..1; 0 when there is none. */
  publishedScore: number
  modifiedAt: Date | null
  /** All that could be read and is possible, best first. */
  candidates: DateCandidate[]
}

/** A page was published when it last changed, or before. */
const modifiedShare = 0.5
/** What a date gains from another kind of evidence that names the same day. */
const agreementShare = 0.35
/** What is left when the page names dates that cannot be, or that it was changed before it was published. */
const contradictionShare = 0.8
const visibleMin = 0.6
/** What is less sure is no date of the page: a month in one of its sentences. */
const leastScore = 0.149

/**
 * When a page was published and last changed, by the surest of its claims: what machines are told (JSON-LD, meta, microdata), elements made for dates, the
 * address, labelled and plain text, the Last-Modified header, the year of a copyright. Nothing after `nowMs`, nothing before 1900.
 */
export function pageDates(claims: readonly DateClaim[], page: DatedPage): PageDates {
  const { candidates: read, impossible } = dateCandidates(claims, page)
  const candidates = read.toSorted((a, b) => b.score - a.score)
  const modified = best(candidates, 'modified')
  const published = best(candidates, 'published')
  const isModified = modified !== undefined && (published?.score ?? 0) < modified.score * modifiedShare
  const likely = isModified ? modified : published
  const chosen = likely && likely.score * (isModified ? modifiedShare : 1) >= leastScore ? likely : undefined
  if (!chosen)
    return { publishedAt: null, publishedDay: null, publishedBy: 'none', publishedScore: 0, modifiedAt: modified ? new Date(modified.atMs) : null, candidates }
  const isContradicted = impossible > 0 || (modified !== undefined && chosen === published && modified.score >= visibleMin && modified.day < chosen.day)
  return {
    publishedAt: new Date(chosen.atMs),
    publishedDay: localDay(chosen, candidates, page.lang),
    publishedBy: chosen.by,
    publishedScore: agreed(chosen, candidates) * (isModified ? modifiedShare : 1) * (isContradicted ? contradictionShare : 1),
    modifiedAt: modified ? new Date(modified.atMs) : null,
    candidates,
  }
}

/** @param candidates best first; of equals in meta, which stands for the page alone, the earliest, else the first of the page */
function best(candidates: readonly DateCandidate[], kind: DateClaim['kind']): DateCandidate | undefined {
  let found: DateCandidate | undefined
  for (const candidate of candidates) {
    if (candidate.kind !== kind) continue
    const isEqual = candidate.score === found?.score && candidate.by === 'meta' && found.by === 'meta'
    if (!found || (isEqual && candidate.atMs < found.atMs)) found = candidate
  }
  return found
}

/** Evidence of different kinds that names the same day. */
function agreed({ day, score, by }: DateCandidate, candidates: readonly DateCandidate[]): number {
  const others = new Map<string, number>()
  for (const other of candidates) if (other.day === day && other.by !== by) others.set(other.by, Math.max(others.get(other.by) ?? 0, other.score))
  if (others.size === 0) return score
  let doubt = 1 - score
  for (const other of others.values()) doubt *= 1 - agreementShare * other
  return 1 - doubt
}

const isVisible = ({ kind, isZoned, score }: DateCandidate): boolean => kind === 'published' && !isZoned && score >= visibleMin

/** Machines write UTC, people read the day it was where they are: the visible date of the same moment, if there is one, is the printed day. */
function localDay(chosen: DateCandidate, candidates: readonly DateCandidate[], lang: string | undefined): string {
  if (chosen.precision !== 'time' || !chosen.isUtc) return chosen.day
  const hours = zoneHours(lang)
  return candidates.find((other) => isVisible(other) && isSameMoment(other, chosen.atMs, hours))?.day ?? chosen.day
}

import { bucketableTime, timeBucketOf, timeScalar } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import { parseDate } from '../extract/dates/date-header.ts'

/** What a page says of its age, and when it was asked. */
export type DatedDocument = Pick<Document, 'published_at' | 'published_by' | 'published_score' | 'last_modified' | 'fetched_at'>

/** What others know of the same page. Times are ms since epoch. */
export interface PageHistory {
  /** First good visit. */
  firstSeenAt?: number | undefined
  /** When it last changed, as a sitemap or feed says. */
  sitemapAt?: number | undefined
  /** Of the version before this one: the publication that was believed, and whether its text was this one. */
  earlier?: { publishedAt: number | undefined; isSameText: boolean } | undefined
}

/**
 * Why a page's own claim is not believed as it stands: it says to be published after its file was last changed, after a sitemap knew it, after it was first
 * seen; or its date was moved while its text stayed.
 */
type DateDoubt = 'after_last_modified' | 'after_sitemap' | 'after_first_seen' | 'moved'

export interface Freshness {
  /** What freshness counts from: published, else first seen. Never after the fetch, nor before the Unix epoch, where time buckets begin. */
  datetime: Date
  /** What is left of the claim. */
  publishedAt: Date | null
  publishedBy: Document['published_by']
  publishedScore: number
  doubts: DateDoubt[]
  ageMs: number
  /** Whole hours since the Unix epoch. */
  timeBucket: number
  /** By the Data Universe rule: 1 when new, ½ at 30 days, then 0. */
  value: number
}

/** Clocks differ, and days are printed without their zone. */
const slackMs = 86_400_000
/** A page that was changed just now is made for each visit: its header says nothing. */
const madeNowMs = 10 * 60_000
/** Servers and sitemaps are no older than the web; what they say of a time before is of a file whose date was lost. Pages may well be older. */
const earliestMs = Date.UTC(1995, 0, 1)
/** What each doubt leaves of the trust in the date. */
const doubtShare = { after_last_modified: 0.6, after_sitemap: 0.7, after_first_seen: 0.8, moved: 0.5 } as const
const sitemapScore = 0.25

/** The claim as it is judged. */
interface Belief {
  at: number | undefined
  by: Document['published_by']
  score: number
  doubts: DateDoubt[]
}

/**
 * The time that a page is as old as. Its claim is held against what is known beside it; what it cannot support makes it older, never younger, so that nobody
 * gains by a page that lies. Pure: the miner and the validator come to the same time from the same evidence.
 */
export function freshness(page: DatedDocument, { firstSeenAt, sitemapAt, earlier }: PageHistory = {}): Freshness {
  const fetchedAt = page.fetched_at.getTime()
  const belief: Belief = { at: page.published_at?.getTime(), by: page.published_by, score: page.published_score, doubts: [] }
  notAfter(belief, lastModifiedOf(page), 'after_last_modified', 'last-modified')
  notAfter(belief, possible(sitemapAt, fetchedAt), 'after_sitemap', 'sitemap')
  holdToHistory(belief, firstSeenAt, earlier)
  if (belief.at === undefined && sitemapAt !== undefined && possible(sitemapAt, fetchedAt) !== undefined) {
    Object.assign(belief, { at: sitemapAt, by: 'sitemap', score: sitemapScore })
  }
  const publishedAt = belief.at === undefined ? undefined : Math.min(belief.at, fetchedAt)
  const at = bucketableTime(publishedAt ?? Math.min(firstSeenAt ?? Infinity, fetchedAt))
  return {
    datetime: new Date(at),
    publishedAt: publishedAt === undefined ? null : new Date(publishedAt),
    publishedBy: belief.by,
    publishedScore: belief.score,
    doubts: belief.doubts,
    ageMs: fetchedAt - at,
    timeBucket: timeBucketOf(at),
    value: timeScalar(fetchedAt - at),
  }
}

/** A page that was there at a time was not published after it. */
function notAfter(belief: Belief, limit: number | undefined, doubt: DateDoubt, by: Document['published_by']): void {
  if (belief.at === undefined || limit === undefined || belief.at <= limit + slackMs) return
  move(belief, limit, doubt)
  belief.by = by
}

/** The same text with a later date was moved, and keeps the earlier one; another text at the same address may be newer. */
function holdToHistory(belief: Belief, firstSeenAt: number | undefined, earlier: PageHistory['earlier']): void {
  if (belief.at === undefined) return
  const before = earlier?.isSameText ? (earlier.publishedAt ?? firstSeenAt) : undefined
  if (before !== undefined && belief.at > before) {
    // Without slack, else a date could creep.
    if (belief.at > before + slackMs) move(belief, before, 'moved')
    else belief.at = before
  } else if (firstSeenAt !== undefined && belief.at > firstSeenAt + slackMs) move(belief, belief.at, 'after_first_seen')
}

function move(belief: Belief, to: number, doubt: DateDoubt): void {
  belief.at = to
  belief.score *= doubtShare[doubt]
  belief.doubts.push(doubt)
}

function lastModifiedOf({ last_modified, fetched_at }: DatedDocument): number | undefined {
  const at = last_modified === null ? undefined : parseDate(last_modified)?.getTime()
  return at !== undefined && at > fetched_at.getTime() - madeNowMs ? undefined : possible(at, fetched_at.getTime())
}

const possible = (at: number | undefined, fetchedAt: number): number | undefined => (at !== undefined && at >= earliestMs && at <= fetchedAt ? at : undefined)

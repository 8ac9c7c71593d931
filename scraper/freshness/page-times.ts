import type { Document } from '#schemas/document.ts'
import type { DateClaim } from '../extract/dates/date-claims.ts'
import { pageDates } from '../extract/dates/dates.ts'
import { freshness } from './freshness.ts'

type PageTimes = Pick<Document, 'datetime' | 'published_at' | 'published_by' | 'published_score' | 'modified_at' | 'fetched_at'>

export interface TimedPage {
  url: string
  lang: string | undefined
  dates: readonly DateClaim[]
  /** The header of that name. */
  lastModified: string | undefined
  /** Time of the fetch. */
  nowMs: number
}

/** The times of a document, as far as the page itself and its header tell; a miner that saw it before knows more (page-history.ts). */
export function pageTimes({ dates, ...page }: TimedPage): PageTimes {
  const { publishedAt, publishedBy, publishedScore, modifiedAt } = pageDates(dates, page)
  const fetchedAt = new Date(page.nowMs)
  const said = { published_at: publishedAt, published_by: publishedBy, published_score: publishedScore, fetched_at: fetchedAt }
  const fresh = freshness({ ...said, last_modified: page.lastModified ?? null })
  return {
    datetime: fresh.datetime,
    published_at: fresh.publishedAt,
    published_by: fresh.publishedBy,
    published_score: fresh.publishedScore,
    modified_at: modifiedAt,
    fetched_at: fetchedAt,
  }
}

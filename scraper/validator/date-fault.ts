import type { Document } from '#schemas/document.ts'

const dayMs = 86_400_000
/** Below this a date is no more than a guess, or one that was held against an earlier version: two looks may differ in it. */
const sureMin = 0.5

/** A row, or what the page itself supports, as freshness/freshness.ts judges it. */
type Dated = Pick<Document, 'published_at' | 'published_score'>

/**
 * How a row's date cannot be the page's. `date`: it claims to be fresher by more than a day than the page supports. `date_back`: it claims to be older, though
 * both are sure and the page said otherwise when the miner was there: older is worth more to a job with a range of dates.
 */
export function dateFault(row: Dated & Pick<Document, 'datetime' | 'fetched_at'>, page: Dated): 'date' | 'date_back' | undefined {
  if (page.published_at === null) return undefined
  const said = page.published_at.getTime()
  if ((row.published_at ?? row.datetime).getTime() > said + dayMs) return 'date'
  if (row.published_at === null || row.published_score < sureMin || page.published_score < sureMin) return undefined
  const wasThere = said + dayMs <= row.fetched_at.getTime()
  return wasThere && row.published_at.getTime() < said - dayMs ? 'date_back' : undefined
}

/** A date that the row says its page named, when the page names none. What a sitemap said stands elsewhere. */
export const madeUpDate = (row: Pick<Document, 'published_at' | 'published_by'>, page: Dated): 'date_made_up' | undefined =>
  row.published_at !== null && row.published_by !== 'sitemap' && page.published_at === null ? 'date_made_up' : undefined

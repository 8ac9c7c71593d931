import type { Document } from '#schemas/document.ts'

const dayMs = 86_400_000
/** Below this a date is no more than a guess, or one that was held against an earlier version: two looks may differ in it. */
const sureMin = 0.5

/** What the page itself supports, as freshness/freshness.ts judges it. */
export interface SupportedDate {
  publishedAt: Date | null
  publishedScore: number
}

/**
 * How a row's date cannot be the page's. `date`: it claims to be fresher by more than a day than the page supports. `date_back`: it claims to be older, though
 * both are sure and the page said otherwise when the miner was there: older is worth more to a job with a range of dates.
 */
export function dateFault(row: Document, page: SupportedDate): 'date' | 'date_back' | undefined {
  if (page.publishedAt === null) return undefined
  const said = page.publishedAt.getTime()
  if ((row.published_at ?? row.datetime).getTime() > said + dayMs) return 'date'
  if (row.published_at === null || row.published_score < sureMin || page.publishedScore < sureMin) return undefined
  const wasThere = said + dayMs <= row.fetched_at.getTime()
  return wasThere && row.published_at.getTime() < said - dayMs ? 'date_back' : undefined
}

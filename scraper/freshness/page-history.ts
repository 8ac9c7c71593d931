import type { Document } from '#schemas/document.ts'
import type { Claim } from '#schemas/frontier.ts'
import { decodeMemory, type KeptVersion } from '../revisit/page-memory.ts'
import { freshness, type DatedDocument, type PageHistory } from './freshness.ts'
import { isSameSketch, textSketch } from './text-sketch.ts'

type Dated = DatedDocument & Pick<Document, 'datetime' | 'minhash'>

/** The page with the time it is as old as, and what the next version is held against. */
export function datedByHistory<Page extends Dated>(page: Page, claim: Pick<Claim, 'modifiedAt' | 'previous'>): { page: Page; kept: KeptVersion } {
  const sketch = textSketch(page.minhash)
  const { datetime, publishedAt, publishedBy, publishedScore } = freshness(page, historyOf(claim, sketch))
  const dated = { ...page, datetime, published_at: publishedAt, published_by: publishedBy, published_score: publishedScore }
  return { page: dated, kept: { publishedAt: publishedAt?.getTime(), sketch } }
}

function historyOf({ modifiedAt, previous }: Pick<Claim, 'modifiedAt' | 'previous'>, sketch: string): PageHistory {
  const life = decodeMemory(previous?.memory)?.life
  const earlier = life?.kept && { publishedAt: life.kept.publishedAt, isSameText: isSameSketch(life.kept.sketch, sketch) }
  return { firstSeenAt: life?.firstSeenAt, sitemapAt: modifiedAt, earlier }
}

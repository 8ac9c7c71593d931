import { describe, expect, test } from 'vitest'
import { dateClaims } from './date-claims.ts'
import { pageDates } from './dates.ts'
import { parseHtml } from './dom.ts'

const nowMs = Date.UTC(2026, 0, 1, 12)
const datesOf = (html: string, page: { url?: string; lang?: string; lastModified?: string } = {}) =>
  pageDates(dateClaims(parseHtml(html).root), { url: 'https://site.example/', lang: undefined, lastModified: undefined, nowMs, ...page })

describe('the publication of a page', () => {
  test.each([
    ['json-ld', '<script type="application/ld+json">{"@type":"NewsArticle","datePublished":"2025-03-04"}</script>'],
    ['meta', '<meta property="article:published_time" content="2025-03-04T10:00:00Z">'],
    ['microdata', '<span itemprop="datePublished" content="2025-03-04">then</span>'],
    ['time', '<h1>A title</h1><time datetime="2025-03-04">4 March</time>'],
    ['text', '<h1>A title</h1><p>Published on 4 March 2025</p>'],
  ])('is found by %s', (by, html) => {
    expect(datesOf(html)).toMatchObject({ publishedDay: '2025-03-04', publishedBy: by })
  })

  test('is found in the address', () => {
    expect(datesOf('<p>Nothing', { url: 'https://site.example/2025/03/04/title' })).toMatchObject({ publishedDay: '2025-03-04', publishedBy: 'url' })
  })

  test('is Last-Modified as a last resort, and then it is not sure', () => {
    const { publishedAt, publishedBy, publishedScore } = datesOf('<p>Nothing', { lastModified: 'Wed, 01 Jan 2025 00:00:00 GMT' })
    expect([publishedAt, publishedBy]).toEqual([new Date('2025-01-01'), 'last-modified'])
    expect(publishedScore).toBeLessThan(0.3)
  })

  test('is nothing when nothing is said, or only what cannot be', () => {
    const none = { publishedAt: null, publishedDay: null, publishedBy: 'none', publishedScore: 0, modifiedAt: null, candidates: [] }
    expect(datesOf('<p>Nothing')).toEqual(none)
    expect(datesOf('<time datetime="2026-02-01"></time><meta name="date" content="1989-01-01"><meta name="date" content="2025-02-31">')).toEqual(none)
  })
})

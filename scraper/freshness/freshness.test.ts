import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { timeBucketOf } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import { freshness, type DatedDocument, type PageHistory } from './freshness.ts'

const day = 86_400_000
const now = Date.UTC(2026, 0, 31)
const ago = (days: number) => new Date(now - days * day)
const page = (publishedDaysAgo: number | null, others: Partial<DatedDocument> = {}): DatedDocument => ({
  published_at: publishedDaysAgo === null ? null : ago(publishedDaysAgo),
  published_by: publishedDaysAgo === null ? 'none' : 'meta',
  published_score: publishedDaysAgo === null ? 0 : 0.9,
  last_modified: null,
  fetched_at: new Date(now),
  ...others,
})

describe('a page is as old as', () => {
  test('its publication', () => {
    expect(freshness(page(3))).toEqual({
      datetime: ago(3),
      publishedAt: ago(3),
      publishedBy: 'meta',
      publishedScore: 0.9,
      doubts: [],
      ageMs: 3 * day,
      timeBucket: timeBucketOf(now - 3 * day),
      value: 0.95,
    })
  })

  test('its publication in an archive, as far as time buckets reach', () => {
    expect(freshness(page(0, { published_at: new Date('1985-05-01') }))).toMatchObject({
      datetime: new Date('1985-05-01'),
      value: 0,
      timeBucket: timeBucketOf(Date.UTC(1985, 4, 1)),
    })
    expect(freshness(page(0, { published_at: new Date('1923-05-01') }))).toMatchObject({
      datetime: new Date(0),
      publishedAt: new Date('1923-05-01'),
      value: 0,
      timeBucket: 0,
    })
  })

  test('its first visit when it names no date', () => {
    expect(freshness(page(null), { firstSeenAt: now - 5 * day })).toMatchObject({ datetime: ago(5), publishedAt: null, publishedBy: 'none', publishedScore: 0 })
    expect(freshness(page(null)).datetime).toEqual(new Date(now))
  })

  test('its line in a sitemap when it names no date', () => {
    const fresh = freshness(page(null), { firstSeenAt: now - day, sitemapAt: now - 9 * day })
    expect(fresh).toMatchObject({ datetime: ago(9), publishedAt: ago(9), publishedBy: 'sitemap' })
    expect(fresh.publishedScore).toBeLessThan(0.5)
  })
})

describe('a claim is not believed', () => {
  test('when the file was last changed before', () => {
    const claim = page(1, { last_modified: ago(40).toUTCString() })
    expect(freshness(claim)).toMatchObject({
      datetime: ago(40),
      publishedBy: 'last-modified',
      publishedScore: 0.9 * 0.6,
      doubts: ['after_last_modified'],
      value: 0,
    })
  })

  test('when a sitemap knew the page before', () => {
    expect(freshness(page(1), { sitemapAt: now - 10 * day })).toMatchObject({ datetime: ago(10), publishedBy: 'sitemap', doubts: ['after_sitemap'] })
  })

  test('when it was moved and the text was not: the earlier date stays', () => {
    const earlier = { publishedAt: now - 20 * day, isSameText: true }
    expect(freshness(page(0), { firstSeenAt: now - 15 * day, earlier })).toMatchObject({ datetime: ago(20), publishedScore: 0.45, doubts: ['moved'] })
  })

  test('when a page that named no date names one later than its first visit, with the same text', () => {
    const earlier = { publishedAt: undefined, isSameText: true }
    expect(freshness(page(0), { firstSeenAt: now - 15 * day, earlier })).toMatchObject({ datetime: ago(15), doubts: ['moved'] })
  })
})

describe('a claim is believed', () => {
  test('though less, when another text is at the address now', () => {
    const earlier = { publishedAt: now - 20 * day, isSameText: false }
    expect(freshness(page(0), { firstSeenAt: now - 20 * day, earlier })).toMatchObject({
      datetime: ago(0),
      publishedScore: 0.9 * 0.8,
      doubts: ['after_first_seen'],
    })
  })

  test.each([
    ['made for this visit', now - 1000],
    ['of no possible time', Date.UTC(1970, 0, 1)],
    ['of the same day', now - 1.9 * day],
  ])('beside a Last-Modified %s', (_, at) => {
    expect(freshness(page(1, { last_modified: new Date(at).toUTCString() }))).toMatchObject({ datetime: ago(1), doubts: [] })
  })

  test('when it was moved back', () => {
    const earlier = { publishedAt: now - 2 * day, isSameText: true }
    expect(freshness(page(9), { firstSeenAt: now - day, earlier }).datetime).toEqual(ago(9))
  })
})

const anyTime = fc.integer({ min: 0, max: now + 400 * day })
const anyPage = fc.record<DatedDocument>({
  published_at: fc.option(anyTime.map((ms) => new Date(ms))),
  published_by: fc.constantFrom<Document['published_by']>('json-ld', 'text', 'last-modified', 'none'),
  published_score: fc.double({ min: 0, max: 1, noNaN: true }),
  last_modified: fc.option(
    fc.oneof(
      anyTime.map((ms) => new Date(ms).toUTCString()),
      fc.string(),
    ),
  ),
  fetched_at: fc.constant(new Date(now)),
})
const anyHistory = fc.record<PageHistory>({
  firstSeenAt: fc.option(anyTime, { nil: undefined }),
  sitemapAt: fc.option(anyTime, { nil: undefined }),
  earlier: fc.option(fc.record({ publishedAt: fc.option(anyTime, { nil: undefined }), isSameText: fc.boolean() }), { nil: undefined }),
})

describe('whatever a page and its history say', () => {
  test('it is never as young as the future, nor younger than it claims, and its score is one', () => {
    fc.assert(
      fc.property(anyPage, anyHistory, (said, history) => {
        const { datetime, publishedAt, publishedScore, ageMs, value } = freshness(said, history)
        expect(datetime.getTime()).toBeLessThanOrEqual(now)
        expect(ageMs).toBe(now - datetime.getTime())
        expect(publishedAt ?? datetime).toEqual(datetime)
        expect(datetime.getTime()).toBeLessThanOrEqual(said.published_at?.getTime() ?? now)
        expect(publishedScore).toBeGreaterThanOrEqual(0)
        expect(publishedScore).toBeLessThanOrEqual(1)
        expect(value === 0 || (value >= 0.5 && value <= 1)).toBe(true)
      }),
    )
  })

  test('what was judged is judged the same again', () => {
    fc.assert(
      fc.property(anyPage, (said) => {
        const once = freshness(said)
        const again = freshness({ ...said, published_at: once.publishedAt, published_by: once.publishedBy, published_score: once.publishedScore })
        expect(again).toEqual({ ...once, doubts: [] })
      }),
    )
  })
})

import { describe, expect, test } from 'vitest'
import { testDocument } from '#test/golden/documents.ts'
import { dateFault } from './date-fault.ts'

const day = 86_400_000
const fetched = Date.UTC(2026, 0, 20)
const ago = (days: number) => new Date(fetched - days * day)
const row = (publishedDaysAgo: number | null, score = 0.9) =>
  testDocument(1, {
    datetime: ago(publishedDaysAgo ?? 0),
    published_at: publishedDaysAgo === null ? null : ago(publishedDaysAgo),
    published_score: score,
    fetched_at: new Date(fetched),
  })
const page = (publishedDaysAgo: number | null, published_score = 0.9) => ({
  published_at: publishedDaysAgo === null ? null : ago(publishedDaysAgo),
  published_score,
})

describe('the date of a row', () => {
  test.each([
    ['is that of the page', row(5), page(5)],
    ['may be printed in another zone', row(4.5), page(5.4)],
    ['cannot be held against a page without one', row(1), page(null)],
    ['may be older than a date that was moved after the visit', row(5), page(-2)],
    ['may be older when the miner knew an earlier version, and is less sure for it', row(30, 0.45), page(5)],
    ['may be older than a guess', row(30), page(5, 0.3)],
  ])('%s', (_, claimed, found) => {
    expect(dateFault(claimed, found)).toBeUndefined()
  })

  test.each([
    ['fresher than the page says', row(1), page(5)],
    ['that of the visit, where the page has its own', row(null), page(5)],
    ['fresher than even a guess', row(1), page(5, 0.2)],
  ])('cannot be %s', (_, claimed, found) => {
    expect(dateFault(claimed, found)).toBe('date')
  })

  test('cannot be put back into the range of a job', () => {
    expect(dateFault(row(400), page(5))).toBe('date_back')
  })
})

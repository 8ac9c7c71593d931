import { describe, expect, test } from 'vitest'
import { pageDates, parseDate } from './dates.ts'

const now = Date.UTC(2026, 0, 1)
const day = (text: string) => new Date(text)

describe('a date is read', () => {
  test.each([
    ['2025-03-04', '2025-03-04T00:00:00Z'],
    ['20250304', '2025-03-04T00:00:00Z'],
    ['2025-03-04T05:06', '2025-03-04T05:06:00Z'],
    ['2025-03-04 05:06:07', '2025-03-04T05:06:07Z'],
    ['2025-03-04T05:06:07.891Z', '2025-03-04T05:06:07Z'],
    ['2025-03-04T05:06:07+02:00', '2025-03-04T03:06:07Z'],
    ['2025-03-01T00:06:07+0200', '2025-02-28T22:06:07Z'],
    ['Tue, 04 Mar 2025 05:06:07 GMT', '2025-03-04T05:06:07Z'],
    ['04 Mar 2025 05:06 PST', '2025-03-04T13:06:00Z'],
  ])('%s', (text, expected) => expect(parseDate(text)).toEqual(day(expected)))

  test.each(['', 'yesterday', '04/03/2025', 'March 4, 2025', '2025-13-01', '2025-02-31', '2025-03-04T25:00', '1741064767'])('unless it is none: %j', (text) =>
    expect(parseDate(text)).toBeUndefined(),
  )
})

describe('the dates of a page', () => {
  test('the first claim that is possible counts, with how it was found', () => {
    const claims = [
      { kind: 'published', by: 'json-ld', value: '2031-01-01' },
      { kind: 'published', by: 'json-ld', value: '1970-01-01' },
      { kind: 'modified', by: 'meta', value: '2025-06-01' },
      { kind: 'published', by: 'meta', value: '2025-05-01' },
      { kind: 'published', by: 'time', value: '2025-04-01' },
    ] as const
    expect(pageDates(claims, 'Wed, 01 Jan 2025 00:00:00 GMT', now)).toEqual({
      publishedAt: day('2025-05-01'),
      publishedBy: 'meta',
      modifiedAt: day('2025-06-01'),
    })
  })
  test('Last-Modified is the last resort', () => {
    const at = day('2025-01-01')
    expect(pageDates([], 'Wed, 01 Jan 2025 00:00:00 GMT', now)).toEqual({ publishedAt: at, publishedBy: 'last-modified', modifiedAt: at })
  })
  test('nothing found is said so; the future is nothing', () => {
    expect(pageDates([{ kind: 'published', by: 'time', value: '2026-01-02' }], undefined, now)).toEqual({
      publishedAt: null,
      publishedBy: 'none',
      modifiedAt: null,
    })
  })
})

import { describe, expect, test } from 'vitest'
import { retryAfterMs } from './retry-after.ts'
import { retryAfterTrouble } from './retry.ts'

const now = Date.UTC(2026, 0, 1)

describe('Retry-After', () => {
  test.each([
    ['120', 120_000],
    ['0', 0],
    [' 7 ', 7000],
    ['999999999', 86_400_000],
    ['99999999999999999999', 86_400_000],
    ['60 seconds', undefined],
    ['7200.0', undefined],
    ['Thu, 01 Jan 2026 00:01:30 GMT', 90_000],
    ['Thursday, 01-Jan-26 00:00:10 GMT', 10_000],
    ['Thu Jan  1 00:00:20 2026', 20_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j', (header, waitMs) => expect(retryAfterMs(header, now)).toBe(waitMs))
})

describe('after trouble', () => {
  test('network: three attempts, further and further apart', () => {
    expect([1, 2, 3].map((attempt) => retryAfterTrouble('timeout', attempt, undefined))).toEqual([
      { retry: true, inMs: 5000 },
      { retry: true, inMs: 20_000 },
      { retry: false },
    ])
  })
  test('a host that says when is asked then', () => expect(retryAfterTrouble('http_429', 4, 1234)).toEqual({ retry: true, inMs: 1234 }))
  test('a host without its robots.txt is left alone for long', () => {
    expect([1, 2].map((attempt) => retryAfterTrouble('robots_unreachable', attempt, undefined))).toEqual([
      { retry: true, inMs: 300_000 },
      { retry: true, inMs: 1_200_000 },
    ])
  })
  test('unless its robots.txt says when', () => {
    expect([30_000, 7_200_000].map((askedMs) => retryAfterTrouble('robots_unreachable', 2, askedMs))).toEqual([
      { retry: true, inMs: 30_000 },
      { retry: true, inMs: 7_200_000 },
    ])
  })
  test('and is given up in the end', () => expect(retryAfterTrouble('http_503', 6, 1234)).toEqual({ retry: false }))
})

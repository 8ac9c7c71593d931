import { describe, expect, test } from 'vitest'
import { retryAfterTrouble } from './retry.ts'

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

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { restAfterEnding, stands, withdrawn, withdraws } from './ending.ts'
import { decodeMemory, encodeMemory } from './page-memory.ts'

const hour = 3_600_000
const bounds = { minMs: hour, maxMs: 720 * hour }

describe('after an end that kept nothing', () => {
  test('a page rests an hour, two, four, …, a month at most', () => {
    const rests = Array.from({ length: 12 }, (_, n) => (restAfterEnding('http_404', n + 1, bounds) ?? 0) / hour)
    expect(rests).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 720, 720])
  })
  test('whatever its reason and however often it came, it comes again within the bounds, unless it is gone for good', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: hour }), (reason, ends, minMs) => {
        const restMs = restAfterEnding(reason, ends, { minMs, maxMs: 2 * hour })
        expect(restMs).toBeGreaterThanOrEqual(minMs)
        expect(restMs).toBeLessThanOrEqual(2 * hour)
      }),
    )
    expect(restAfterEnding('http_410', 1, bounds)).toBeUndefined()
  })
})

describe('what was stored of a page leaves', () => {
  test.each(['http_401', 'http_403', 'http_404', 'http_410', 'http_451', 'redirected', 'robots_disallowed', 'blocked', 'noindex', 'noai', 'tdm_reserved'])(
    'at once: %s',
    (reason) => expect(withdraws(reason, 1)).toBe(true),
  )
  test.each(['not_html', 'gopher_too_short', 'no_text', 'too_large', 'tls_expired', 'http_405', 'redirect_loop', 'bad_encoding'])(
    'when it is found a second time: %s',
    (reason) => expect([withdraws(reason, 1), withdraws(reason, 2)]).toEqual([false, true]),
  )
  test.each([
    'timeout',
    'headers_timeout',
    'dns_failed',
    'connection_failed',
    'http_500',
    'http_522',
    'http_429',
    'robots_unreachable',
    'internal',
    'redirect_rest_too_long',
    'excluded',
  ])('never: %s', (reason) => expect(withdraws(reason, 100)).toBe(false))
})

const previous = (memory: string, version = 1) => ({ etag: undefined, lastModified: undefined, version, memory })

test('a version stands until it is taken back, and where nobody can tell', () => {
  const life = { firstSeenAt: 1, checkedAt: 1, checks: 0, changes: 0, watchedMs: 0, quietMs: 0, dated: 0, undated: [], contents: ['a'.repeat(11)] }
  const kept = { ends: 0, life: { ...life, kept: { publishedAt: undefined, sketch: 'A'.repeat(19) } } }
  expect(stands(undefined)).toBe(false)
  expect(stands(previous(encodeMemory(kept), 0))).toBe(false)
  expect(stands(previous(encodeMemory(kept)))).toBe(true)
  expect(stands(previous(encodeMemory({ ends: 0, life })))).toBe(false)
  expect(stands(previous('of another time'))).toBe(true)
  const gone = encodeMemory(withdrawn(kept, undefined))
  expect(stands(previous(gone))).toBe(false)
  expect(decodeMemory(gone)?.life?.contents).toEqual([])
})

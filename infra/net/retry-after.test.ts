import { expect, test } from 'vitest'
import { retryAfterMs } from './retry-after.ts'

const now = Date.UTC(2026, 0, 1)

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
  ['Thu, 01 Jan 2026 00:01:30 CET', undefined],
  ['Thu, 99 Jan 2026 00:01:30 GMT', undefined],
  ['2027', 2_027_000],
  ['in 2027', undefined],
  [null, undefined],
  ['', undefined],
  [undefined, undefined],
])('a Retry-After of %j', (header, waitMs) => expect(retryAfterMs(header, now)).toBe(waitMs))

import { expect, test } from 'vitest'
import { foreignTime } from './foreign-time.ts'

test('times come as people write them; without a zone they are UTC', () => {
  const at = '2026-03-04T05:06:07.000Z'
  const spellings = [
    new Date(at),
    at,
    '2026-03-04 05:06:07',
    '2026-03-04T05:06:07Z',
    '2026-03-04 05:06:07 UTC',
    '2026-03-04T07:06:07+02:00',
    '2026-03-04T00:06:07-0500',
    ' 2026-03-04T05:06:07.000 ',
    1_772_600_767,
    1_772_600_767_000,
    1_772_600_767_000n,
    '1772600767',
    '1772600767000',
    1_772_600_767_000_000n,
    1_772_600_767_000_000_000n,
    '1772600767000000',
    '1772600767.0',
    'Wed, 04 Mar 2026 05:06:07 GMT',
    '4 Mar 2026 00:06:07 -0500',
    'Wed Mar 04 05:06:07 +0000 2026',
  ]
  expect(spellings.map((spelt) => foreignTime(spelt)?.toISOString())).toEqual(spellings.map(() => at))
  expect(foreignTime('2026-03-04')?.toISOString()).toBe('2026-03-04T00:00:00.000Z')
})

test('what is no time, or none of four digits, is none', () => {
  const wrong = [
    undefined,
    null,
    '',
    'yesterday',
    '2026-13-45',
    'Wed, 99 Mar 2026 05:06:07 GMT',
    '04/03/2026',
    'x'.repeat(1e6),
    NaN,
    Infinity,
    1e20,
    -1e20,
    {},
    [],
    true,
    new Date(NaN),
    10n ** 30n,
  ]
  expect(wrong.map(foreignTime)).toEqual(wrong.map(() => undefined))
})

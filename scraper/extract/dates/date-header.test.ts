import { describe, expect, test } from 'vitest'
import { parseDate } from './date-header.ts'

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

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDate } from './date-header.ts'

const now = Date.UTC(2026, 0, 1)

describe('a date is read', () => {
  test.each([
    // ISO 8601, W3C date and time formats
    ['2014', '2014-01-01T00:00:00Z'],
    ['2014-06', '2014-06-01T00:00:00Z'],
    ['2025-03-04', '2025-03-04T00:00:00Z'],
    ['20250304', '2025-03-04T00:00:00Z'],
    ['20250304T050607Z', '2025-03-04T05:06:07Z'],
    ['20250304050607', '2025-03-04T05:06:07Z'],
    ['2025-063', '2025-03-04T00:00:00Z'],
    ['2024-366', '2024-12-31T00:00:00Z'],
    ['2025-03-04T05:06', '2025-03-04T05:06:00Z'],
    ['2025-03-04 05:06:07', '2025-03-04T05:06:07Z'],
    ['2025-03-04t05:06:07z', '2025-03-04T05:06:07Z'],
    ['2025-03-04T05:06:07.891Z', '2025-03-04T05:06:07Z'],
    ['2025-03-04T05:06:07+02:00', '2025-03-04T03:06:07Z'],
    ['2025-03-01T00:06:07+0200', '2025-02-28T22:06:07Z'],
    ['2024-02-28 18:14:55 -08', '2024-02-29T02:14:55Z'],
    ['2025-012-31T10:14:55+00:00', '2025-12-31T10:14:55Z'],
    ['Fri, 2006/09/15 08:19:53 EDT', '2006-09-15T12:19:53Z'],
    ['2004-július-13T9:15-05:00', '2004-07-13T14:15:00Z'],
    ['2025-03-04Z', '2025-03-04T00:00:00Z'],
    ['2025-03-04+01:00', '2025-03-03T23:00:00Z'],
    ['20250304 05:06:07 -0700', '2025-03-04T12:06:07Z'],
    ['2025 Mar 4 05:06:07', '2025-03-04T05:06:07Z'],
    ['2025-03-04T24:00:00Z', '2025-03-05T00:00:00Z'],
    // HTTP
    ['Tue,04 Mar 2025 05:06:07 GMT', '2025-03-04T05:06:07Z'],
    ['"Tue, 04 Mar 2025 05:06:07 GMT"', '2025-03-04T05:06:07Z'],
    ['Tue, 04/Mar/2025 05:06:07 GMT', '2025-03-04T05:06:07Z'],
    ['Sun Nov  6 08:49:37 1994 GMT', '1994-11-06T08:49:37Z'],
    ['Tue, 04 Mar 2025 05:06:07 GMT', '2025-03-04T05:06:07Z'],
    ['Sunday, 06-Nov-94 08:49:37 GMT', '1994-11-06T08:49:37Z'],
    ['Sun Nov  6 08:49:37 1994', '1994-11-06T08:49:37Z'],
    ['Tue, 04-Mar-2025 05:06:07 GMT', '2025-03-04T05:06:07Z'],
    // mail and feeds
    ['04 Mar 2025 05:06 PST', '2025-03-04T13:06:00Z'],
    ['tue, 4 mar 2025 5:06:07 gmt', '2025-03-04T05:06:07Z'],
    ['Thu, 05 Jan 17 12:34:54 GMT', '2017-01-05T12:34:54Z'],
    ['Mon, 26 January 2026 16:31:00 +01:00', '2026-01-26T15:31:00Z'],
    ['Mon, 26 Januar 2026 16:31', '2026-01-26T16:31:00Z'],
    ['Κυρ, 11 Ιούλ 2004 12:00:00 EST', '2004-07-11T17:00:00Z'],
    ['Tue, 04 Mar 2025', '2025-03-04T00:00:00Z'],
    ['Mon, 13 Feb, 2012 06:28:00 UTC', '2012-02-13T06:28:00Z'],
    ['Thu Aug 30 2012 17:26:16 +0200', '2012-08-30T15:26:16Z'],
    ['Thu Jan 05 2017 12:34:54 GMT+0100 (Central European Standard Time)', '2017-01-05T11:34:54Z'],
    ['Sun Jul 15 01:16:00 +0000 2012', '2012-07-15T01:16:00Z'],
    ['Thu Jan  5 12:34:54 PST 2017', '2017-01-05T20:34:54Z'],
    ['March 4, 2025 10:30 pm', '2025-03-04T22:30:00Z'],
    ['March 4, 2025', '2025-03-04T00:00:00Z'],
    ['Wed, 19 Aug 2009 18:28:00 Etc/GMT', '2009-08-19T18:28:00Z'],
    ['Wed, 19 Feb 2012 22:40:00 GMT-01:01', '2012-02-19T23:41:00Z'],
    ['Thu, 30 Apr 2015 08:57:00 MEST', '2015-04-30T06:57:00Z'],
    ['Do, 30 Apr 2015 08:57:00 MESZ', '2015-04-30T06:57:00Z'],
    ['Mon, 26 Jan 2004 16:31:00 ET', '2004-01-26T21:31:00Z'],
    ['Mon, 26 Jan 2004 16:31:00 A', '2004-01-26T16:31:00Z'],
    ['Mon, 26 Jan 2004 16:31:00 XYZ', '2004-01-26T16:31:00Z'],
    ['Sat, 31 Dec 2016 23:59:60 GMT', '2017-01-01T00:00:00Z'],
    ['Mon, 26 Jan 2004 (a Monday) 16:31:00 -0500 (EST)', '2004-01-26T21:31:00Z'],
  ])('%s', (text, expected) => expect(parseDate(text, now)).toEqual(new Date(expected.replace('.891', ''))))

  test.each([
    ['Friday, 06-Nov-76 08:49:37 GMT', 2076],
    ['Saturday, 06-Nov-77 08:49:37 GMT', 1977],
    ['Thu, 05 Jan 49 12:34:54 GMT', 2049],
    ['Thu, 05 Jan 50 12:34:54 GMT', 1950],
  ])('its year of two digits by the rule of its format: %s', (text, year) => expect(parseDate(text, now)?.getUTCFullYear()).toBe(year))

  test('whatever it is written as', () => {
    const instant = fc
      .date({ min: new Date(0), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
      .map((date) => new Date(Math.floor(date.getTime() / 1000) * 1000))
    fc.assert(
      fc.property(instant, (date) => {
        expect(parseDate(date.toISOString(), now)).toEqual(date)
        expect(parseDate(date.toUTCString(), now)).toEqual(date)
        expect(parseDate(date.toString(), now)).toEqual(date)
      }),
    )
  })
})

test.each([
  '',
  'yesterday',
  '04/03/2025',
  '2025-13-01',
  '2025-00-01',
  '2025-02-31',
  '2025-366',
  '2025-000',
  '2025-03-04T25:00',
  '2025-03-04T24:01:00',
  '2025-03:00',
  '2025-04+01:00',
  '2025-03-04T10:61:55Z',
  '2025-03-04T10:14:61Z',
  '2025-03-04T10:14:55Z and more',
  '9999-12-31T23:59:59-99:99',
  '22013',
  '013',
  '2013-01-27-01',
  '1741064767',
  'Sun, 16 Dec 2012 1:2:3:4 GMT',
  'Sun, 16 zzz 2012 11:47:32 GMT',
  'Sun, 16 Dec zz 11:47:32 GMT',
  'Sun, 16 Dec 2012 11:47:32 +zz:00',
  'Sun, 99 Jun 2009 12:00:00 GMT',
  `Tue, 04 Mar 2025 05:06:07 ${'('.repeat(200)}`,
])('%j is no date', (text) => expect(parseDate(text, now)).toBeUndefined())

test('what comes of any text is a date or none', () => {
  const texts = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.stringMatching(/^[a-zA-Z0-9 :,+.-]{0,128}$/),
    fc.stringMatching(/^\d{1,4}-\d{1,2}-\d{1,2}T\d\d:\d\d[+-]\d\d:\d\d$/),
  )
  fc.assert(fc.property(texts, (text) => void expect(parseDate(text, now)?.getTime() ?? 0).not.toBeNaN()))
  for (const unit of ['1', 'a', ' ', '(', '()', '1 ', 'a ', '1-', ': ']) expect(parseDate(unit.repeat(Math.floor(128 / unit.length)), now)).toBeUndefined()
})

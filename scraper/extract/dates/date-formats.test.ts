import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parsePrinted } from './date-formats.ts'

const read = (text: string, order: 'day-first' | 'month-first' = 'day-first') => {
  const found = parsePrinted(text, order)
  return found && { day: found.day, at: new Date(found.atMs).toISOString(), precision: found.precision }
}
const dayOf = (text: string, order: 'day-first' | 'month-first' = 'day-first') => parsePrinted(text, order)?.day

describe('what machines write is read', () => {
  test.each([
    ['2025-03-04', '2025-03-04', '2025-03-04T00:00:00.000Z', 'day'],
    ['2025/3/4', '2025-03-04', '2025-03-04T00:00:00.000Z', 'day'],
    ['20250304', '2025-03-04', '2025-03-04T00:00:00.000Z', 'day'],
    ['20250304T050607Z', '2025-03-04', '2025-03-04T05:06:07.000Z', 'time'],
    ['2025-03-04T05:06:07.891Z', '2025-03-04', '2025-03-04T05:06:07.000Z', 'time'],
    ['2025-03-04 05:06 PM', '2025-03-04', '2025-03-04T17:06:00.000Z', 'time'],
    ['Tue, 04 Mar 2025 05:06:07 GMT', '2025-03-04', '2025-03-04T05:06:07.000Z', 'time'],
    ['Tue Mar 04 2025 05:06:07 GMT+0100', '2025-03-04', '2025-03-04T04:06:07.000Z', 'time'],
    ['Tue Mar  4 05:06:07 UTC 2025', '2025-03-04', '2025-03-04T00:00:00.000Z', 'day'],
    ['1741064767', '2025-03-04', '2025-03-04T05:06:07.000Z', 'time'],
    ['1741064767891', '2025-03-04', '2025-03-04T05:06:07.000Z', 'time'],
    ['2025-03', '2025-03-01', '2025-03-01T00:00:00.000Z', 'month'],
    ['2025', '2025-01-01', '2025-01-01T00:00:00.000Z', 'year'],
  ])('%s', (text, day, at, precision) => expect(read(text)).toEqual({ day, at, precision }))

  test('with its offset: the day is the printed one, the instant that of the world', () => {
    expect(read('2025-03-04T00:30:00+02:00')).toEqual({ day: '2025-03-04', at: '2025-03-03T22:30:00.000Z', precision: 'time' })
    expect(read('2025-03-04T23:30:00-0500')).toEqual({ day: '2025-03-04', at: '2025-03-05T04:30:00.000Z', precision: 'time' })
  })
})

describe('what people write is read', () => {
  test.each([
    'March 4, 2025',
    'Mar. 4th, 2025',
    'Tuesday, 4 March 2025',
    '4. März 2025',
    'Dienstag, 04. Mrz 2025, 17 Uhr',
    'le 4 mars 2025',
    '4 de marzo de 2025',
    '4 marzo 2025',
    '4 de março de 2025',
    '4 maart 2025',
    '4 marca 2025',
    '4 марта 2025 г.',
    '4 березня 2025',
    '4 Mart 2025',
    'den 4 mars 2025',
    '4. marts 2025',
    '4. mars 2025',
    '4. maaliskuuta 2025',
    '4. března 2025',
    '2025. március 4.',
    '4 martie 2025',
    '4 Μαρτίου 2025',
    '4 במרץ 2025',
    '٤ مارس ٢٠٢٥',
    '4 मार्च 2025',
    'मार्च 4, 2025',
    '4 มีนาคม 2568',
    '2025年3月4日',
    '2025년 3월 4일',
    '２０２５年３月４日',
    '4.3.2025',
    '04 | 03 | 2025',
    '4.3.25',
    '4-Mar-2025',
    '2025-Mar-04',
    'ngày 4 tháng 3 năm 2025',
    '4 tháng 3, 2025',
    '17:05 4 марта 2025 г.',
    '2025. gada 4. marts',
    '2025 ж. 4 наурыз',
    '2025(e)ko martxoaren 4(a)',
    '4 آذار 2025',
    '٤‏/٣‏/٢٠٢٥',
    '4 مارچ، 2025',
    '4 மார்ச், 2025',
    '4 մարտի, 2025 թ.',
    '2025. 3. 4.',
    '2025年3月4号',
    '4. ožujka 2025.',
    '4 бер. 2025 р.',
    '20250304050607',
    'am 4.3.25.',
    '04/03/25-11:06',
  ])('%s', (text) => expect(dayOf(text)).toBe('2025-03-04'))

  test('numbers stand in the order of the page, but where it cannot be', () => {
    expect(dayOf('3/4/2025', 'month-first')).toBe('2025-03-04')
    expect(dayOf('3/4/2025', 'day-first')).toBe('2025-04-03')
    expect(dayOf('3/14/2025', 'day-first')).toBe('2025-03-14')
    expect(dayOf('14/3/2025', 'month-first')).toBe('2025-03-14')
    expect(dayOf('3.4.2025', 'month-first')).toBe('2025-04-03')
  })

  test('a month in small letters is none of the words before it', () => {
    expect(dayOf('17 december 2021')).toBe('2021-12-17')
    expect(dayOf('17 de diciembre de 2021')).toBe('2021-12-17')
  })

  test('October in Croatian is November in Polish, without the point', () => {
    expect(dayOf('17. listopada 2021.')).toBe('2021-10-17')
    expect(dayOf('17 listopada 2021')).toBe('2021-11-17')
  })

  test('a year of two digits is of this century, or of the end of the last', () =>
    expect([dayOf('6.12.06'), dayOf('6.12.98')]).toEqual(['2006-12-06', '1998-12-06']))

  test('of two dates in a row, the first', () => expect(dayOf('June 29, 2020 November 12, 2021')).toBe('2020-06-29'))

  test.each(['in Mars 2025', 'Stand: 03/2025', '03.2025'])('a month is a date of its own: %s', (text) =>
    expect(read(text)).toMatchObject({ day: '2025-03-01', precision: 'month' }),
  )
})

test.each(['', 'yesterday', '31 February 2025', '2025-13-01', '2025-02-31', '32.1.2025', 'Room 2025b', '12', 'Version 1.2.3', '99/99/2025', 'Foo 4, 2025'])(
  'no date: %j',
  (text) => expect(dayOf(text)).toBeUndefined(),
)

describe('whatever the text', () => {
  const order = fc.constantFrom('day-first' as const, 'month-first' as const)
  const garbage = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.constantFrom('2025', '12', '٣', '年', '月', 'March', 'mai', '-', '/', '.', ' ', ',', 'T', ':', '+', '\ud800', 'Z', 'de'))
      .map((parts) => parts.join('')),
  )
  test('it is a day that exists, or none', () => {
    fc.assert(
      fc.property(garbage, order, (text, way) => {
        const found = parsePrinted(text, way)
        const day = found ? new Date(`${found.day}T00:00:00Z`) : new Date(0)
        expect(Number.isFinite(found?.atMs ?? 0) && day.toISOString().startsWith(found?.day ?? '')).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test('ISO 8601 comes back as it was', () => {
    const instant = fc.date({ min: new Date('1995-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
    fc.assert(
      fc.property(instant, order, (date, way) => {
        const found = parsePrinted(date.toISOString(), way)
        expect([found?.day, found?.atMs]).toEqual([date.toISOString().slice(0, 10), Math.floor(date.getTime() / 1000) * 1000])
      }),
    )
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { calendarMonth, dayInCalendar } from './date-calendars.ts'
import { parsePrinted } from './date-formats.ts'

const dayOf = (text: string) => parsePrinted(text, 'day-first')?.day
const isoDay = (atMs: number | undefined) => (atMs === undefined ? undefined : new Date(atMs).toISOString().slice(0, 10))

describe('a day of another calendar is a day of ours', () => {
  test.each([
    // Nowruz, the last day of a leap year, and the first of the next
    ['persian', 1403, 1, 1, '2024-03-20'],
    ['persian', 1403, 12, 30, '2025-03-20'],
    ['persian', 1404, 1, 1, '2025-03-21'],
    ['persian', 1399, 2, 5, '2020-04-24'],
    ['persian', 1400, 6, 31, '2021-09-22'],
    ['islamic-umalqura', 1442, 1, 1, '2020-08-20'],
    ['islamic-umalqura', 1445, 9, 1, '2024-03-11'],
  ] as const)('%s %i-%i-%i', (calendar, year, month, day, ours) => expect(isoDay(dayInCalendar(calendar, year, month, day))).toBe(ours))

  test('unless there is none', () => {
    expect(dayInCalendar('persian', 1404, 12, 30)).toBeUndefined()
    expect(dayInCalendar('persian', 1400, 7, 31)).toBeUndefined()
    expect(dayInCalendar('persian', 1400, 13, 1)).toBeUndefined()
    expect(dayInCalendar('persian', 1200, 1, 1)).toBeUndefined()
  })

  test('each day once, and in order', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('persian' as const, 'islamic-umalqura' as const),
        fc.integer({ min: 1350, max: 1450 }),
        fc.integer({ min: 1, max: 12 }),
        (calendar, year, month) => {
          const days = Array.from({ length: 28 }, (_, i) => dayInCalendar(calendar, year, month, i + 1) ?? Number.NaN)
          expect(days.every((atMs, i) => i === 0 || atMs - (days[i - 1] ?? 0) === 86_400_000)).toBe(true)
        },
      ),
      { numRuns: 50 },
    )
  })

  test('a month is known by its names', () => {
    expect(calendarMonth('اردیبهشت')).toEqual({ calendar: 'persian', month: 2 })
    expect(calendarMonth('ربيع الأول')).toEqual({ calendar: 'islamic-umalqura', month: 3 })
    expect(calendarMonth('مارس')).toBeUndefined()
  })
})

describe('dates of other calendars are read', () => {
  test.each([
    ['۵ اردیبهشت ۱۳۹۹', '2020-04-24'],
    ['جمعه ۵ اردیبهشت ۱۳۹۹ ساعت ۱۲:۳۰', '2020-04-24'],
    ['۱۳۹۹/۰۲/۰۵', '2020-04-24'],
    ['1399/02/05', '2020-04-24'],
    ['اردیبهشت ۵, ۱۳۹۹', '2020-04-24'],
    ['20 พ.ค. 63', '2020-05-20'],
    ['٥ ربيع الأول ١٤٤٢', '2020-10-22'],
    ['1442/03/05', '2020-10-22'],
    ['١٤‏/٦‏/١٤٤٢ هـ', '2021-01-27'],
    ['17 ม.ค. 2564', '2021-01-17'],
    ['17 มกราคม พ.ศ. 2564', '2021-01-17'],
  ])('%s', (text, day) => expect(dayOf(text)).toBe(day))
})

describe('years of an era are read', () => {
  test.each([
    ['令和元年5月1日', '2019-05-01'],
    ['令和2年（2020年）12月3日', '2020-12-03'],
    ['令和2(2020)年12月3日', '2020-12-03'],
    ['2020年(令和2年)12月3日', '2020-12-03'],
    ['令和２年１２月３日', '2020-12-03'],
    ['令和二年十二月三日', '2020-12-03'],
    ['平成31年4月30日', '2019-04-30'],
    ['昭和60年10月1日', '1985-10-01'],
    ['R1.5.5', '2019-05-05'],
    ['H30/4/1', '2018-04-01'],
    ['中華民國109年5月20日', '2020-05-20'],
    ['民國一百零九年五月二十日', '2020-05-20'],
    ['二〇二〇年五月二十日', '2020-05-20'],
  ])('%s', (text, day) => expect(dayOf(text)).toBe(day))

  test.each(['令和5', '令和元年13月1日', '昭和の5月5日', 'S1.2.99'])('no date: %s', (text) => expect(dayOf(text)).toBeUndefined())
})

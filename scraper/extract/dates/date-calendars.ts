/** Calendars whose years are not ours, and whose months begin on other days. Names of Unicode (UTS #35). */
export type Calendar = 'persian' | 'islamic-umalqura'

const dayMs = 86_400_000
/** Of each calendar: an instant before its first day, the mean length of its year, the years that are read, and its months. */
const calendars = {
  persian: { epochMs: Date.UTC(622, 2, 21), yearDays: 365.2422, years: [1279, 1499] },
  'islamic-umalqura': { epochMs: Date.UTC(622, 6, 18), yearDays: 354.36707, years: [1318, 1499] },
} as const
/** From Hijri years like this on, no Persian year has come yet. */
const islamicYearMin = 1410
/** The estimate is no farther away. */
const searchDays = 5

const monthNames: Record<Calendar, string> = {
  persian:
    'فروردین/فروردين/حمل/farvardin اردیبهشت/ارديبهشت/ثور/ordibehesht خرداد/جوزا/khordad تیر/تير/سرطان/tir مرداد/امرداد/اسد/mordad شهریور/شهريور/سنبله/shahrivar مهر/میزان/mehr آبان/ابان/عقرب/aban آذر/اذر/قوس/azar دی/دي/جدی/dey بهمن/دلو/bahman اسفند/حوت/esfand',
  'islamic-umalqura':
    'محرم/muharram صفر/safar ربيع-الأول/ربيع-الاول/rabi-al-awwal ربيع-الآخر/ربيع-الثاني/rabi-al-thani جمادى-الأولى/جمادى-الاولى/jumada-al-awwal جمادى-الآخرة/جمادى-الثانية/jumada-al-thani رجب/rajab شعبان/shaban رمضان/ramadan شوال/shawwal ذو-القعدة/ذي-القعدة/dhu-al-qadah ذو-الحجة/ذي-الحجة/dhu-al-hijjah',
}

export interface CalendarMonth {
  calendar: Calendar
  /** 1..12 */
  month: number
}

const months = new Map<string, CalendarMonth>()
for (const calendar of ['persian', 'islamic-umalqura'] as const)
  for (const [index, names] of monthNames[calendar].split(' ').entries())
    for (const name of names.split('/')) months.set(name.replaceAll('-', ' '), { calendar, month: index + 1 })

/** @param name of one word or of two */
export const calendarMonth = (name: string): CalendarMonth | undefined =>
  months.get(
    name
      .toLowerCase()
      .replace(/[\u064b-\u0652\u200c]/g, '')
      .replace(/\s+/g, ' '),
  )

/** The calendar of a year that stands among numbers alone: of the years since 1950 each is possible in one only. */
export const calendarOf = (year: number): Calendar => (year >= islamicYearMin ? 'islamic-umalqura' : 'persian')

/** The UTC midnight of a day of another calendar; undefined where there is no such day. */
export function dayInCalendar(calendar: Calendar, year: number, month: number, day: number): number | undefined {
  const { epochMs, yearDays, years } = calendars[calendar]
  if (year < years[0] || year > years[1] || !(month >= 1 && month <= 12) || !(day >= 1 && day <= 31)) return undefined
  const days = Math.round((year - 1) * yearDays + (month - 1) * (yearDays / 12) + day - 1)
  const guessMs = epochMs + days * dayMs
  for (let away = 0; away <= searchDays; away++)
    for (const atMs of [guessMs + away * dayMs, guessMs - away * dayMs]) if (isDay(calendar, atMs, year, month, day)) return atMs
  return undefined
}

const formats: Record<Calendar, Intl.DateTimeFormat> = { persian: formatOf('persian'), 'islamic-umalqura': formatOf('islamic-umalqura') }

function formatOf(calendar: Calendar): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en', { calendar, numberingSystem: 'latn', timeZone: 'UTC', year: 'numeric', month: 'numeric', day: 'numeric' })
}

function isDay(calendar: Calendar, atMs: number, year: number, month: number, day: number): boolean {
  const parts = formats[calendar].formatToParts(atMs)
  const numberOf = (type: string): number => Number(parts.find((part) => part.type === type)?.value)
  return numberOf('month') === month && numberOf('day') === day && numberOf('year') === year
}

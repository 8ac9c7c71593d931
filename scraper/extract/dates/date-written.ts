import { calendarMonth, type Calendar } from './date-calendars.ts'
import { eraDates } from './date-eras.ts'
import { monthOf } from './date-months.ts'

/** Which number comes first in `3/4/2020`. */
export type DayOrder = 'day-first' | 'month-first'

/** A date as it is written: numbers that may yet be of no calendar. */
export interface Fields {
  year: number
  month: number
  day: number
  /** Where it is not ours. */
  calendar?: Calendar
  precision: 'day' | 'month' | 'year'
  /** Where the date begins. */
  start: number
  /** Where it ends, and a time may begin. */
  end: number
}

const ourYears = /(?:19|20|25)\d\d(?<!\d{5})(?!\d)|(?<!\d)1[34]\d\d(?=\/\d{1,2}\/\d{1,2}(?!\d))/g
/** With those of the Persian and the Islamic calendar. */
const allYears = /(?:1[34]|19|20|25)\d\d(?<!\d{5})(?!\d)/g
const arabic = /[\u0600-\u06ff]/
const shortSource = String.raw`(?<![\d./-])(\d{1,2})([./-])(\d{1,2})\2(\d\d)(?!\d|[./]\d|-\d{1,2}(?![\d:]))`
const shortDay = new RegExp(shortSource)
/** `5.3.20`, which may be much else. */
export const shortDays = new RegExp(shortSource, 'g')
/** Years of two digits from here on are of the last century. */
const shortYearMin = 70

/** All dates of a text that have a year of four digits, an era or a name of a month, in no order. @param text with plain digits */
export function* writtenDates(text: string, order: DayOrder, yearsMax: number): Generator<Fields> {
  let end = 0
  let years = 0
  for (const { index } of text.matchAll(arabic.test(text) ? allYears : ourYears)) {
    if (++years > yearsMax) break
    const found = index < end ? undefined : aroundYear(text, index, order)
    if (!found) continue
    end = found.end
    yield found
  }
  yield* eraDates(text)
}

/** Of text: the first date. */
export function writtenFields(text: string, order: DayOrder): Fields | undefined {
  let first: Fields | undefined
  for (const found of writtenDates(text, order, yearsMax)) {
    if (!first || found.start < first.start) first = found
    if (first.start === 0) break
  }
  return first ?? shortFields(text, order)
}

function shortFields(text: string, order: DayOrder): Fields | undefined {
  const match = shortDay.exec(text)
  if (!match) return undefined
  const [all, first, separator, second, year] = match
  const [day, month] = ordered(Number(first), Number(second), separator, order)
  const century = Number(year) < shortYearMin ? 2000 : 1900
  return { year: century + Number(year), month, day, precision: 'day', start: match.index, end: match.index + all.length }
}

const yearsMax = 100
const afterYear =
  /^\s?([-/.])\s?(\d{1,2})\s?\1\s?(\d{1,2})(?!\d)|^[)）]?\s{0,2}[年년](?:\s?[(（][^)）\n]{1,8}[)）])?\s{0,2}(\d{1,2})\s{0,2}[月월]\s{0,2}(\d{1,2})\s{0,2}[日号號일]/
/** `5 tháng 3 năm 2020` */
const vietnameseBefore = /(?<!\d)(\d{1,2})\s{1,2}(?:tháng|thg)\s{1,2}(\d{1,2})(?:,|\s){1,3}(?:năm\s{1,2})?$/iu
/** `5 ربيع الأول 1442`: months of two words. */
const arabicBefore =
  /(?<!\d)(\d{1,2})\s{1,3}((?:[\u0621-\u06d3]|[\u064b-\u0652\u200c]){2,13}(?:\s(?:[\u0621-\u06d3]|[\u064b-\u0652]){3,13})?)[،,]?\s{1,3}(?:سنة\s|سال\s)?$/u
/** `5 พ.ค. 2563` */
const thaiBefore = /(?<!\d)(\d{1,2})\s{0,2}([\u0e40-\u0e44]?[\u0e01-\u0e2e][\u0e31-\u0e4e]?\.[\u0e01-\u0e2e]\.)\s{0,2}(?:พ\.ศ\.\s?|ค\.ศ\.\s?)?$/u
/** `2020. január 5.`, `2020 m. sausio 5 d.`, `2020-Jan-05`. */
const nameAfter = /^(?:\.?\s{0,2}(?:m\.|г\.|\(e\)ko|e?ko)?,?\s{0,3}|-)(\p{L}[\p{L}\p{M}]{2,13})(?:\.?,?\s{1,3}|-)(\d{1,2})(?!\d)/u
/** `2021. gada 17. janvāris`, `2021-ж., 17-январь` */
const dayNameAfter = /^(?:[.-]?\s{0,2}(?:gada|ж\.|ж)?,?\s{1,3})(\d{1,2})(?:\.|-)?\s{0,2}(\p{L}[\p{L}\p{M}]{2,13})/u
const numericBefore = /(?<!\d)(\d{1,2})\s?([./|-])\s{0,2}(\d{1,2})\s?\2\s{0,2}$/
const dayNameBefore =
  /(?<!\d|\d[.,])(\d{1,2})(?:\s?(?:st|nd|rd|th|er|re|ste|de|º|ª|°|-го|-е)(?![\p{L}\p{M}]))?[.,)]?\s{0,3}(?:-|\/|(?:(?:de|of|di|den)\s{1,2}|d['’]|וב|ב)?\s{0,2})(\p{L}[\p{L}\p{M}\u200c]{1,13})[.׳'’॰]?\s{0,2}(?:-|\/|[,،])?\s{0,3}(?:de|del|of|[,،]|ค\.ศ\.|พ\.ศ\.)?\s{0,3}['’]?$/u
const nameDayBefore =
  /(?<![\p{L}\p{M}])(\p{L}[\p{L}\p{M}]{1,13})\.?(?:\s{1,3}|-|\/)(?:the\s)?(\d{1,2})(?:\s?(?:st|nd|rd|th))?\s{0,3}(?:,|\.|-|\/|at|of)?\s{0,3}$/iu
const nameBefore = /(?<![\p{L}\p{M}])(\p{L}[\p{L}\p{M}]{2,13})\.?,?\s{1,3}(?:de\s|del\s|of\s)?$/u
/** `Mon Mar 06 10:00:00 GMT 2020`. */
const clockBefore = /(\p{L}{3,9})\s{1,2}(\d{1,2})\s\d{2}:\d{2}:\d{2}\s(?:[A-Z]{3,4}|[+-]\d{4})\s$/u
const monthJapanese = /^\s{0,2}[年년]\s{0,2}(\d{1,2})\s{0,2}[月월]/

/** `Stand: 05/2018` */
const numericMonth = /(?<![\d./-])(0?[1-9]|1[0-2])[./]$/

const hasNumber = /\d/
/** Characters on either side of a year that a date may take. */
const reach = 32

/** The date that the four digits at `at` are the year of. */
function aroundYear(text: string, at: number, order: DayOrder): Fields | undefined {
  const digits = Number(text.slice(at, at + 4))
  // The Thai count from the year 543 before ours.
  const year = digits >= 2400 ? digits - 543 : digits
  const after = text.slice(at + 4, at + 4 + reach)
  const before = text.slice(Math.max(0, at - reach), at)
  const end = at + 4
  const follows = afterYear.exec(after)
  if (follows) {
    const [all, , month, day, cjkMonth, cjkDay] = follows
    return { year, month: Number(month ?? cjkMonth), day: Number(day ?? cjkDay), precision: 'day', start: at, end: end + all.length }
  }
  const numeric = numericBefore.exec(before) ?? vietnameseBefore.exec(before)
  if (numeric) {
    const [first, second, separator] = numeric.length > 3 ? [numeric[1], numeric[3], numeric[2]] : [numeric[1], numeric[2], '.']
    const [day, month] = ordered(Number(first), Number(second), separator, order)
    return { year, month, day, precision: 'day', start: at - before.length + numeric.index, end }
  }
  if (digits < 1500) return calendarBefore(before, year, end)
  return (
    (hasNumber.test(before) ? namedBefore(before, year, end) : undefined) ??
    (hasNumber.test(after) ? namedAfter(after, year, end) : undefined) ??
    monthAround(before, after, year, end)
  )
}

function calendarBefore(before: string, year: number, end: number): Fields | undefined {
  const match = arabicBefore.exec(before)
  const first = nameDayBefore.exec(before)
  const leading = first?.[1] === undefined ? undefined : calendarMonth(first[1])
  if (first && leading) return { ...leading, year, day: Number(first[2]), precision: 'day', start: end - 4 - before.length + first.index, end }
  const named = match?.[2] === undefined ? undefined : calendarMonth(match[2])
  return match && named ? { ...named, year, day: Number(match[1]), precision: 'day', start: end - 4 - before.length + match.index, end } : undefined
}

function namedBefore(before: string, year: number, end: number): Fields | undefined {
  const startOf = (match: RegExpExecArray) => end - 4 - before.length + match.index
  const dayName = dayNameBefore.exec(before) ?? thaiBefore.exec(before) ?? arabicBefore.exec(before)
  const month = dayName?.[2] === undefined ? undefined : isCroatian(dayName[0]) ? 10 : monthOf(dayName[2])
  if (dayName && month !== undefined) return { year, month, day: Number(dayName[1]), precision: 'day', start: startOf(dayName), end }
  for (const pattern of [nameDayBefore, clockBefore]) {
    const nameDay = pattern.exec(before)
    const number = nameDay?.[1] === undefined ? undefined : monthOf(nameDay[1])
    if (nameDay && number !== undefined) return { year, month: number, day: Number(nameDay[2]), precision: 'day', start: startOf(nameDay), end }
  }
  return undefined
}

/** Croatians, who put a point behind a day, call October what November is to Poles. */
const isCroatian = (date: string): boolean => /^\d{1,2}\.\s?listopada\b/i.test(date)

function namedAfter(after: string, year: number, end: number): Fields | undefined {
  for (const [pattern, name, day] of [
    [nameAfter, 1, 2],
    [dayNameAfter, 2, 1],
  ] as const) {
    const match = pattern.exec(after)
    const month = match?.[name] === undefined ? undefined : monthOf(match[name])
    if (match && month !== undefined) return { year, month, day: Number(match[day]), precision: 'day', start: end - 4, end: end + match[0].length }
  }
  return undefined
}

function monthAround(before: string, after: string, year: number, end: number): Fields | undefined {
  const japanese = monthJapanese.exec(after)
  if (japanese) return { year, month: Number(japanese[1]), day: 1, precision: 'month', start: end - 4, end: end + japanese[0].length }
  const numeric = numericMonth.exec(before)
  if (numeric) return { year, month: Number(numeric[1]), day: 1, precision: 'month', start: end - 4 - before.length + numeric.index, end }
  const name = nameBefore.exec(before)
  const month = name?.[1] === undefined ? undefined : monthOf(name[1])
  return name && month !== undefined ? { year, month, day: 1, precision: 'month', start: end - 4 - before.length + name.index, end } : undefined
}

/** Points are European: nobody writes the month first with them. */
function ordered(first: number, second: number, separator: string | undefined, order: DayOrder): [day: number, month: number] {
  if (first > 12) return [first, second]
  if (second > 12) return [second, first]
  return order === 'day-first' || separator === '.' ? [first, second] : [second, first]
}

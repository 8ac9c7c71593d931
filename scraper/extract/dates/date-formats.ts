import { monthOf } from './date-months.ts'
import { hoursOfZone } from './zone-names.ts'

/** A date as it is printed. `day` is the printed day, whatever zone it is in: two readers of the page see the same. */
export interface PrintedDate {
  /** `YYYY-MM-DD`; what a month or a year leaves open is its first. */
  day: string
  /** Of its beginning: with the offset when there is one, else in UTC. */
  atMs: number
  precision: 'time' | 'day' | 'month' | 'year'
  isZoned: boolean
  /** In UTC: the day it was where it was written may be another. */
  isUtc: boolean
}

/** Which number comes first in `3/4/2020`. */
export type DayOrder = 'day-first' | 'month-first'

interface Fields {
  year: number
  month: number
  day: number
  precision: 'day' | 'month' | 'year'
  /** Where the date begins. */
  start: number
  /** Where it ends, and a time may begin. */
  end: number
}

const charsMax = 400
const isoDay = /^(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|(\d{2})(\d{2}))(?!\d{3})/
const monthOnly = /^(\d{4})[-/.](\d{1,2})$/
const yearOnly = /^(\d{4})$/
const epoch = /^1\d{9}(?:\d{3})?(?:\.\d{1,6})?$/
const jsonDate = /^\/Date\((\d{12,13})/
const foreignDigits = /[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef\u0ae6-\u0aef\uff10-\uff19]/g
const time =
  /^(?:[T_]|[\s,|·•–—@-]{0,4}(?:at|um|às|as|alle|ore|kl\.?|om|o|a las|à|klo|в|saat)?\s{0,2})(\d{1,2})(?::|h|\.(?=\d\d(?!\d|\.))|(?=\d{4}))(\d{2})(?::?(\d{2})(?:[.,]\d{1,9})?)?\s{0,2}(am|pm|a\.m\.|p\.m\.)?\s{0,2}(Z\b|UTC|GMT|[ECMP][SD]T\b|CES?T\b|BST\b|JST\b|IST\b|MSK\b)?\s?([+-]\d{1,2}:?\d{2}(?!\d))?/i
/**
 * Reads the first date of a value: ISO 8601 and its relatives, seconds and milliseconds since 1970, the dates of mail and HTTP, numbers in the order of
 * the page, and names of months in many languages. Total, and linear: it looks at 400 characters.
 */
export function parsePrinted(value: string, order: DayOrder): PrintedDate | undefined {
  const text = plainDigits(value.slice(0, charsMax)).trim()
  const seconds = epoch.test(text) ? Number(text.slice(0, 10)) : Number(jsonDate.exec(text)?.[1]) / 1000
  if (seconds > 0) return ofInstant(seconds * 1000)
  const fields = isoFields(text) ?? writtenFields(text, order)
  return fields && complete(fields, text.slice(fields.end))
}

/** Arabic, Persian, Indic and full-width digits, each become the ASCII one; nothing else moves. */
export const plainDigits = (text: string): string =>
  text.search(foreignDigits) < 0 ? text : text.replace(foreignDigits, (digit) => String(digit.charCodeAt(0) - zeroOf(digit.charCodeAt(0))))

/** The digits of a script stand in a row that begins at a multiple of 16, or 6 after it. */
const zeroOf = (code: number): number => (code >= 0x0966 && code < 0x0b00 ? (code & ~0xf) + 6 : code & ~0xf)

function ofInstant(atMs: number): PrintedDate | undefined {
  const date = new Date(atMs)
  return Number.isNaN(date.getTime()) ? undefined : { day: date.toISOString().slice(0, 10), atMs, precision: 'time', isZoned: true, isUtc: true }
}

function isoFields(text: string): Fields | undefined {
  const match = isoDay.exec(text)
  if (match) {
    const [all, year, , month, day, month2, day2] = match
    return { year: Number(year), month: Number(month ?? month2), day: Number(day ?? day2), precision: 'day', start: 0, end: all.length }
  }
  const [month, year] = [monthOnly.exec(text), yearOnly.exec(text)]
  if (month) return { year: Number(month[1]), month: Number(month[2]), day: 1, precision: 'month', start: 0, end: text.length }
  return year ? { year: Number(year[1]), month: 1, day: 1, precision: 'year', start: 0, end: text.length } : undefined
}

export const yearPattern = /(?:19|20|25)\d\d(?<!\d{5})(?!\d)/g
export const shortDays = /(?<![\d./-])\d{1,2}([./-])\d{1,2}\1\d\d(?![\d./-])/g
const shortDay = /(?<![\d./-])(\d{1,2})([./-])(\d{1,2})\2(\d\d)(?![\d./-])/

/** Of text: the first year that a day and a month stand at. */
function writtenFields(text: string, order: DayOrder): Fields | undefined {
  for (const match of text.matchAll(yearPattern)) {
    const found = aroundYear(text, match.index, order, true)
    if (found) return found
  }
  const [all, first, separator, second, year, index] = ((m) => (m ? [...m, m.index] : []))(shortDay.exec(text)) as [
    string?,
    string?,
    string?,
    string?,
    string?,
    number?,
  ]
  if (all === undefined) return undefined
  const [day, month] = ordered(Number(first), Number(second), separator, order)
  return { year: 2000 + Number(year), month, day, precision: 'day', start: index ?? 0, end: (index ?? 0) + all.length }
}

const afterYear = /^([-/.])(\d{1,2})\1(\d{1,2})(?!\d)|^\s{0,2}[年년]\s{0,2}(\d{1,2})\s{0,2}[月월]\s{0,2}(\d{1,2})\s{0,2}[日일]/
/** `2020. január 5.`, `2020 m. sausio 5 d.`, `2020-Jan-05`. */
const nameAfter = /^(?:\.?\s{0,2}(?:m\.|г\.)?,?\s{0,3}|-)(\p{L}[\p{L}\p{M}]{2,13})(?:\.?,?\s{1,3}|-)(\d{1,2})(?!\d)/u
const numericBefore = /(?<!\d)(\d{1,2})\s?([./|-])\s{0,2}(\d{1,2})\s?\2\s{0,2}$/
const dayNameBefore =
  /(?<!\d)(\d{1,2})(?:\s?(?:st|nd|rd|th|er|re|ste|de|º|ª|°|-го|-е)(?![\p{L}\p{M}]))?[.,)]?\s{0,3}(?:-|\/|(?:de|of|d['’]|di|den|וב|ב)?\s{0,2})(\p{L}[\p{L}\p{M}]{1,13})\.?\s{0,2}(?:-|\/|,)?\s{0,3}(?:de|del|of|,)?\s{0,3}['’]?$/u
const nameDayBefore =
  /(?<![\p{L}\p{M}])(\p{L}[\p{L}\p{M}]{2,13})\.?(?:\s{1,3}|-|\/)(?:the\s)?(\d{1,2})(?:\s?(?:st|nd|rd|th))?\s{0,3}(?:,|\.|-|\/|at|of)?\s{0,3}$/iu
const nameBefore = /(?<![\p{L}\p{M}])(\p{L}[\p{L}\p{M}]{2,13})\.?,?\s{1,3}(?:de\s|del\s|of\s)?$/u
/** `Mon Mar 06 10:00:00 GMT 2020`. */
const clockBefore = /(\p{L}{3,9})\s{1,2}(\d{1,2})\s\d{2}:\d{2}:\d{2}\s(?:[A-Z]{3,4}|[+-]\d{4})\s$/u
const monthJapanese = /^\s{0,2}[年년]\s{0,2}(\d{1,2})\s{0,2}[月월]/

const hasNumber = /\d/
/** Characters on either side of a year that a date may take. */
const reach = 32

/**
 * The date that the four digits at `at` are the year of.
 * @param isMonthEnough whether a month and a year are a date
 */
export function aroundYear(text: string, at: number, order: DayOrder, isMonthEnough = false): Fields | undefined {
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
  const numeric = numericBefore.exec(before)
  if (numeric) {
    const [day, month] = ordered(Number(numeric[1]), Number(numeric[3]), numeric[2], order)
    return { year, month, day, precision: 'day', start: at - before.length + numeric.index, end }
  }
  return (
    (hasNumber.test(before) ? namedBefore(before, year, end) : undefined) ??
    namedAfter(after, year, end) ??
    (isMonthEnough ? monthAround(before, after, year, end) : undefined)
  )
}

function namedBefore(before: string, year: number, end: number): Fields | undefined {
  const startOf = (match: RegExpExecArray) => end - 4 - before.length + match.index
  const dayName = dayNameBefore.exec(before)
  const month = dayName?.[2] === undefined ? undefined : monthOf(dayName[2])
  if (dayName && month !== undefined) return { year, month, day: Number(dayName[1]), precision: 'day', start: startOf(dayName), end }
  for (const pattern of [nameDayBefore, clockBefore]) {
    const nameDay = pattern.exec(before)
    const number = nameDay?.[1] === undefined ? undefined : monthOf(nameDay[1])
    if (nameDay && number !== undefined) return { year, month: number, day: Number(nameDay[2]), precision: 'day', start: startOf(nameDay), end }
  }
  return undefined
}

function namedAfter(after: string, year: number, end: number): Fields | undefined {
  const match = nameAfter.exec(after)
  const month = match?.[1] === undefined ? undefined : monthOf(match[1])
  return match && month !== undefined ? { year, month, day: Number(match[2]), precision: 'day', start: end - 4, end: end + match[0].length } : undefined
}

function monthAround(before: string, after: string, year: number, end: number): Fields | undefined {
  const japanese = monthJapanese.exec(after)
  if (japanese) return { year, month: Number(japanese[1]), day: 1, precision: 'month', start: end - 4, end: end + japanese[0].length }
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

/** undefined for a day that is in no calendar. */
function complete({ year, month, day, precision }: Fields, rest: string): PrintedDate | undefined {
  const startMs = Date.UTC(year, month - 1, day)
  const start = new Date(startMs)
  if (!(month >= 1 && month <= 12) || start.getUTCDate() !== day || start.getUTCFullYear() !== year) return undefined
  const printed = start.toISOString().slice(0, 10)
  const clock = precision === 'day' ? time.exec(rest) : null
  const timeMs = clock ? timeOf(clock) : undefined
  if (!clock || timeMs === undefined) return { day: printed, atMs: startMs, precision, isZoned: false, isUtc: false }
  const offsetMs = offsetOf(clock)
  return { day: printed, atMs: startMs + timeMs - (offsetMs ?? 0), precision: 'time', isZoned: offsetMs !== undefined, isUtc: offsetMs === 0 }
}

function timeOf([, hour, minute, second = '0', half]: RegExpExecArray): number | undefined {
  const [h, m, s] = [Number(hour), Number(minute), Number(second)]
  if (h > 24 || m > 59 || s > 60) return undefined
  const isPm = half?.toLowerCase().startsWith('p')
  const hours = half === undefined ? h : isPm ? (h % 12) + 12 : h % 12
  return (hours * 3600 + m * 60 + s) * 1000
}

/** ms that the zone is ahead of UTC; undefined when none is named. */
function offsetOf([, , , , , name, offset]: RegExpExecArray): number | undefined {
  if (offset !== undefined) {
    const digits = offset.slice(1).replace(':', '').padStart(4, '0')
    const ms = (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60_000
    return ms > 15 * 3_600_000 ? 0 : offset.startsWith('-') ? -ms : ms
  }
  return name === undefined ? undefined : (hoursOfZone(name) ?? 0) * 3_600_000
}

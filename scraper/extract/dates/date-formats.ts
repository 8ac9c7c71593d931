import { calendarOf, dayInCalendar } from './date-calendars.ts'
import { plainDigits } from './date-digits.ts'
import { writtenFields, type DayOrder, type Fields } from './date-written.ts'
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

const charsMax = 400
const isoDay = /^(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|(\d{2})(\d{2})(?=\d{4}(?:\d{2})?(?!\d)|(?!\d)))(?!\d{3}(?!\d))/
const monthOnly = /^(\d{4})[-/.](\d{1,2})$/
const yearOnly = /^(\d{4})$/
const epoch = /^1\d{9}(?:\d{3})?(?:\.\d{1,6})?$/
const jsonDate = /^\/Date\((\d{12,13})/
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

/** Years before are those of another calendar. */
const ourYearMin = 1500

/** undefined for a day that is in no calendar. */
function complete(fields: Fields, rest: string): PrintedDate | undefined {
  const { precision } = fields
  const startMs = startOf(fields)
  if (startMs === undefined) return undefined
  const printed = new Date(startMs).toISOString().slice(0, 10)
  const clock = precision === 'day' ? time.exec(rest) : null
  const timeMs = clock ? timeOf(clock) : undefined
  if (!clock || timeMs === undefined) return { day: printed, atMs: startMs, precision, isZoned: false, isUtc: false }
  const offsetMs = offsetOf(clock)
  return { day: printed, atMs: startMs + timeMs - (offsetMs ?? 0), precision: 'time', isZoned: offsetMs !== undefined, isUtc: offsetMs === 0 }
}

/** Of a day, in UTC. */
function startOf({ year, month, day, calendar }: Fields): number | undefined {
  if (year < ourYearMin) return dayInCalendar(calendar ?? calendarOf(year), year, month, day)
  const startMs = Date.UTC(year, month - 1, day)
  const start = new Date(startMs)
  return month >= 1 && month <= 12 && start.getUTCDate() === day && start.getUTCFullYear() === year ? startMs : undefined
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

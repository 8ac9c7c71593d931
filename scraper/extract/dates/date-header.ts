import { monthOf } from './date-months.ts'
import { hoursOfZone } from './zone-names.ts'

const charsMax = 128
const minuteMs = 60_000

/** `10:14`, `9:15:01.5`, `10:14 pm`. */
const clock = String.raw`(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,]\d{0,9})?)?(?:\s?(?<half>[ap])\.?m\.?)?`
/** An offset, a name, or both (`GMT+0100`, where the offset counts). */
const zone = String.raw`(?:(?<zone>(?:Etc/)?[A-Z]{1,5})?(?<offset>[+-]\d{1,2}(?::?\d{2})?)?)`
const month = String.raw`(?<month>\p{L}[\p{L}\p{M}]{1,13})\.?`
const weekday = String.raw`(?:\p{L}[\p{L}\p{M}]{1,13}(?:\.?,?\s{1,3}|,))?`
const day = String.raw`(?<day>\d{1,2})`
const year = String.raw`(?<year>\d{4})`
const end = String.raw`(?:,?\s{1,3}${clock}\s{0,2}${zone})?$`

/** Each with its source. */
const formats: readonly RegExp[] = [
  // ISO 8601: the day of the year.
  String.raw`^${year}-(?<ordinal>\d{3})$`,
  // ISO 8601 and its profile for the web (W3C date and time formats), from the year down to the second. Feeds are met with white space for the `T`, with
  // points or slashes, a nought too many, a weekday before it and the month by its name.
  String.raw`^${weekday}${year}(?:(?<separator>[-/. ])0?(?:(?<number>\d{1,2})|${month})(?:\k<separator>${day})?)?(?:[T ]\s?${clock}\s?${zone})?$`,
  // XML Schema: a day with its zone.
  String.raw`^${year}-(?<number>\d{2})-${day}(?:(?<zone>Z)|(?<offset>[+-]\d{2}:\d{2}))$`,
  String.raw`^${year}(?<number>\d{2})${day}(?:T?(?<hour>\d{2})(?<minute>\d{2})(?<second>\d{2})?(?:[.,]\d{1,9})?\s?${zone})?$`,
  String.raw`^${year}(?<number>\d{2})${day}[T ]${clock}\s?${zone}$`,
  // RFC 5322, RFC 850 and their obsolete forms; the name of the month may be whole, the year of two digits.
  String.raw`^${weekday}${day}(?:\s{1,3}|[-/])${month},?(?:\s{1,3}|[-/])(?:${year}|(?<short>\d{2}))${end}`,
  String.raw`^${weekday}${month}\s{1,3}${day},?\s{1,3}${year}${end}`,
  // asctime, which means GMT (RFC 9110 §5.6.7), and what `date` writes, with its zone.
  String.raw`^${weekday}${month}\s{1,3}${day}\s{1,3}${clock}\s{1,3}(?:${zone}\s{1,3})?${year}(?: GMT)?$`,
].map((source) => new RegExp(source, 'iu'))

/**
 * The dates of HTTP, mail, feeds and sitemaps: ISO 8601 from a year alone (its first day) down to a time, RFC 5322, RFC 850, asctime, in whatever case, the
 * month by its name in any language that pages are read in. Without a zone, or one that nobody knows, it is UTC (RFC 5322 §4.3). Nothing that would need the
 * machine's own time zone or a guess at the order of day and month. Linear; of at most 128 characters.
 * @param nowMs a year of two digits behind a dash is the next that is at most 50 years away (RFC 9110 §5.6.7)
 */
export function parseDate(text: string, nowMs: number = Date.now()): Date | undefined {
  if (text.length > charsMax) return undefined
  // Comments of RFC 5322 §3.2.2 say a zone once more.
  const plain = text.replace(/\([^()]*\)|"/g, ' ').trim()
  for (const format of formats) {
    const parts = format.exec(plain)?.groups
    if (parts) return dateOf(parts, plain, nowMs)
  }
  return undefined
}

type Parts = Readonly<Record<string, string | undefined>>

function dateOf(parts: Parts, text: string, nowMs: number): Date | undefined {
  const year = parts['year'] === undefined ? fullYear(Number(parts['short']), /\d-/.test(text) ? nowMs : undefined) : Number(parts['year'])
  const name = parts['month']
  const month = parts['ordinal'] !== undefined ? 1 : name === undefined ? Number(parts['number'] ?? 1) : monthOf(name)
  const day = Number(parts['ordinal'] ?? parts['day'] ?? 1)
  const timeMs = timeOf(parts)
  const offset = offsetMinutes(parts)
  if (month === undefined || timeMs === undefined || offset === undefined) return undefined
  const start = new Date(0)
  start.setUTCFullYear(year, month - 1, day)
  // 31 February would move on to March.
  const exists = parts['ordinal'] === undefined ? start.getUTCMonth() === month - 1 && start.getUTCDate() === day : day > 0 && start.getUTCFullYear() === year
  return exists ? new Date(start.getTime() + timeMs - offset * minuteMs) : undefined
}

/** RFC 5322 §4.3 counts from 1950 to 2049, RFC 9110 §5.6.7 up to 50 years ahead. */
function fullYear(short: number, nowMs: number | undefined): number {
  const lastYear = nowMs === undefined ? 2049 : new Date(nowMs).getUTCFullYear() + 50
  const year = Math.floor(lastYear / 100) * 100 + short
  return year > lastYear ? year - 100 : year
}

function timeOf({ hour = '0', minute = '0', second = '0', half }: Parts): number | undefined {
  const [h, m, s] = [Number(hour), Number(minute), Number(second)]
  // A leap second may be named, and the end of a day (ISO 8601).
  const hourMax = half !== undefined ? 12 : m === 0 && s === 0 ? 24 : 23
  if (h > hourMax || m > 59 || s > 60) return undefined
  const hours = half === undefined ? h : (h % 12) + (half.toLowerCase() === 'p' ? 12 : 0)
  return (hours * 3600 + m * 60 + s) * 1000
}

/** undefined when it is more than there are. */
function offsetMinutes({ zone: name, offset }: Parts): number | undefined {
  if (offset === undefined) return name === undefined ? 0 : (hoursOfZone(name.replace(/^Etc\//i, '')) ?? 0) * 60
  const [, sign, hours = '', minutes = '0'] = /^([+-])(\d{1,2}):?(\d{2})?$/.exec(offset) ?? []
  const ahead = Number(hours) * 60 + Number(minutes)
  return Number(hours) > 24 || Number(minutes) > 59 ? undefined : sign === '-' ? -ahead : ahead
}

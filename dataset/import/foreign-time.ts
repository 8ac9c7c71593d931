/** From here on no seconds; beyond the last time there is, no milliseconds; beyond a thousand times that, no microseconds. */
const millisecondsFrom = 1e11
const int64 = 2 ** 63
const timeMax = Date.UTC(10_000, 0) - 1
const timeMin = Date.parse('0001-01-01T00:00:00Z')

/**
 * A time as people write it: a Date, ISO 8601 (without a zone: UTC), as mails and Twitter spell it, seconds, milliseconds, micro- or nanoseconds since the epoch.
 * @returns undefined for what is none that a document can have
 */
export function foreignTime(value: unknown): Date | undefined {
  const at = value instanceof Date ? value.getTime() : typeof value === 'string' ? textTime(value) : numberTime(value)
  return at >= timeMin && at <= timeMax ? new Date(at) : undefined
}

/** `Wed, 04 Mar 2026 05:06:07 GMT` (RFC 5322), `Wed Mar 04 05:06:07 +0000 2026`. */
const spelledOut = /^(?:[a-z]{3}, )?\d{1,2} [a-z]{3} \d{4} \d\d:\d\d(?::\d\d)? (?:GMT|UTC|[+-]\d{4})$|^[a-z]{3} [a-z]{3} \d{2} \d\d:\d\d:\d\d [+-]\d{4} \d{4}$/i

function textTime(text: string): number {
  if (text.length > 64) return NaN
  if (/^\d{10}(?:(?:\d{3}){0,3}|\.\d+)$/.test(text)) return numberTime(Number(text))
  if (spelledOut.test(text)) return Date.parse(text)
  const [, day, time, zone] = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))? ?(Z|UTC|[+-]\d\d:?\d\d)?$/i.exec(text.trim()) ?? []
  if (day === undefined) return NaN
  const isUtc = zone === undefined || /^(?:Z|UTC)$/i.test(zone)
  return Date.parse(`${day}T${time ?? '00:00'}${isUtc ? 'Z' : zone.replace(/(\d\d):?(\d\d)$/, '$1:$2')}`)
}

function numberTime(value: unknown): number {
  const number = typeof value === 'bigint' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isFinite(number)) return NaN
  const size = Math.abs(number)
  return Math.trunc(
    size < millisecondsFrom ? number * 1000 : size <= timeMax ? number : size <= timeMax * 1e3 ? number / 1e3 : size < int64 ? number / 1e6 : NaN,
  )
}

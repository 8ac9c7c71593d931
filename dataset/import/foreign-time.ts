const millisecondsFrom = 1e11
const timeMax = Date.UTC(10_000, 0) - 1
const timeMin = Date.parse('0001-01-01T00:00:00Z')

/**
 * A time as people write it: a Date, ISO 8601 (without a zone: UTC), seconds or milliseconds since the epoch.
 * @returns undefined for what is none that a document can have
 */
export function foreignTime(value: unknown): Date | undefined {
  const at = value instanceof Date ? value.getTime() : typeof value === 'string' ? textTime(value) : numberTime(value)
  return at >= timeMin && at <= timeMax ? new Date(at) : undefined
}

function textTime(text: string): number {
  if (text.length > 64) return NaN
  if (/^\d{10}(\d{3})?$/.test(text)) return numberTime(Number(text))
  const [, day, time, zone] = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))? ?(Z|UTC|[+-]\d\d:?\d\d)?$/i.exec(text.trim()) ?? []
  if (day === undefined) return NaN
  const isUtc = zone === undefined || /^(?:Z|UTC)$/i.test(zone)
  return Date.parse(`${day}T${time ?? '00:00'}${isUtc ? 'Z' : zone.replace(/(\d\d):?(\d\d)$/, '$1:$2')}`)
}

function numberTime(value: unknown): number {
  const number = typeof value === 'bigint' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isFinite(number)) return NaN
  return Math.trunc(Math.abs(number) < millisecondsFrom ? number * 1000 : number)
}

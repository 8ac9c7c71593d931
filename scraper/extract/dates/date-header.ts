const iso = /^(\d{4})-?(\d{2})-?(\d{2})(?:[T ](\d{2}):?(\d{2})(?::?(\d{2})(?:[.,]\d+)?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?$/i
const httpDate = /^(?:[A-Za-z]{3,9},?\s+)?\d{1,2}[\s-][A-Za-z]{3}[\s-]\d{4}\s+\d{2}:\d{2}(?::\d{2})?\s*(?:GMT|UTC|[ECMP][SD]T|[+-]\d{4})$/

/**
 * ISO 8601 (date, or date and time; without an offset it is UTC) and the dates of HTTP and mail with theirs, an American one by name too. Nothing that would need the machine's
 * own time zone or a guess at the order of day and month.
 */
export function parseDate(text: string): Date | undefined {
  const trimmed = text.trim()
  const parts = iso.exec(trimmed)
  if (parts) {
    const [, year, month, day, hour = '00', minute = '00', second = '00', zone = 'Z'] = parts
    const offset = /^[+-]/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(-2)}` : 'Z'
    return existing(new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${offset}`), Number(day), offset)
  }
  return httpDate.test(trimmed) ? validDate(new Date(trimmed)) : undefined
}

/** `Date` moves 31 February on to March; such a date is none. */
function existing(date: Date, day: number, offset: string): Date | undefined {
  if (!validDate(date)) return undefined
  const sign = offset.startsWith('-') ? -1 : 1
  const offsetMs = offset === 'Z' ? 0 : sign * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4))) * 60_000
  return new Date(date.getTime() + offsetMs).getUTCDate() === day ? date : undefined
}

const validDate = (date: Date): Date | undefined => (Number.isNaN(date.getTime()) ? undefined : date)

import { parseDate } from '../extract/dates/date-header.ts'

const longestMs = 86_400_000

/** How long a Retry-After header (RFC 9110 §10.2.3: seconds, or an HTTP date) asks to wait; undefined when it says nothing. At most a day. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  const value = header?.trim() ?? ''
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, longestMs)
  const at = parseDate(value, now)?.getTime()
  return at === undefined ? undefined : Math.min(Math.max(0, at - now), longestMs)
}

const longestMs = 86_400_000
/** The three forms of an HTTP date (RFC 9110 §5.6.7); the last one means GMT without saying so. */
const dateForms = [
  /^[a-z]{3}, \d{2} [a-z]{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/i,
  /^[a-z]{6,9}, \d{2}-[a-z]{3}-\d{2} \d{2}:\d{2}:\d{2} GMT$/i,
  /^[a-z]{3} [a-z]{3} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/i,
]

/**
 * How long a Retry-After header asks to wait (RFC 9110 §10.2.3: seconds, or a date), ms; undefined when it says nothing. At most a day.
 * @param now by the clock that a date is held against, ms
 */
export function retryAfterMs(header: string | null | undefined, now: number): number | undefined {
  const value = header?.trim() ?? ''
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, longestMs)
  const form = dateForms.findIndex((each) => each.test(value))
  const at = form < 0 ? NaN : Date.parse(form === 2 ? `${value} GMT` : value)
  return Number.isNaN(at) ? undefined : Math.min(Math.max(0, at - now), longestMs)
}

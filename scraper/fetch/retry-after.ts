const longestMs = 86_400_000

/** How long a Retry-After header (RFC 9110 §10.2.3: seconds, or an HTTP date) asks to wait; undefined when it says nothing. At most a day. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  const value = header?.trim() ?? ''
  if (/^\d{1,9}$/.test(value)) return Math.min(Number(value) * 1000, longestMs)
  if (!/^[A-Za-z]{3,9},? .*(?:GMT|UTC)$|^[A-Za-z]{3} [A-Za-z]{3} /.test(value)) return undefined
  // The obsolete asctime form has no zone and means GMT.
  const at = Date.parse(/(?:GMT|UTC)$/.test(value) ? value : `${value} GMT`)
  return Number.isNaN(at) ? undefined : Math.min(Math.max(0, at - now), longestMs)
}

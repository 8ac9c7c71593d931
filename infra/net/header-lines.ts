/**
 * Header lines of an HTTP message or of a WARC record: lower-case names; the values of one name joined by line feeds, since a comma may stand within one, and
 * each line of X-Robots-Tag may speak to another crawler.
 */
export type HeaderLines = Readonly<Record<string, string>>

/** Reads the lines behind the first one. A line that begins with white space goes on with the one before; one that is no header is left out. */
export function parseHeaderLines(lines: readonly string[]): HeaderLines {
  // No prototype: a header may be called anything.
  const headers: Record<string, string> = Object.create(null) as Record<string, string>
  let last: string | undefined
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (last !== undefined && /^[ \t]/.test(line)) headers[last] += ` ${line.trim()}`
    else if (colon > 0) {
      last = line.slice(0, colon).trim().toLowerCase()
      const value = line.slice(colon + 1).trim()
      headers[last] = last in headers ? joined([headers[last] ?? '', value]) : value
    } else last = undefined
  }
  return headers
}

const joined = (values: readonly string[]): string => values.join('\n')

/** The same of headers that were parsed already. Changes them. */
export function headerLines(headers: Record<string, string | string[] | undefined>): HeaderLines {
  for (const name in headers) {
    const value = headers[name]
    if (typeof value !== 'string') headers[name] = Array.isArray(value) ? joined(value) : String(value ?? '')
  }
  return headers as Record<string, string>
}

/**
 * Header lines of an HTTP message or of a WARC record, by lower-case name: the value of one line, or those of several in their order. Plain data, so that it
 * passes from process to process; read it by `headerValues` and `headerValue`.
 *
 * Values are byte strings (Latin-1), as they came. A comma within one is no border between two: several lines of one name are several values. (What came by
 * HTTP/2 was joined by commas before it got here, save Set-Cookie.)
 */
export type HeaderLines = Readonly<Record<string, string | readonly string[]>>

/** The values of all lines of a name (lower-case), in their order. */
export function headerValues(headers: HeaderLines, name: string): readonly string[] {
  const values = headers[name]
  if (values === undefined) return []
  return typeof values === 'string' ? [values] : values
}

/** The value of the first line of a name (lower-case). */
export function headerValue(headers: HeaderLines, name: string): string | undefined {
  const values = headers[name]
  return typeof values === 'object' ? values[0] : values
}

/**
 * A value that is a URL: bytes that are not ASCII are asked for as they are, whatever charset the server thinks in, as browsers do.
 */
export const percentEncodedBytes = (value: string): string => value.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`)

/** Reads the lines behind the first one. A line that begins with white space goes on with the one before; one that is no header is left out. */
export function parseHeaderLines(lines: readonly string[]): HeaderLines {
  const fields: [name: string, value: string][] = []
  let last: [name: string, value: string] | undefined
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (last && /^[ \t]/.test(line)) last[1] += ` ${line.trim()}`
    else if (colon > 0) fields.push((last = [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]))
    else last = undefined
  }
  return headersOf(fields)
}

function headersOf(fields: readonly (readonly [name: string, value: string])[]): HeaderLines {
  // No prototype: a header may be called anything.
  const headers: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>
  for (const [name, value] of fields) {
    const before = headers[name]
    if (before === undefined) headers[name] = value
    else if (typeof before === 'string') headers[name] = [before, value]
    else before.push(value)
  }
  return headers
}

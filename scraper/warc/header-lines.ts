/** Header lines of a WARC record or of an HTTP message: lower-case names; the values of one name joined by line feeds. */
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
      headers[last] = last in headers ? `${headers[last]}\n${value}` : value
    } else last = undefined
  }
  return headers
}

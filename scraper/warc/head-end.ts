/** Where the empty line behind header lines ends, which may end in LF alone or after many CR, and where the lines before it do; undefined when there is none. */
export function headEnd(bytes: Buffer): { end: number; bodyStart: number } | undefined {
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) {
    let next = at + 1
    while (bytes[next] === 0x0d) next++
    if (bytes[next] === 0x0a) return { end: at, bodyStart: next + 1 }
  }
  return undefined
}

/** Where the empty line behind header lines ends, which may end in LF alone, and where the lines before it do; undefined when there is none. */
export function headEnd(bytes: Buffer): { end: number; bodyStart: number } | undefined {
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) {
    const isCr = bytes[at + 1] === 0x0d
    if (bytes[isCr ? at + 2 : at + 1] === 0x0a) return { end: at, bodyStart: at + (isCr ? 3 : 2) }
  }
  return undefined
}

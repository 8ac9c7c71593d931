/** Bytes that are looked at. */
const headBytes = 512

/**
 * Whether text is in UTF-16, by its byte order mark or, without one, by the empty
 * halves of its ASCII: any text has line ends or spaces, any page markup.
 */
export function utf16Of(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  const head = bytes.subarray(0, headBytes & ~1)
  if (head.length < 4 || !head.includes(0)) return undefined
  const empty: [high: number, low: number] = [0, 0]
  for (const [at, byte] of head.entries()) if (byte === 0) empty[at & 1] = (empty[at & 1] ?? 0) + 1
  const some = Math.max(2, head.length / 32)
  if (empty[0] >= some && empty[1] === 0) return 'utf-16be'
  return empty[1] >= some && empty[0] === 0 ? 'utf-16le' : undefined
}

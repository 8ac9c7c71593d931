/** More characters are counted as bytes; fewer are taken for three bytes each. */
const charsToCount = 1024

/** At least what a value takes in PLAIN encoding, with its length and its levels. */
export function unpackedBytesMax(value: unknown): number {
  if (typeof value === 'string') return 8 + (value.length < charsToCount ? 3 * value.length : Buffer.byteLength(value))
  if (typeof value !== 'object' || value === null || value instanceof Date) return 16
  if (value instanceof Uint8Array) return 8 + value.length
  let bytes = 16
  // Faster than Object.entries, and a record of data inherits nothing enumerable.
  for (const name in value) bytes += 8 + 3 * name.length + unpackedBytesMax(value[name as keyof typeof value])
  return bytes
}

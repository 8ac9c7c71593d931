/** Characters that are the bytes of one character in UTF-8, each read by itself. */
export interface Sequence {
  at: number
  end: number
  /** The character that it was. */
  codePoint: number
  /** Its first byte. */
  first: number
}

/** What begins here, if it is one. @param byteOf misread-bytes.ts */
export function sequenceAt(text: string, at: number, byteOf: Uint8Array): Sequence | undefined {
  const first = byteOf[text.charCodeAt(at)] ?? 0
  if (first < 0xc2 || first > 0xf4) return undefined
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  let codePoint = first & (0x7f >> length)
  for (let next = at + 1; next < at + length; next++) {
    const byte = next < text.length ? (byteOf[text.charCodeAt(next)] ?? 0) : 0
    if (byte < 0x80 || byte > 0xbf) return undefined
    codePoint = (codePoint << 6) | (byte & 0x3f)
  }
  if (codePoint < (length === 2 ? 0x80 : length === 3 ? 0x800 : 0x10000) || codePoint > 0x10ffff) return undefined
  if (codePoint < 0xd800 || codePoint > 0xdfff) return { at, end: at + length, codePoint, first }
  return codePoint < 0xdc00 ? pairAt(text, { at, end: at + length, codePoint, first }, byteOf) : undefined
}

/** A character beyond U+FFFF whose surrogates were encoded one by one (CESU-8, UTS #26). */
function pairAt(text: string, { at, end, codePoint, first }: Sequence, byteOf: Uint8Array): Sequence | undefined {
  const [lead, high, low] = [0, 1, 2].map((offset) => byteOf[text.charCodeAt(end + offset)] ?? 0) as [number, number, number]
  if (lead !== 0xed || high < 0xb0 || high > 0xbf || low < 0x80 || low > 0xbf) return undefined
  return { at, end: end + 3, codePoint: 0x10000 + ((codePoint - 0xd800) << 10) + (((high & 0x0f) << 6) | (low & 0x3f)), first }
}

/** A charset that UTF-8 is taken for: the byte that each UTF-16 code unit came from, 0 for one that no byte gives. */
export interface Misreading {
  charset: string
  byteOf: Uint8Array
}

/** IBM's charset of the console, which the Encoding Standard has not: its upper half. */
const ibm437 = 'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0'
/** No charset has a character beyond the blocks of shapes but one, the apple of the Macintosh, which no first byte of ours is. */
const unitsEnd = 0x2700
/** In this order where several explain a text as well. */
const charsets = [
  'windows-1252',
  'windows-1251',
  'iso-8859-2',
  'windows-1250',
  'windows-1254',
  'windows-1253',
  'windows-1257',
  'macintosh',
  'ibm437',
  'ibm866',
  'koi8-r',
]
/** On a Macintosh most first bytes are dashes and quotes; these are not. */
const macintoshFirst = new Set([0xc2, 0xc3, 0xc4, 0xc5, 0xce, 0xcf, 0xd7, 0xd8, 0xd9, 0xe2])

/** Of each code unit those of `all`, a bit each, in which it is the first byte of two, of three, of four, or a further one. */
interface Places {
  all: readonly Misreading[]
  ofTwo: Uint16Array
  ofThree: Uint16Array
  ofFour: Uint16Array
  further: Uint16Array
}

let known: Places | undefined

/** Those in which a text has what may be the bytes of a character. One pass: most text has no such thing. */
export function misreadingsOf(text: string): readonly Misreading[] {
  const { all, ofTwo, ofThree, ofFour, further } = (known ??= openMisreadings())
  const furtherAt = (at: number): number => further[text.charCodeAt(at)] ?? 0
  let found = 0
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit < 0x80 || unit >= unitsEnd) continue
    const next = furtherAt(at + 1)
    if (next === 0) continue
    found |= (ofTwo[unit] as number) & next
    const long = ((ofThree[unit] as number) | (ofFour[unit] as number)) & next & furtherAt(at + 2)
    if (long !== 0) found |= (long & (ofThree[unit] as number)) | (long & furtherAt(at + 3))
  }
  return found === 0 ? [] : all.filter((_, bit) => (found & (1 << bit)) !== 0)
}

/** A UTF-16 code unit and its byte. */
type Pair = readonly [unit: number, byte: number]

/** Made at the first text that is asked about. */
function openMisreadings(): Places {
  const pairs = charsets.map(pairsOf)
  const withByte = (first: number, last: number): Uint16Array => {
    const bits = new Uint16Array(unitsEnd)
    for (const [bit, of] of pairs.entries()) for (const [unit, byte] of of) if (byte >= first && byte <= last && unit < unitsEnd) bits[unit]! |= 1 << bit
    return bits
  }
  const all = charsets.map((charset, at) => ({ charset, byteOf: tableOf(pairs[at] as Pair[]) }))
  return { all, ofTwo: withByte(0xc2, 0xdf), ofThree: withByte(0xe0, 0xef), ofFour: withByte(0xf0, 0xf4), further: withByte(0x80, 0xbf) }
}

function pairsOf(charset: string): Pair[] {
  const upper = charset === 'ibm437' ? ibm437 : new TextDecoder(charset).decode(Uint8Array.from({ length: 128 }, (_, at) => at + 128))
  const characters = Array.from({ length: 128 }, (_, at) => [upper.charCodeAt(at), at + 128] as const)
  // A decoder that knows no better gives the control characters of ISO 8859-1.
  const controls = Array.from({ length: 32 }, (_, at) => [at + 128, at + 128] as const)
  const isFirst = (byte: number): boolean => byte < 0xc0 || charset !== 'macintosh' || macintoshFirst.has(byte)
  return [...controls, ...characters].filter(([unit, byte]) => unit !== 0xfffd && isFirst(byte))
}

function tableOf(pairs: readonly Pair[]): Uint8Array {
  const byteOf = new Uint8Array(unitsEnd)
  for (const [unit, byte] of pairs) if (unit < unitsEnd) byteOf[unit] = byte
  return byteOf
}

/** A charset that UTF-8 is taken for: the byte that each UTF-16 code unit came from, 0 for one that no byte gives. */
export interface Misreading {
  charset: string
  byteOf: Uint8Array
  /** Two characters in a row as the first two bytes of a character in UTF-8. */
  pair: RegExp
}

/** IBM's charset of the console, which the Encoding Standard has not: its upper half. */
const ibm437 = 'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0'
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

let known: { all: readonly Misreading[]; pair: RegExp } | undefined

/** Those in which a text has what may be two bytes of a character. */
export function misreadingsOf(text: string): readonly Misreading[] {
  known ??= openMisreadings()
  return known.pair.test(text) ? known.all.filter(({ pair }) => pair.test(text)) : []
}

/** Made at the first text that is asked about. */
function openMisreadings(): NonNullable<typeof known> {
  const all = charsets.map((charset) => ({ charset, byteOf: bytesOf(charset) }))
  return { all: all.map((one) => ({ ...one, pair: pairOf([one]) })), pair: pairOf(all) }
}

function bytesOf(charset: string): Uint8Array {
  const upper = charset === 'ibm437' ? ibm437 : new TextDecoder(charset).decode(Uint8Array.from({ length: 128 }, (_, at) => at + 128))
  const byteOf = new Uint8Array(0x10000)
  // A decoder that knows no better gives the control characters of ISO 8859-1.
  for (let byte = 0x80; byte < 0xa0; byte++) byteOf[byte] = byte
  for (let at = 0; at < 128; at++) if (upper[at] !== '\ufffd') byteOf[upper.charCodeAt(at)] = 128 + at
  if (charset === 'macintosh')
    for (let unit = 0; unit < byteOf.length; unit++) if ((byteOf[unit] as number) >= 0xc0 && !macintoshFirst.has(byteOf[unit] as number)) byteOf[unit] = 0
  return byteOf
}

/** A first and a second byte of UTF-8, in one of these. */
function pairOf(some: readonly Pick<Misreading, 'byteOf'>[]): RegExp {
  const unitsOf = (first: number, last: number): string => {
    let units = ''
    for (let unit = 0x80; unit < 0x10000; unit++)
      if (some.some(({ byteOf }) => (byteOf[unit] as number) >= first && (byteOf[unit] as number) <= last)) units += `\\u${unit.toString(16).padStart(4, '0')}`
    return units
  }
  return new RegExp(`[${unitsOf(0xc2, 0xf4)}][${unitsOf(0x80, 0xbf)}]`)
}

import { TextDecoder } from 'node:util'

/** Percent-encodes all that is not ASCII. */
type Encode = (query: string) => string

/** Encoding, as TextDecoder names it → how it is written: as many as it knows at most. undefined = UTF-8, which the URL parser writes by itself. */
const encodings = new Map<string, Encode | undefined>()

/**
 * A reference whose query is percent-encoded in the charset of its document, as the HTML standard has it ("encoding-parsing a URL", URL standard
 * "percent-encode after encoding"). What the charset has no bytes for becomes `%26%23N%3B`, a character reference. Paths are left to the URL parser.
 */
export function withEncodedQuery(href: string, charset: string): string {
  const hash = href.indexOf('#')
  const end = hash === -1 ? href.length : hash
  const start = href.indexOf('?')
  if (start === -1 || start >= end) return href
  const query = href.slice(start, end)
  const encode = notAscii.test(query) ? encodeIn(charset) : undefined
  return encode ? href.slice(0, start) + encode(query.toWellFormed()) + href.slice(end) : href
}

const notAscii = /[^\0-\x7f]/

function encodeIn(charset: string): Encode | undefined {
  if (encodings.has(charset)) return encodings.get(charset)
  const decoder = decoderOf(charset)
  if (!decoder || /^(?:utf-|x-user-defined$)/.test(decoder.encoding)) return undefined
  const { encoding } = decoder
  const encode = encodings.get(encoding) ?? (encoding === 'iso-2022-jp' ? inIso2022Jp() : byTable(decoder))
  encodings.set(encoding, encode)
  return encode
}

function decoderOf(charset: string): TextDecoder | undefined {
  try {
    return new TextDecoder(charset)
  } catch {
    return undefined
  }
}

function byTable(decoder: TextDecoder): Encode {
  const table = encoderTable(decoder)
  return (query) =>
    query.replace(/[^\0-\x7f]/gu, (character) => {
      const bytes = table.get(character)
      return bytes ? percentEncoded(bytes) : asReference(character)
    })
}

const asReference = (character: string): string => `%26%23${character.codePointAt(0)}%3B`

/** The bytes of EUC-JP without their highest bits, between two escape sequences. */
function inIso2022Jp(): Encode {
  const table = encoderTable(new TextDecoder('euc-jp'))
  // It has no half-width kana.
  const bytesOf = (character: string) => table.get(/[\uff61-\uff9f]/.test(character) ? character.normalize('NFKC') : character)?.map((byte) => byte & 0x7f)
  return (query) =>
    query.replace(/[^\0-\x7f]+/gu, (run) => {
      let written = ''
      let isJapanese = false
      for (const character of run) {
        const bytes = bytesOf(character)
        if ((bytes !== undefined) !== isJapanese) written += bytes ? '%1B$B' : '%1B(B'
        isJapanese = bytes !== undefined
        written += bytes ? percentEncoded(bytes) : asReference(character)
      }
      return isJapanese ? `${written}%1B(B` : written
    })
}

/** Bytes that are read and never written, as the encoders of the Encoding standard have it; of others that read the same, the first are. */
const neverWritten: Readonly<Record<string, (lead: number, trail: number) => boolean>> = {
  // What NEC selected of IBM's extensions, and the private area.
  shift_jis: (lead) => lead >= 0xed && lead <= 0xf9,
  // The extensions of Hong Kong, and the second places of ten and thirty.
  big5: (lead, trail) => lead < 0xa1 || (lead === 0xa2 && (trail === 0xcc || trail === 0xce)),
  gb18030: (lead, trail) => lead === 0x80 && trail === 0,
}
const minusSign = '\u2212'
const fullWidthHyphen = '\uff0d'

/** Character → its bytes: all that is read of one byte and of two, turned round. What an encoding has of three or four bytes is not written. */
function encoderTable(decoder: TextDecoder): Map<string, number[]> {
  const table = new Map<string, number[]>()
  const isNeverWritten = neverWritten[decoder.encoding]
  for (let lead = 0x80; lead <= 0xff; lead++) {
    const row = [0, ...range(0x40, 0xfe)].filter((trail) => !isNeverWritten?.(lead, trail)).map((trail) => (trail === 0 ? [lead] : [lead, trail]))
    // A line feed ends what is torn before it.
    const read = decoder.decode(Uint8Array.from(row.flatMap((bytes) => [...bytes, 0x0a]))).split('\n')
    for (const [i, bytes] of row.entries()) {
      const character = read[i] ?? ''
      if (isOneCharacter(character) && !table.has(character)) table.set(character, bytes)
    }
  }
  const hyphen = table.get(fullWidthHyphen)
  if (hyphen && !table.has(minusSign)) table.set(minusSign, hyphen)
  return table
}

const isOneCharacter = (text: string): boolean => text > '\x7f' && text !== '\ufffd' && [...text].length === 1

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i)

/** What a query of an http URL must not hold ("special-query percent-encode set"). */
const percentEncoded = (bytes: readonly number[]): string =>
  bytes.map((byte) => (byte > 0x20 && byte < 0x7f && !'"#<>\''.includes(String.fromCharCode(byte)) ? String.fromCharCode(byte) : hex(byte))).join('')

const hex = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`

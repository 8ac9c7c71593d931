import { decodeCharset } from './charset-kernel.ts'

/** Percent-encodes all that is not ASCII. */
type Encode = (query: string) => string

/** Encoding → how it is written: as many as there are at most. UTF-8, which the URL parser writes by itself, is none of them. */
const encodings = new Map<string, Encode>()

/**
 * A reference whose query is percent-encoded in the charset of its document, as the HTML standard has it ("encoding-parsing a URL", URL standard
 * "percent-encode after encoding"). What the charset has no bytes for becomes `%26%23N%3B`, a character reference. Paths are left to the URL parser.
 * @param charset a name of the WHATWG Encoding Standard, in lower case
 * @throws RangeError for a name that is none, where there is something to encode
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
  if (isWrittenAsUtf8.test(charset)) return undefined
  const encode = encodings.get(charset) ?? (charset === 'iso-2022-jp' ? inIso2022Jp() : byTable(charset))
  encodings.set(charset, encode)
  return encode
}

/** Encoding standard, "get an output encoding". What has no encoder is written so, too. */
const isWrittenAsUtf8 = /^(?:utf-|replacement$|x-user-defined$)/

function byTable(charset: string): Encode {
  const table = encoderTable(charset)
  const rare = charset === 'gb18030' ? inFourBytes() : undefined
  return (query) =>
    query.replace(/[^\0-\x7f]/gu, (character) => {
      const bytes = table.get(character) ?? rare?.(character)
      return bytes ? percentEncoded(bytes) : asReference(character)
    })
}

const asReference = (character: string): string => `%26%23${character.codePointAt(0)}%3B`

/** The bytes of EUC-JP without their highest bits, between two escape sequences. */
function inIso2022Jp(): Encode {
  const table = encoderTable('euc-jp')
  // It has no half-width kana.
  const bytesOf = (character: string) => table.get(/[\uff61-\uff9f]/.test(character) ? character.normalize('NFKC') : character)?.map((byte) => byte & 0x7f)
  return (query) =>
    query.replace(/[^\0-\x7f]+/gu, (run) => {
      let written = ''
      let isEscaped = false
      for (const character of run) {
        const bytes = bytesOf(character)
        if ((bytes !== undefined) !== isEscaped) written += bytes ? '%1B$B' : '%1B(B'
        isEscaped = bytes !== undefined
        written += bytes ? percentEncoded(bytes) : asReference(character)
      }
      return isEscaped ? `${written}%1B(B` : written
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
const isJapanese = /^(?:shift_jis|euc-jp)$/
const minusSign = '\u2212'
const fullWidthHyphen = '\uff0d'

/** Character → its bytes: all that is read of one byte and of two, turned round. EUC-JP has more, of three bytes, that are never written. */
function encoderTable(charset: string): Map<string, number[]> {
  const table = new Map<string, number[]>()
  const isNeverWritten = neverWritten[charset]
  for (let lead = 0x80; lead <= 0xff; lead++) {
    const row = [0, ...range(0x40, 0xfe)].filter((trail) => !isNeverWritten?.(lead, trail)).map((trail) => (trail === 0 ? [lead] : [lead, trail]))
    // A line feed ends what is torn before it.
    const read = decodeCharset(charset, Uint8Array.from(row.flatMap((bytes) => [...bytes, 0x0a]))).split('\n')
    for (const [i, bytes] of row.entries()) {
      const character = read[i] ?? ''
      if (isOneCharacter(character) && !table.has(character)) table.set(character, bytes)
    }
  }
  const hyphen = isJapanese.test(charset) ? table.get(fullWidthHyphen) : undefined
  if (hyphen && !table.has(minusSign)) table.set(minusSign, hyphen)
  return table
}

/** What GB 18030 counts in four bytes, from here on: the rest of the first plane, in an order of its own, and all other planes, as they are. */
const [fourByteRest, fourBytePlanes] = [39_420, 189_000]

function inFourBytes(): (character: string) => number[] | undefined {
  let rest: Map<string, number> | undefined
  return (character) => {
    const code = character.codePointAt(0) ?? 0
    const pointer = code > 0xffff ? fourBytePlanes + code - 0x10000 : (rest ??= restOfFirstPlane()).get(character)
    return pointer === undefined ? undefined : fourBytes(pointer)
  }
}

function restOfFirstPlane(): Map<string, number> {
  const read = decodeCharset('gb18030', Uint8Array.from(range(0, fourByteRest - 1).flatMap(fourBytes)))
  return new Map(Array.from(read, (character, pointer) => [character, pointer]))
}

const fourBytes = (pointer: number): number[] => [
  0x81 + Math.floor(pointer / 12_600),
  0x30 + (Math.floor(pointer / 1260) % 10),
  0x81 + (Math.floor(pointer / 10) % 126),
  0x30 + (pointer % 10),
]

const isOneCharacter = (text: string): boolean => text > '\x7f' && text !== '\ufffd' && [...text].length === 1

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i)

/** What a query of an http URL must not hold ("special-query percent-encode set"). */
const percentEncoded = (bytes: readonly number[]): string =>
  bytes.map((byte) => (byte > 0x20 && byte < 0x7f && !'"#<>\''.includes(String.fromCharCode(byte)) ? String.fromCharCode(byte) : hex(byte))).join('')

const hex = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`

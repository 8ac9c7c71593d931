import { isUtf8 } from 'node:buffer'
import { TextDecoder } from 'node:util'
import { guessCharset } from './charset-guess.ts'

/** How much of a page is looked at for a `<meta>` charset: the HTML standard says 1024 bytes, browsers and pages use more. */
const sniffBytes = 4096
const metaCharset = /<meta[^>]{0,512}?charset\s*=\s*["']?\s*([\w.:-]{1,40})/i
const headerCharset = /;\s*charset\s*=\s*"?([\w.:-]{1,40})/i

const utf8 = new TextDecoder('utf-8')

export interface DecodedText {
  text: string
  charset: string
}

/**
 * Text of a body by, in order, its byte order mark, the charset of its Content-Type, a `<meta>` charset, else UTF-8 when it is that, else what it looks
 * like (HTML standard §13.2.3.2). Bytes that fit no character become U+FFFD.
 */
export function decodeText(bytes: Uint8Array, contentType: string | undefined): DecodedText {
  const declared = byteOrderMark(bytes) ?? known(headerCharset.exec(contentType ?? '')?.[1]) ?? fromMeta(bytes)
  if (declared) return { text: declared.decode(bytes), charset: declared.encoding }
  if (isUtf8(bytes)) return { text: utf8.decode(bytes), charset: 'utf-8' }
  const text = utf8.decode(bytes)
  if (isMostlyWell(text)) return { text, charset: 'utf-8' }
  const charset = guessCharset(bytes)
  return { text: new TextDecoder(charset).decode(bytes), charset }
}

/** A slip or two, or a cut at the end, do not make UTF-8 another encoding: in that nearly every odd byte would be wrong. */
function isMostlyWell(text: string): boolean {
  let odd = 0
  let wrong = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code >= 0x80) odd++
    if (code === 0xfffd) wrong++
  }
  return wrong * 20 <= odd
}

function byteOrderMark(bytes: Uint8Array): TextDecoder | undefined {
  const [a, b, c] = bytes
  if (a === 0xef && b === 0xbb && c === 0xbf) return new TextDecoder('utf-8')
  if (a === 0xfe && b === 0xff) return new TextDecoder('utf-16be')
  return a === 0xff && b === 0xfe ? new TextDecoder('utf-16le') : undefined
}

function fromMeta(bytes: Uint8Array): TextDecoder | undefined {
  const found = known(metaCharset.exec(Buffer.from(bytes.subarray(0, sniffBytes)).toString('latin1'))?.[1])
  // A page that can say so in ASCII is not UTF-16 (HTML standard §13.2.3.2).
  return found?.encoding.startsWith('utf-16') ? new TextDecoder('utf-8') : found
}

function known(label: string | undefined): TextDecoder | undefined {
  if (label === undefined) return undefined
  if (/^utf-?8$/i.test(label)) return utf8
  try {
    return new TextDecoder(label)
  } catch {
    return undefined
  }
}

import { TextDecoder } from 'node:util'

/** How much of a page is looked at for a `<meta>` charset: the HTML standard says 1024 bytes, browsers and pages use more. */
const sniffBytes = 4096
const metaCharset = /<meta[^>]{0,512}?charset\s*=\s*["']?\s*([\w.:-]{1,40})/i
const headerCharset = /;\s*charset\s*=\s*"?([\w.:-]{1,40})/i

export interface DecodedText {
  text: string
  charset: string
}

/**
 * Text of a body by, in order, its byte order mark, the charset of its Content-Type, a `<meta>` charset, else UTF-8 when it is that, else windows-1252
 * (HTML standard §13.2.3.2, without its guessing by language). Bytes that fit no character become U+FFFD.
 */
export function decodeText(bytes: Uint8Array, contentType: string | undefined): DecodedText {
  const declared = byteOrderMark(bytes) ?? known(headerCharset.exec(contentType ?? '')?.[1]) ?? fromMeta(bytes)
  if (declared) return { text: declared.decode(bytes), charset: declared.encoding }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), charset: 'utf-8' }
  } catch {
    return { text: new TextDecoder('windows-1252').decode(bytes), charset: 'windows-1252' }
  }
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
  try {
    return new TextDecoder(label)
  } catch {
    return undefined
  }
}

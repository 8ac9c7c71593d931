import { isUtf8 } from 'node:buffer'
import { TextDecoder } from 'node:util'
import { likelyCharset } from './charset-guess.ts'
import { decodeCharset } from './charset-kernel.ts'
import { contentKind } from './content-kind.ts'
import { declaredCharset, encodingOf, type Syntax } from './prescan.ts'
import { utf16Of } from './utf-16.ts'

const headerCharset = /;\s*charset\s*=\s*["']?([\w.:-]{1,40})/i

const utf8 = new TextDecoder('utf-8')

export interface DecodedText {
  text: string
  /** A name of the WHATWG Encoding Standard, in lower case. */
  charset: string
  /** Neither declared nor UTF-8: it is what the bytes look like. */
  isGuessed: boolean
  /** Declared by the header, yet UTF-8 by its bytes: browsers show what was declared. */
  isContradicted?: boolean
}

/**
 * Text of a body by, in order, its byte order mark, the charset of its Content-Type, the charset of its markup (prescan.ts), else UTF-8 when it is that,
 * else what it looks like (HTML standard §13.2.3.2). Bytes that fit no character become U+FFFD.
 *
 * Otherwise than in the standard, bytes that are UTF-8 are read as such against their own markup, which is left over from a time before, and bytes that are far
 * from it are not for what their markup says; both not against the header, which was made for this answer.
 */
export function decodeText(bytes: Uint8Array, contentType: string | undefined): DecodedText {
  const told = byteOrderMark(bytes) ?? encodingOf(headerCharset.exec(contentType ?? '')?.[1])
  if (told !== undefined) return { text: decode(told, bytes), charset: told, isGuessed: false, ...(isContradicted(told, bytes) && { isContradicted: true }) }
  const declared = declaredCharset(bytes, syntaxOf(bytes, contentType))
  if (declared !== undefined && !(declared === 'utf-8' && isBroken(bytes))) {
    const charset = isContradicted(declared, bytes) ? 'utf-8' : declared
    return { text: decode(charset, bytes), charset, isGuessed: false }
  }
  const isPlain = isUtf8(bytes)
  if (isPlain && !bytes.includes(escape)) return { text: utf8.decode(bytes), charset: 'utf-8', isGuessed: false }
  const text = utf8.decode(bytes)
  if (!isPlain && isMostlyWell(text)) return { text, charset: 'utf-8', isGuessed: false }
  const charset = likelyCharset(bytes)
  // Of what is ASCII, only escape sequences speak for another encoding.
  if (isPlain && charset !== 'iso-2022-jp') return { text, charset: 'utf-8', isGuessed: false }
  return { text: decode(charset, bytes), charset, isGuessed: true }
}

function syntaxOf(bytes: Uint8Array, contentType: string | undefined): Syntax {
  const kind = contentKind(bytes, contentType)
  if (kind === 'html') return /^[^;]*xml/i.test(contentType ?? '') ? 'xhtml' : 'html'
  return kind === 'text' && contentType === undefined ? 'html' : 'other'
}

/** Begins the escape sequences of ISO-2022-JP, all of whose bytes are ASCII. */
const escape = 0x1b

/** What Node's decoder knows a part of: the characters of Hong Kong and the less usual of Korea are not among them. */
const partlyKnown = new Set(['big5', 'euc-kr', 'shift_jis', 'euc-jp'])

function decode(charset: string, bytes: Uint8Array): string {
  if (charset === 'utf-8') return utf8.decode(bytes)
  if (charset === 'replacement') return bytes.length === 0 ? '' : '\ufffd'
  return partlyKnown.has(charset) ? decodeCharset(charset, bytes) : new TextDecoder(charset).decode(bytes)
}

const isBroken = (bytes: Uint8Array): boolean => !isUtf8(bytes) && !isMostlyWell(utf8.decode(bytes))

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

/** Fewer sequences of UTF-8 may be text of another encoding. */
const sequencesMin = 4

function isContradicted(declared: string, bytes: Uint8Array): boolean {
  if (/^(?:utf-|replacement$)/.test(declared) || !isUtf8(bytes)) return false
  let sequences = 0
  for (let at = 0; at < bytes.length && sequences < sequencesMin; at++) if ((bytes[at] as number) >= 0xc0) sequences++
  return sequences === sequencesMin
}

function byteOrderMark(bytes: Uint8Array): string | undefined {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 'utf-8' : utf16Of(bytes)
}

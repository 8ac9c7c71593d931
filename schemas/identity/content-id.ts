import { sha256Hex } from '../canonical-json.ts'
import { withoutInvisible } from './invisible.ts'
import { nfc } from './unicode.ts'

/**
 * The text whose bytes are a document's content, without what is invisible: lone surrogates become U+FFFD, every line ending is a line feed, what nobody sees
 * goes away (invisible.ts), every other white space except tab is a space, white space at the end of a line goes away, blank lines come singly and not at
 * the ends; then NFC of Unicode 16.0 (unicode.ts). Indentation and runs of spaces inside a line stay: they are content in code and tables. Idempotent.
 */
export function normalizeText(text: string): string {
  const lines = withoutInvisible(
    text
      .toWellFormed()
      .replace(/\r\n?|[\v\f\u0085\u2028\u2029]/g, '\n')
      .replace(/[\u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]/g, ' '),
  )
  // Looking for ends of lines costs less than looking behind each space.
  const trimmed = /[ \t](?:\n|$)/.test(lines) ? lines.replace(/(?<![ \t])[ \t]+$/gm, '') : lines
  return nfc(trimmed.replace(/\n{3,}/g, '\n\n').replace(/^\n+|\n+$/g, ''))
}

/** Lower-case hex sha256 of the UTF-8 of the normalized text: two pages with the same id have the same content. */
export const contentId = (text: string): string => sha256Hex(normalizeText(text))

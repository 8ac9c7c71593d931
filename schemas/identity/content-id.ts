import { sha256Hex } from '../canonical-json.ts'
import { nfc } from './unicode.ts'

/**
 * The text whose bytes are a document's content, without what is invisible: lone surrogates become U+FFFD, control characters other than tab
 * and line feed, the soft hyphen, zero-width space, word joiner and byte order mark go away, every line ending is a line feed, every other white space except tab a
 * space, white space at the end of a line goes away, blank lines come singly and not at the ends; then NFC of Unicode 16.0 (unicode.ts). Indentation and runs of spaces
 * inside a line stay: they are content in code and tables. Idempotent.
 */
export function normalizeText(text: string): string {
  const lines = text
    .toWellFormed()
    .replace(/\r\n?|[\v\f\u0085\u2028\u2029]/g, '\n')
    .replace(invisible, '')
    .replace(/[\u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]/g, ' ')
  // Looking for ends of lines costs less than looking behind each space.
  const trimmed = /[ \t](?:\n|$)/.test(lines) ? lines.replace(/(?<![ \t])[ \t]+$/gm, '') : lines
  return nfc(trimmed.replace(/\n{3,}/g, '\n\n').replace(/^\n+|\n+$/g, ''))
}

// oxlint-disable-next-line no-control-regex -- removing them is the point
const invisible = /[\u0000-\u0008\u000E-\u001F\u007F-\u009F\u00AD\u200B\u2060\uFEFF]/g

/** Lower-case hex sha256 of the UTF-8 of the normalized text: two pages with the same id have the same content. */
export const contentId = (text: string): string => sha256Hex(normalizeText(text))

import { sequenceAt, type Sequence } from './misread-sequence.ts'
import type { Misreading } from './misread-bytes.ts'

/** A sequence and whether it can be nothing but misread, by what stands around it. */
export interface Judged extends Sequence {
  script: Script
  isCertain: boolean
}

/** What was meant: of one script are the characters of a word. `western` are the letters of Latin and all signs. */
type Script = 'western' | 'greek' | 'cyrillic' | 'hebrew' | 'arabic' | 'han' | 'hangul' | 'emoji' | 'marks' | `block-${number}`

/** Signs that good text has behind a letter: É… or NESTLÉ® are meant. Also as the control characters that ISO 8859-1 makes of them. */
const following = /[\x85\x91-\x97\x99\xa0\xad…‘’“”„‚«»‹›–—™®©°·•§¡¿†‡ªº´]/
const letter = /\p{L}/u
const lower = /\p{Ll}/u
const upper = /\p{Lu}/u
const latin = /[a-z]/i

/** All sequences of a text in one charset. */
export function judgedSequences(text: string, misreading: Misreading): Judged[] {
  const found: Judged[] = []
  for (let at = 0; at < text.length; at++) {
    const sequence = sequenceAt(text, at, misreading.byteOf)
    if (!sequence) continue
    found.push({ ...sequence, script: scriptOf(sequence), isCertain: false })
    at = sequence.end - 1
  }
  for (let start = 0, end = 0; start < found.length; start = end) {
    for (end = start + 1; end < found.length && found[end]!.at === found[end - 1]!.end && found[end]!.script === found[start]!.script; end++);
    const isRun = isCertainRun(text, found.slice(start, end))
    for (let at = start; at < end; at++) found[at]!.isCertain = isRun || isCertainAlone(text, found[at]!, misreading.charset)
  }
  return found
}

function scriptOf({ first, codePoint }: Sequence): Script {
  if (first <= 0xc5 || isSign(codePoint) || (codePoint >= 0x1e00 && codePoint < 0x1f00) || western.has(codePoint)) return 'western'
  if (codePoint < 0x300) return 'block-0'
  if (codePoint < 0x370) return 'marks'
  if (codePoint < 0x400) return 'greek'
  if (codePoint < 0x530) return 'cyrillic'
  if (codePoint < 0x600) return 'hebrew'
  if (codePoint < 0x780) return 'arabic'
  if ((codePoint >= 0x3000 && codePoint < 0xa000) || (codePoint >= 0xff00 && codePoint < 0xfff0)) return 'han'
  if (codePoint >= 0xac00 && codePoint < 0xd7b0) return 'hangul'
  if (codePoint >= 0x1f000 && codePoint < 0x1fb00) return 'emoji'
  return `block-${codePoint >> 7}`
}

/** Letters of Vietnamese, Romanian and Azerbaijani, and those of windows-1252 beyond the blocks of Latin. */
const western = new Set([0x192, 0x1a0, 0x1a1, 0x1af, 0x1b0, 0x218, 0x219, 0x21a, 0x21b, 0x259, 0x2c6, 0x2dc])

/** Punctuation, currency, arrows, mathematics, shapes, dingbats, ligatures, byte order mark, replacement character. */
const isSign = (codePoint: number): boolean =>
  (codePoint >= 0x2000 && codePoint < 0x2c00) ||
  (codePoint >= 0xfb00 && codePoint < 0xfb07) ||
  codePoint === 0xfe0f ||
  codePoint === 0xfeff ||
  codePoint === 0xfffd

/** Signs of Chinese and Japanese. */
const isWide = ({ codePoint }: Sequence): boolean => (codePoint >= 0x3000 && codePoint < 0x3040) || (codePoint >= 0xff00 && codePoint < 0xff66)

/** So many in a row of one script make a word of it, where the same characters make none. */
function isCertainRun(text: string, run: readonly Judged[]): boolean {
  const [{ script, first, at }] = run as [Judged]
  const seen = text.slice(at, run.at(-1)!.end)
  if (run.length < (script === 'western' || first >= 0xe0 ? 2 : 3)) return false
  if (script === 'western' && run.every((sequence) => isPlain(text, sequence))) return false
  // All in capitals, or in small letters, it may be a word of Ukrainian or Serbian.
  return !/^\p{L}+$/u.test(seen) || (lower.test(seen) && upper.test(seen))
}

function isCertainAlone(text: string, sequence: Judged, charset: string): boolean {
  const { at, end, first, script } = sequence
  const [before, after] = [text[at - 1] ?? '', text[end] ?? '']
  if (script === 'emoji') return true
  if (first >= 0xe0) return (script === 'western' || isWide(sequence)) && isCertainSign(text, sequence, { before, after })
  if (script === 'western') return rulesOfTwo(charset)(text, sequence, { before, after })
  const isWestern = charset === 'windows-1252' || charset === 'windows-1254'
  return isWestern && (script === 'greek' || script === 'marks') && first <= 0xcf && !isPlain(text, sequence) && !letter.test(text.charAt(at + 1))
}

interface Around {
  before: string
  after: string
}
type Rule = (text: string, sequence: Judged, around: Around) => boolean

/** Whether all but the first are signs that may stand behind a letter. */
function isPlain(text: string, { at, end }: Sequence): boolean {
  for (let next = at + 1; next < end; next++) if (!following.test(text.charAt(next))) return false
  return true
}

/** Three for a sign, or a letter of Vietnamese: â€™ is never meant, but â…” may be. */
const isCertainSign: Rule = (text, sequence, { before, after }) => {
  const { at, end, first, codePoint } = sequence
  if ((first === 0xe2 && codePoint < 0x2040) || codePoint === 0xfeff) return true
  if (/^\p{L}+$/u.test(text.slice(at, end))) return false
  return !isPlain(text, sequence) || text.charAt(at + 1) === '™' || (first === 0xe1 ? letter.test(after) : !letter.test(before))
}

const rulesOfTwo = (charset: string): Rule => {
  if (charset === 'windows-1251' || charset === 'windows-1253') return amongLatin
  if (charset === 'macintosh') return withinWord
  if (charset === 'ibm437') return behindBox
  return charset === 'ibm866' || charset === 'koi8-r' ? () => false : behindCapital
}

/** A capital of Cyrillic or Greek with a sign, within a word of Latin letters. */
const amongLatin: Rule = (text, sequence, { before, after }) =>
  sequence.first !== 0xc2 && latin.test(before) && (latin.test(after) || (!isPlain(text, sequence) && !letter.test(text.charAt(sequence.at + 1))))

/** √, ƒ or ≈ within a word, or √ at its end before what has no root. */
const withinWord: Rule = (text, { at, first }, { before, after }) =>
  first !== 0xc2 && lower.test(before) && (lower.test(after) || (first === 0xc3 && /[a-zß-ÿ≤≥≠±´¨™®©†¢£§¶•°]/.test(text.charAt(at + 1))))

/** Lines of a box within a word. */
const behindBox: Rule = (text, { at, first }, { before, after }) =>
  first === 0xc3 && latin.test(before) && latin.test(after) && !/[─-▟]/.test(text.charAt(at + 1))

/** A capital with a sign: within a word of small letters, at the start of one, or with a sign that stands behind no letter. */
const behindCapital: Rule = (text, sequence, { before, after }) => {
  const { at, first } = sequence
  const second = text.charAt(at + 1)
  const isFollowing = isPlain(text, sequence)
  if (first === 0xc2) return isCertainSymbol(second, before, isFollowing)
  if (/[’\x92]/.test(second)) return lower.test(before) && /\p{L}{2}/u.test(text.slice(at + 2, at + 4))
  if (lower.test(before)) return first <= 0xc5 || !isFollowing || lower.test(after)
  if (letter.test(second)) return lower.test(second) && first === 0xc3 && (upper.test(after) || !letter.test(before))
  if (first > 0xc5) return lower.test(after) && !isFollowing
  if (first !== 0xc3) return lower.test(after) && (!isFollowing || (upper.test(before) ? /[«»°™]/ : /°/).test(second))
  if (!isFollowing) return true
  if (second === '\xa0') return !letter.test(before)
  if (/[–—\x96\x97\xad·]/.test(second)) return lower.test(after) && !letter.test(before)
  return letter.test(after) || (!letter.test(before) && /[©®°™§¡¿´•†‡ªº]/.test(second))
}

/** Â and the sign that it stands before: not at the end of a word in capitals, and not the word of Welsh. */
function isCertainSymbol(second: string, before: string, isFollowing: boolean): boolean {
  if (letter.test(second)) return false
  if (second === '\xa0' || second === '\xad') return !upper.test(before)
  if (/[’\x92]/.test(second)) return lower.test(before)
  return !upper.test(before) || !isFollowing
}

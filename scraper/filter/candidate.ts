import { isUnspaced, words } from '../extract/words.ts'
import { cutLines, type LineRules, type LinesCut } from './c4-lines.ts'
import { isWord } from './gopher-word-count.ts'
import { measureRepetition, type Repetition } from './repetition.ts'

/** A text and what the rules look at, each made once. */
export interface Candidate {
  readonly text: string
  /** ISO 639-1, or `und`. */
  readonly lang: string
  readonly words: readonly string[]
  /** Lines that hold a letter or digit, without the white space around them. A line of marks alone (a brace, a rule) is drawn, not written. */
  readonly lines: readonly string[]
  /** Blocks between blank lines. */
  readonly paragraphs: readonly string[]
  readonly repetition: Repetition
  /** What C4's line rules leave of it, whether they are in force or not. */
  readonly c4: LinesCut
}

/** @param text normalized: no white space around it, no more than one blank line */
export function candidateOf(text: string, lang: string, lineRules: LineRules): Candidate {
  const found = words(text)
  return {
    text,
    lang,
    words: found,
    lines: linesOf(text),
    paragraphs: text.split(/\n\s*\n/).filter((paragraph) => paragraph.trim() !== ''),
    repetition: measureRepetition(found, isUnspaced(text) ? 0 : 1),
    c4: cutLines(text, lang, lineRules),
  }
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(isWord)

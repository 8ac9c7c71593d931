import { isUnspaced, words } from '../extract/text/words.ts'
import { cutLines, type LineRules, type LinesCut } from './c4-lines.ts'
import { isWord } from './gopher-word-count.ts'
import { measureRepetition, type Repetition } from './repetition.ts'

/** A text and its parts. */
interface Parts {
  readonly text: string
  readonly words: readonly string[]
  /** Lines that hold a letter or digit, without the white space around them. A line of marks alone (a brace, a rule) is drawn, not written. */
  readonly lines: readonly string[]
  /** Blocks between blank lines. */
  readonly paragraphs: readonly string[]
}

/** A text and what the rules look at, each made once. */
export interface Candidate extends Parts {
  /** ISO 639-1, or `und`. */
  readonly lang: string
  /**
   * The text without its code, which repeats itself and is full of marks by its nature: rules made for prose look at this. All of it when there is no
   * code, or little else.
   */
  readonly prose: Parts
  /** Of the prose. */
  readonly repetition: Repetition
  /** What C4's line rules leave of it, whether they are in force or not. */
  readonly c4: LinesCut
}

/** A page with less prose is judged by all that it has. */
const proseWordsMin = 30

/** @param text normalized: no white space around it, no more than one blank line */
export function candidateOf(text: string, lang: string, lineRules: LineRules): Candidate {
  const whole = partsOf(text)
  const plain = withoutCode(text)
  const rest = plain === text ? whole : partsOf(plain)
  const prose = rest.words.length < proseWordsMin ? whole : rest
  return {
    ...whole,
    lang,
    prose,
    repetition: measureRepetition(prose.words, isUnspaced(prose.text) ? 0 : 1),
    c4: cutLines(text, lineRules),
  }
}

const partsOf = (text: string): Parts => ({
  text,
  words: words(text),
  lines: text
    .split('\n')
    .map((line) => line.trim())
    .filter(isWord),
  paragraphs: text.split(/\n\s*\n/).filter((paragraph) => paragraph.trim() !== ''),
})

/** Cuts what stands between fences, as the text form of a page has its code (extract/main-text.ts). A fence that nobody closes is none. */
function withoutCode(text: string): string {
  if (!text.includes('```')) return text
  const kept: string[] = []
  let open: { fence: string; at: number } | undefined
  for (const line of text.split('\n')) {
    const fence = /^\s*(`{3,})/.exec(line)?.[1]
    if (open === undefined && fence !== undefined) open = { fence, at: kept.length }
    kept.push(line)
    if (open !== undefined && open.at < kept.length - 1 && line.trim() === open.fence) {
      kept.length = open.at
      open = undefined
    }
  }
  return kept.join('\n').trim()
}

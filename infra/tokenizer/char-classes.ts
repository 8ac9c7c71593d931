import { readFileSync } from 'node:fs'
import type { Pattern } from './pattern.ts'

/** What patterns ask of a character, as bits of its class; 0 = none of it: controls, what is no character yet, for most families punctuation and symbols too. */
export const charBits = {
  /** Lu, Lt, Lm, Lo, M: may stand before the lower case of a word. */
  upper: 1,
  /** Ll, Lm, Lo, M. */
  lower: 2,
  letter: 4,
  number: 8,
  /** White_Space: unlike JavaScript's `\s` with U+0085 and without U+FEFF. */
  space: 16,
  /** CR and LF. */
  newline: 32,
  /** Punctuation and symbols (deepseek). */
  symbol: 64,
  /** Chinese characters of Unicode 1, Hiragana and Katakana, whatever else stands in their blocks (deepseek). */
  ideograph: 128,
} as const

/** Classes of all code points: that of `point` is `blocks[pages[point >> 7] << 7 | point & 127]`. */
export interface CharClasses {
  pages: Uint8Array
  blocks: Uint8Array
}

/** Of Unicode 16, as tiktoken and Hugging Face's tokenizers have it: first and count of each run, flat. Written by test/golden/write-unicode.ts. */
type Runs = Record<'upper' | 'lower' | 'letter' | 'mark' | 'number' | 'space' | 'symbol', number[]>

const pageBits = 7
/** First and count of each run: what the pattern of DeepSeek names by its ends. */
const ideographs = [0x4e00, 0x9fa5 + 1 - 0x4e00, 0x3040, 0x3100 - 0x3040]

export function charClasses({ family, marksAreLetters }: Pick<Pattern, 'family' | 'marksAreLetters'>): CharClasses {
  const { upper, lower, letter, number, space, newline, symbol, ideograph } = charBits
  const runs = JSON.parse(readFileSync(new URL('char-classes.json', import.meta.url), 'utf8')) as Runs
  const flat = new Uint8Array(0x110000)
  const fill = (of: number[], bits: number): void => {
    for (let at = 0; at < of.length; at += 2) flat.fill(bits, of[at]!, of[at]! + of[at + 1]!)
  }
  fill(runs.upper, upper | letter)
  fill(runs.lower, lower | letter)
  fill(runs.letter, upper | lower | letter)
  fill(runs.mark, upper | lower | (marksAreLetters ? letter : 0))
  fill(runs.number, number)
  fill(runs.space, space)
  flat[0x0a] = flat[0x0d] = space | newline
  if (family === 'deepseek') {
    fill(runs.symbol, symbol)
    for (let at = 0; at < ideographs.length; at += 2) for (let n = 0; n < ideographs[at + 1]!; n++) flat[ideographs[at]! + n]! |= ideograph
  }
  return paged(flat)
}

/** Most pages are like others. */
function paged(flat: Uint8Array): CharClasses {
  const known = new Map<string, number>()
  const pages = new Uint8Array(flat.length >> pageBits)
  for (let page = 0; page < pages.length; page++) {
    const block = Buffer.from(flat.buffer, page << pageBits, 1 << pageBits).toString('latin1')
    if (!known.has(block)) known.set(block, known.size)
    pages[page] = known.get(block)!
  }
  return { pages, blocks: Buffer.from([...known.keys()].join(''), 'latin1') }
}

import { readFileSync } from 'node:fs'

/** What patterns ask of a character, as bits of its class; 0 = punctuation, symbols, controls, what is no character yet. */
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
} as const

/** Classes of all code points: that of `point` is `blocks[pages[point >> 7] << 7 | point & 127]`. */
export interface CharClasses {
  pages: Uint8Array
  blocks: Uint8Array
}

/** Of Unicode 16, as tiktoken and Hugging Face's tokenizers have it: first and count of each run, flat. Written by test/golden/write-unicode.ts. */
type Runs = Record<'upper' | 'lower' | 'letter' | 'mark' | 'number' | 'space', number[]>

const pageBits = 7

export function charClasses({ marksAreLetters }: { marksAreLetters: boolean }): CharClasses {
  const { upper, lower, letter, number, space, newline } = charBits
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

import type { Block } from './page-blocks.ts'

/**
 * Adds what is in a run of text. Words are runs without white space, and each character of a script that is written without spaces, which counts as
 * three: so much do Chinese and English need for the same. Sentences end in `.`, `!`, `?` or `…` before white space or the end, or in those of other scripts.
 */
export function countText(block: Block, data: string): void {
  let inWord = false
  for (let i = 0; i < data.length; i++) {
    const code = data.charCodeAt(i)
    if (code <= 32 || code === 160 || code === 0x3000) {
      inWord = false
      continue
    }
    block.chars++
    if (code >= unspacedFrom && isUnspacedChar(code)) {
      block.chars += 2
      block.words++
      inWord = false
      continue
    }
    if (!inWord) {
      inWord = true
      block.words++
      if (isCapital(code)) block.capitals++
    }
    if (code >= 48 && code <= 57) block.digits++
    else if (code === 34 || (code >= 59 && code <= 62) || (code >= 91 && code <= 95) || code === 123 || code === 125) block.symbols++
    else if (code === 44 || code === 0xff0c || code === 0x3001 || code === 0x60c) block.commas++
    else if (code === 46 || code === 33 || code === 63 || code === 0x2026) {
      const next = i + 1 < data.length ? data.charCodeAt(i + 1) : 32
      if (next <= 34 || next === 0x201d || next === 0xbb || next === 160 || next >= unspacedFrom) block.sentences++
    } else if (code >= 0x37e && sentenceEnds.has(code)) block.sentences++
  }
}

/** Of Greek, Arabic, Urdu, Devanagari, Ethiopic, Burmese, Khmer and of full width. */
const sentenceEnds = new Set([0x37e, 0x61f, 0x6d4, 0x964, 0x965, 0x1362, 0x104b, 0x17d4, 0x3002, 0xff01, 0xff0e, 0xff1f, 0xff61])
const unspacedFrom = 0xe00

/** Thai, Lao, Burmese, Khmer, kana and Han, as UTF-16 code units. */
const isUnspacedChar = (code: number): boolean =>
  (code >= 0x3400 && code <= 0x9fff) ||
  (code >= 0x3041 && code <= 0x30ff && code !== 0x30fb) ||
  (code >= 0xe01 && code <= 0xedf) ||
  (code >= 0x1000 && code <= 0x104a) ||
  (code >= 0x1780 && code <= 0x17d3) ||
  (code >= 0x31f0 && code <= 0x31ff) ||
  (code >= 0xf900 && code <= 0xfaff) ||
  (code >= 0xd840 && code <= 0xd888)

/** Of Latin, Greek and Cyrillic letters. */
const isCapital = (code: number): boolean =>
  (code >= 65 && code <= 90) || (code >= 0xc0 && code <= 0xde) || (code >= 0x386 && code <= 0x3ab) || (code >= 0x400 && code <= 0x42f)

/** Whether there is only white space. */
export function isBlank(data: string): boolean {
  for (let i = 0; i < data.length; i++) {
    const code = data.charCodeAt(i)
    if (code === 32 || (code >= 9 && code <= 13)) continue
    return code >= 160 && !/\S/.test(data)
  }
  return true
}

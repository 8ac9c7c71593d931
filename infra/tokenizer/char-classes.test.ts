import { expect, test } from 'vitest'
import { charBits, charClasses } from './char-classes.ts'

const { upper, lower, letter, number, space, newline } = charBits
/** A letter that Unicode 17 made lower case no longer. */
const changed = 0x295

/** Of an engine, whose Unicode is a later one: what was not yet a character is left out. */
function classOf(character: string): number {
  if (/[\r\n]/.test(character)) return space | newline
  if (/\p{White_Space}/u.test(character)) return space
  if (/[\p{Lu}\p{Lt}]/u.test(character)) return upper | letter
  if (/\p{Ll}/u.test(character)) return lower | letter
  if (/\p{L}/u.test(character)) return upper | lower | letter
  if (/\p{M}/u.test(character)) return upper | lower
  return /\p{N}/u.test(character) ? number : 0
}

test('classes are those of Unicode 16', () => {
  const { pages, blocks } = charClasses({ family: 'gpt2', marksAreLetters: false })
  const differ: string[] = []
  for (let point = 0; point < 0x110000; point++) {
    const found = blocks[(pages[point >> 7]! << 7) | (point & 127)]
    // What an engine knows of later ones is 0 here.
    if (found !== classOf(String.fromCodePoint(point)) && found !== 0 && point !== changed) differ.push(point.toString(16))
  }
  expect(differ).toEqual([])
  expect(charClasses({ family: 'gpt2', marksAreLetters: true }).blocks).not.toEqual(blocks)
})

test('of those of Unicode 16 none is missing', () => {
  const { pages, blocks } = charClasses({ family: 'gpt2', marksAreLetters: false })
  let classes = 0
  for (const page of pages) for (const kind of blocks.subarray(page << 7, (page + 1) << 7)) if (kind !== 0) classes++
  // Letters, marks, numbers (UnicodeData.txt 16.0) and White_Space.
  expect(classes).toBe(141_028 + 2501 + 1911 + 25)
})

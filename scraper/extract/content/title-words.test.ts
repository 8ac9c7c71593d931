import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { titleWords } from './title-words.ts'

const wordsOf = (text: string): Set<string> => new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu))
const text = fc.string({ unit: fc.constantFrom('a', 'B', 'b', 'c', '1', ' ', '-', '_', 'é', 'İ', 'K', '語'), maxLength: 30 })

describe('the words of a title', () => {
  test('share of a text what counting the words of both says, in any script', () => {
    fc.assert(
      fc.property(text, text, (title, other) => {
        const [known, own] = [wordsOf(title), wordsOf(other)]
        const shared = [...own].filter((word) => known.has(word)).length
        expect(titleWords(title).shareOf(other)).toBe(own.size === 0 ? 0 : shared / own.size)
        expect(titleWords(title).count).toBe(known.size)
      }),
      { numRuns: 1000 },
    )
  })

  test.each([
    ['The Ferry', 'the ferry of the sound', 0.5],
    ['The Ferry', 'A harbour', 0],
    ['', 'A harbour', 0],
    [`${'a'.repeat(40)} b`, 'A'.repeat(40), 1],
  ])('%s: %s', (title, other, share) => expect(titleWords(title).shareOf(other)).toBe(share))
})

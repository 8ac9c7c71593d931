import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { measureRepetition } from './repetition.ts'

/** The definition, with strings. */
function plainly(words: readonly string[], n: number): { top: number; duplicates: number } {
  const grams = Array.from({ length: Math.max(0, words.length - n + 1) }, (_, at) => words.slice(at, at + n).join(' '))
  const counts = new Map<string, number>()
  for (const gram of grams) counts.set(gram, (counts.get(gram) ?? 0) + 1)
  const [best = '', times = 0] = [...counts].toSorted((a, b) => b[1] - a[1])[0] ?? []
  const seen = new Set<string>()
  let duplicates = 0
  for (let at = 0; at < grams.length;) {
    const gram = grams[at] ?? ''
    if (seen.has(gram)) duplicates += gram.length
    at += seen.has(gram) ? n : 1
    seen.add(gram)
  }
  return { top: times > 1 ? best.length * times : 0, duplicates }
}

describe('repeated n-grams', () => {
  test('hold the characters that they hold when counted by hand', () => {
    const words = 'a bb a bb a bb c d e f g c d e f g'.split(' ')
    const { top, duplicates } = measureRepetition(words, 1)
    // "a bb" three times; "a bb a" and "a bb a bb" twice; "c d e f g" once more.
    expect([top(2), top(3), top(4), duplicates(5), duplicates(6)]).toEqual([12, 12, 18, 9, 0])
  })
  test('are what their definition says, of any words', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'cc', 'ddd'), { maxLength: 60 }), (words) => {
        const { top, duplicates } = measureRepetition(words, 1)
        for (const n of [2, 3, 4] as const) expect(top(n)).toBe(plainly(words, n).top)
        for (const n of [5, 6, 7, 8, 9, 10] as const) expect(duplicates(n)).toBe(plainly(words, n).duplicates)
      }),
    )
  })
})

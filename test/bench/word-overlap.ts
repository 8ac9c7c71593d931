/** Scripts written without spaces: each of their characters is a word. */
const unspaced = ['Han', 'Hiragana', 'Katakana', 'Thai', 'Lao', 'Khmer', 'Myanmar'].map((name) => `\\p{Script=${name}}`).join('')
const word = new RegExp(`[${unspaced}]|(?:(?![${unspaced}])[\\p{L}\\p{M}\\p{N}_])+`, 'gu')

/** The words of a text as benchmarks of extraction count them, in lower case and in their order. */
export const wordsOf = (text: string): string[] => text.toLowerCase().match(word) ?? []

/** 0 to 1. */
export interface Overlap {
  f1: number
  precision: number
  recall: number
}

/** How far two texts have the same words, wherever they stand: multiset overlap. Two empty texts are the same. */
export function wordOverlap(found: string, sought: string): Overlap {
  const [ours, theirs] = [wordsOf(found), wordsOf(sought)]
  if (theirs.length === 0) return ours.length === 0 ? { f1: 1, precision: 1, recall: 1 } : { f1: 0, precision: 0, recall: 0 }
  const left = new Map<string, number>()
  for (const each of theirs) left.set(each, (left.get(each) ?? 0) + 1)
  let same = 0
  for (const each of ours) {
    const count = left.get(each) ?? 0
    if (count === 0) continue
    same++
    left.set(each, count - 1)
  }
  return { f1: (2 * same) / (ours.length + theirs.length), precision: same / Math.max(1, ours.length), recall: same / theirs.length }
}

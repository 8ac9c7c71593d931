import { isUnspaced } from '../extract/text/words.ts'
import type { Filter } from './filter.ts'

/**
 * C4 (arXiv 1910.10683 §2.2): no page with a word or phrase of a list; which is for the user to give. How many it holds, each occurrence. Whole words count,
 * but where a script does not part them. `c4_bad_words`
 */
export function c4BadWords(list: readonly string[]): Filter {
  const unparted = list.filter(isUnspaced).map((word) => word.toLowerCase())
  const phrases = new Set(list.filter((word) => !isUnspaced(word)).map((word) => tokensOf(word).join(' ')))
  const longest = Math.max(0, ...[...phrases].map((phrase) => phrase.split(' ').length))
  return {
    name: 'c4_bad_words',
    bounds: { max: 0 },
    measure: ({ text }) => (list.length === 0 ? 0 : countUnparted(text, unparted) + countPhrases(tokensOf(text), phrases, longest)),
    judge: (count) => count === 0 || 'c4_bad_words',
  }
}

const tokensOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? []

const countUnparted = (text: string, words: readonly string[]): number =>
  words.length === 0 ? 0 : words.reduce((count, word) => count + text.toLowerCase().split(word).length - 1, 0)

function countPhrases(tokens: readonly string[], phrases: ReadonlySet<string>, longest: number): number {
  let count = 0
  for (let at = 0; at < tokens.length; at++) {
    let phrase = ''
    for (let end = at; end < Math.min(tokens.length, at + longest); end++) {
      phrase = phrase === '' ? (tokens[end] ?? '') : `${phrase} ${tokens[end]}`
      if (phrases.has(phrase)) count++
    }
  }
  return count
}

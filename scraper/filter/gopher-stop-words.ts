import type { Filter, Limit } from './filter.ts'
import { stopWordsOf, type StopWords } from './stop-words.ts'

const english = stopWordsOf('en') as StopWords

/**
 * Gopher (arXiv 2112.11446, table A1): a text holds at least two of eight common words of English; as in FineWeb-2 (arXiv 2506.20920) a text of another
 * language two of its own (stop-words.ts). Languages without a list are left alone, and so is what is of none. `gopher_no_stop_words`
 */
export const gopherStopWords = (min: Limit): Filter => ({
  name: 'stop_words',
  bounds: { min },
  measure({ words, lang }) {
    const { words: common, longest } = stopWordsOf(lang) ?? english
    const found = new Set<string>()
    for (const word of words) {
      if (word.length > longest) continue
      const small = word.toLowerCase()
      if (common.has(small)) found.add(small)
    }
    return found.size
  },
  judge: (distinct, { lang }) => min === false || distinct >= min || stopWordsOf(lang) === undefined || 'gopher_no_stop_words',
})

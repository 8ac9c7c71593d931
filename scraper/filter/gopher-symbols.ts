import type { Filter } from './filter.ts'

/** Gopher (arXiv 2112.11446, table A1): at most 0.1 hash signs or ellipses per word, each counted alone; the larger of the two is the measure. */
export const gopherSymbols = (maxPerWord = 0.1): Filter => ({
  name: 'symbols_per_word',
  measure({ text, words }) {
    const hashes = text.split('#').length - 1
    const ellipses = (text.match(/\.\.\.|…/g) ?? []).length
    return Math.max(hashes, ellipses) / Math.max(1, words.length)
  },
  judge: (perWord) => perWord <= maxPerWord || 'gopher_symbols',
})

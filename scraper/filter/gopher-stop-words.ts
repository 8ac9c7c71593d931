import type { Filter, Limit } from './filter.ts'

const common = new Set(['the', 'be', 'to', 'of', 'and', 'that', 'have', 'with'])

/** Gopher (arXiv 2112.11446, table A1): an English text holds at least two of eight common words. Other languages are left alone. `gopher_no_stop_words` */
export const gopherStopWords = (min: Limit): Filter => ({
  name: 'stop_words',
  bounds: { min },
  measure({ words }) {
    const found = new Set<string>()
    for (const word of words) {
      if (word.length > 4) continue
      const small = word.toLowerCase()
      if (common.has(small)) found.add(small)
    }
    return found.size
  },
  judge: (distinct, { lang }) => lang !== 'en' || min === false || distinct >= min || 'gopher_no_stop_words',
})

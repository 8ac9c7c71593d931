import type { Filter } from './filter.ts'

const common = new Set(['the', 'be', 'to', 'of', 'and', 'that', 'have', 'with'])

/** Gopher (arXiv 2112.11446, table A1): an English text holds at least two of eight common words. Other languages are left alone. */
export const gopherStopWords = (minDistinct = 2): Filter => ({
  name: 'stop_words',
  measure: ({ words }) => new Set(words.map((word) => word.toLowerCase()).filter((word) => common.has(word))).size,
  judge: (distinct, { lang }) => lang !== 'en' || distinct >= minDistinct || 'gopher_no_stop_words',
})

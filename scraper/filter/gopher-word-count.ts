import type { Filter } from './filter.ts'

/** Gopher (arXiv 2112.11446, table A1): between 50 and 100,000 words. */
export const gopherWordCount = (minWords = 50, maxWords = 100_000): Filter => ({
  name: 'word_count',
  measure: ({ words }) => words.length,
  judge: (count) => (count < minWords ? 'gopher_too_short' : count > maxWords ? 'gopher_too_long' : true),
})

import { atMost, type Filter, type Limit } from './filter.ts'

/**
 * Gopher (arXiv 2112.11446, table A1): the n-gram that comes most often holds at most 20, 18, 16 % of the characters for n = 2, 3, 4. One that comes once does
 * not count. `gopher_top_2_gram` …
 */
export const gopherTopNgram = (n: 2 | 3 | 4, max: Limit): Filter => ({
  name: `top_${n}_gram`,
  bounds: { max },
  measure: ({ repetition, prose: { text } }) => repetition.top(n) / Math.max(1, text.length),
  judge: atMost(max, `gopher_top_${n}_gram`),
})

/** Gopher (the same table): n-grams that came before hold at most 15, 14, 13, 12, 11, 10 % of the characters for n = 5 to 10. `gopher_duplicate_5_grams` … */
export const gopherDuplicateNgrams = (n: 5 | 6 | 7 | 8 | 9 | 10, max: Limit): Filter => ({
  name: `duplicate_${n}_grams`,
  bounds: { max },
  measure: ({ repetition, prose: { text } }) => repetition.duplicates(n) / Math.max(1, text.length),
  judge: atMost(max, `gopher_duplicate_${n}_grams`),
})

import type { Filter } from './filter.ts'

/** Languages whose words are short by writing; the rule was made for alphabets. */
const syllabic = new Set(['zh', 'ja', 'ko', 'th'])

/** Gopher (arXiv 2112.11446, table A1): a mean word length of 3 to 10 characters. */
export const gopherWordLength = (minChars = 3, maxChars = 10): Filter => ({
  name: 'mean_word_length',
  measure: ({ words }) => (words.length === 0 ? 0 : words.reduce((sum, word) => sum + word.length, 0) / words.length),
  judge: (length, { lang }) => syllabic.has(lang) || (length >= minChars && length <= maxChars) || 'gopher_word_length',
})

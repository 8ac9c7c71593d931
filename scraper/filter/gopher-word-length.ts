import type { Filter, Limit } from './filter.ts'
import { isWord } from './gopher-word-count.ts'

/** Languages whose words are short by writing; the rule was made for alphabets. */
const syllabic = new Set(['zh', 'ja', 'ko', 'th', 'lo', 'km', 'my'])

/** Gopher (arXiv 2112.11446, table A1): a mean word length of 3 to 10 characters. `gopher_word_length` */
export const gopherWordLength = (min: Limit, max: Limit): Filter => ({
  name: 'mean_word_length',
  bounds: { min, max },
  measure({ prose: { words } }) {
    let [count, chars] = [0, 0]
    for (const word of words) {
      if (!isWord(word)) continue
      count++
      chars += word.length
    }
    return count === 0 ? 0 : chars / count
  },
  judge: (length, { lang }) => syllabic.has(lang) || ((min === false || length >= min) && (max === false || length <= max)) || 'gopher_word_length',
})

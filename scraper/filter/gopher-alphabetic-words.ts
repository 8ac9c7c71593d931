import { atLeast, type Filter, type Limit } from './filter.ts'
import { beginsWithLetter } from './gopher-word-count.ts'
import { shareOf } from './share.ts'

/** Marks with which the text form of a page draws its own tables and lists: nobody wrote them as words. */
const drawn = new Set(['|', '-', '#', '##', '###', '####', '#####', '######', '>', '```'])

/** Gopher (arXiv 2112.11446, table A1): 80 % of the words hold a letter. `gopher_alphabetic_words` */
export const gopherAlphabeticWords = (min: Limit): Filter => ({
  name: 'alphabetic_words',
  bounds: { min },
  measure: ({ prose: { words } }) =>
    shareOf(
      words.filter((word) => !drawn.has(word)),
      (word) => beginsWithLetter(word) || /\p{L}/u.test(word),
    ),
  judge: atLeast(min, 'gopher_alphabetic_words'),
})

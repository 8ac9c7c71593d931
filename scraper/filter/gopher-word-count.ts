import { atLeast, atMost, type Filter, type Limit } from './filter.ts'

/** What holds a letter or digit: a mark that stands alone is no word. */
export const isWord = (run: string): boolean => beginsWithLetter(run) || /[\p{L}\p{N}]/u.test(run)

/** With one of A to Z in either case, as most words do, which spares them the pattern. */
export function beginsWithLetter(run: string): boolean {
  const lower = run.charCodeAt(0) | 0x20
  return lower >= 0x61 && lower <= 0x7a
}

/** Gopher (arXiv 2112.11446, table A1): between 50 and 100,000 words. `gopher_too_short`, `gopher_too_long` */
export function gopherWordCount(min: Limit, max: Limit): Filter {
  const [isEnough, isNotTooMuch] = [atLeast(min, 'gopher_too_short'), atMost(max, 'gopher_too_long')]
  return {
    name: 'word_count',
    bounds: { min, max },
    measure: ({ words }) => words.reduce((count, word) => (isWord(word) ? count + 1 : count), 0),
    judge(count, candidate) {
      const enough = isEnough(count, candidate)
      return enough === true ? isNotTooMuch(count, candidate) : enough
    },
  }
}

import { atMost, type Filter, type Limit } from './filter.ts'

/** The text form's own marks of headings: the page has no hash signs there. */
const headingMarks = /^[> \t-]*#{1,6} /gm

/** Gopher (arXiv 2112.11446, table A1): at most 0.1 hash signs or ellipses per word, each counted alone; the larger of the two is the measure. `gopher_symbols` */
export const gopherSymbols = (max: Limit): Filter => ({
  name: 'symbols_per_word',
  bounds: { max },
  measure({ prose: { text, words } }) {
    const hashes = text.replace(headingMarks, '').split('#').length - 1
    const ellipses = (text.match(/\.\.\.|…/g) ?? []).length
    return Math.max(hashes, ellipses) / Math.max(1, words.length)
  },
  judge: atMost(max, 'gopher_symbols'),
})

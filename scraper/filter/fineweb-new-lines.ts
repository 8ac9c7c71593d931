import { atMost, type Filter, type Limit } from './filter.ts'

/**
 * FineWeb (its code: arXiv 2406.17557, appendix): at most 0.3 new lines per word. A blank line between two paragraphs is no line of its own, as in the text
 * that it was made for. `fineweb_new_lines`
 */
export const fineWebNewLines = (max: Limit): Filter => ({
  name: 'new_lines_per_word',
  bounds: { max },
  measure: ({ lines, words }) => Math.max(0, lines.length - 1) / Math.max(1, words.length),
  judge: atMost(max, 'fineweb_new_lines'),
})

import { atMost, type Filter, type Limit } from './filter.ts'
import { duplicatesOf } from './gopher-duplicates.ts'

/** FineWeb (arXiv 2406.17557 §3.6, with the number and the comparison of its code): lines that came before hold at most 1 % of the characters. `fineweb_duplicate_characters` */
export const fineWebDuplicateCharacters = (max: Limit): Filter => ({
  name: 'line_duplicate_chars',
  bounds: { max },
  measure({ lines }) {
    const chars = lines.reduce((sum, line) => sum + line.length, 0)
    return duplicatesOf(lines).chars / Math.max(1, chars)
  },
  judge: atMost(max, 'fineweb_duplicate_characters'),
})

import { atMost, type Filter, type Limit } from './filter.ts'
import { shareOf } from './share.ts'

/** FineWeb (arXiv 2406.17557 §3.6, with the comparison of its code): at most 67 % of the lines have 30 characters or less. `fineweb_short_lines` */
export const fineWebShortLines = (max: Limit, chars: number): Filter => ({
  name: 'short_lines',
  bounds: { max },
  measure: ({ lines }) => shareOf(lines, (line) => line.length <= chars),
  judge: atMost(max, 'fineweb_short_lines'),
})

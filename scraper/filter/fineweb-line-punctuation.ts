import type { Filter, Limit } from './filter.ts'
import { endsInPunctuation, unmarked } from './line-end.ts'
import { shareOf } from './share.ts'

/** FineWeb (arXiv 2406.17557 §3.6, with the comparison of its code): at least 12 % of the lines end in punctuation. Not asked of languages that write none. `fineweb_line_punctuation` */
export const fineWebLinePunctuation = (min: Limit): Filter => ({
  name: 'punctuated_lines',
  bounds: { min },
  measure: ({ lines }) => shareOf(lines, endsInPunctuation),
  judge: (share, { lang }) => min === false || share >= min || unmarked.has(lang) || 'fineweb_line_punctuation',
})

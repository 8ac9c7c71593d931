import type { Filter, Limit } from './filter.ts'
import { endsInPunctuation, isUnmarked } from './line-end.ts'
import { shareOf } from './share.ts'

/**
 * FineWeb (arXiv 2406.17557 §3.6, with the comparison of its code): at least 12 % of the lines end in punctuation. A line of a script that writes none
 * counts as one that does. `fineweb_line_punctuation`
 */
export const fineWebLinePunctuation = (min: Limit): Filter => ({
  name: 'punctuated_lines',
  bounds: { min },
  measure: ({ lines }) => shareOf(lines, (line) => endsInPunctuation(line) || isUnmarked(line)),
  judge: (share) => min === false || share >= min || 'fineweb_line_punctuation',
})

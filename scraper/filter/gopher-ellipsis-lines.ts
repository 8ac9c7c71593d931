import { atMost, type Filter, type Limit } from './filter.ts'
import { shareOf } from './share.ts'

/** Gopher (arXiv 2112.11446, table A1): at most 30 % of the lines end with an ellipsis. `gopher_ellipsis_lines` */
export const gopherEllipsisLines = (max: Limit): Filter => ({
  name: 'ellipsis_lines',
  bounds: { max },
  measure: ({ prose: { lines } }) => shareOf(lines, (line) => line.endsWith('...') || line.endsWith('…')),
  judge: atMost(max, 'gopher_ellipsis_lines'),
})

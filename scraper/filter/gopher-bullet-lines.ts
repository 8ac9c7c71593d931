import { atMost, type Filter, type Limit } from './filter.ts'
import { shareOf } from './share.ts'

/** Gopher (arXiv 2112.11446, table A1): at most 90 % of the lines begin with a bullet. `gopher_bullet_lines` */
export const gopherBulletLines = (max: Limit): Filter => ({
  name: 'bullet_lines',
  bounds: { max },
  measure: ({ prose: { lines } }) => shareOf(lines, (line) => /^[•●◦‣▪–*-]\s/.test(line)),
  judge: atMost(max, 'gopher_bullet_lines'),
})

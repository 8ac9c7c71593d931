import type { Filter } from './filter.ts'

/** C4 (arXiv 1910.10683 §2.2): no page with code. The number of "{". `c4_curly_brace` */
export const c4CurlyBrace = (isRefused: boolean): Filter => ({
  name: 'c4_curly_braces',
  bounds: { max: isRefused && 0 },
  measure: ({ text }) => text.split('{').length - 1,
  judge: (count) => !isRefused || count === 0 || 'c4_curly_brace',
})

import type { Filter } from './filter.ts'

/** C4 (arXiv 1910.10683 §2.2): no page of placeholder text. 1 when "lorem ipsum" is in it. `c4_lorem_ipsum` */
export const c4LoremIpsum = (isRefused: boolean): Filter => ({
  name: 'c4_lorem_ipsum',
  bounds: { max: isRefused && 0 },
  measure: ({ text }) => (/lorem ipsum/i.test(text) ? 1 : 0),
  judge: (found) => !isRefused || found === 0 || 'c4_lorem_ipsum',
})

import { atMost, type Filter, type Limit } from './filter.ts'

type Unit = 'line' | 'paragraph'

/** How many items came before, and how many characters they hold. */
export function duplicatesOf(items: readonly string[]): { count: number; chars: number } {
  const seen = new Set<string>()
  let chars = 0
  for (const item of items) {
    if (seen.has(item)) chars += item.length
    else seen.add(item)
  }
  return { count: items.length - seen.size, chars }
}

/** Gopher (arXiv 2112.11446, table A1): at most 30 % of the lines, and of the paragraphs, came before. `gopher_duplicate_lines`, `gopher_duplicate_paragraphs` */
export const gopherDuplicates = (unit: Unit, max: Limit): Filter => ({
  name: `duplicate_${unit}s`,
  bounds: { max },
  measure: ({ prose }) => duplicatesOf(prose[`${unit}s`]).count / Math.max(1, prose[`${unit}s`].length),
  judge: atMost(max, `gopher_duplicate_${unit}s`),
})

/** The same, by their characters: at most 20 %. `gopher_duplicate_line_chars`, `gopher_duplicate_paragraph_chars` */
export const gopherDuplicateChars = (unit: Unit, max: Limit): Filter => ({
  name: `duplicate_${unit}_chars`,
  bounds: { max },
  measure: ({ prose }) => duplicatesOf(prose[`${unit}s`]).chars / Math.max(1, prose.text.length),
  judge: atMost(max, `gopher_duplicate_${unit}_chars`),
})

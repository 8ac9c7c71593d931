/** What surrounds a block; the same object for every block inside. */
export type Container = QuoteContainer | ItemContainer
interface QuoteContainer {
  kind: 'quote'
}
export interface ItemContainer {
  kind: 'item'
  list: TextList
  /** What an ordered item is counted by. */
  number: number
}
export interface TextList {
  ordered: boolean
  next: number
}

export type Mark = 'strong' | 'emphasis' | 'strike' | 'code' | 'link'
/** A piece of a line. Marks are opened and closed in pairs within one block, nest, and none is inside another of its kind. */
export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'open'; mark: Mark; href: string }
  | { kind: 'close'; mark: Mark }
  /** `src` and `href` stand as in the page. */
  | { kind: 'image'; alt: string; src: string }
  | { kind: 'math'; tex: string }
  | { kind: 'break' }

/** White space in text is collapsed; a block is never empty. */
export type TextBlock = { containers: readonly Container[] } & (
  | { kind: 'paragraph'; inline: readonly Inline[] }
  | { kind: 'heading'; level: number; inline: readonly Inline[] }
  /** `language` is empty when the page names none. */
  | { kind: 'code'; language: string; code: string }
  | { kind: 'math'; tex: string }
  /** Rows of cells; the first row is the header. */
  | { kind: 'table'; rows: readonly (readonly (readonly Inline[])[])[]; columns: number }
  | { kind: 'rule' }
)

/** Whether there is anything to see. */
export const hasContent = (inline: readonly Inline[]): boolean =>
  inline.some((part) => (part.kind === 'text' && part.text !== ' ') || part.kind === 'math' || part.kind === 'image')

/** TeX in the cell of a table, where a bar would end the cell. */
export const cellTex = (tex: string): string => tex.replaceAll('\\|', '\\Vert ').replaceAll('|', '\\vert ').trim()

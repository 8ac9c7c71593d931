import type { Leaf, LeafKind } from './columns.ts'
import { recordAppender } from './json-bytes.ts'
import { jsonCells } from './json-cell.ts'
import { appendBinary, appendDouble, appendInt32, appendInt64, appendMicros, appendText, type Page } from './page.ts'

/** What a dictionary is keyed by, and what is appended: text, a number, or the bytes of a signature. */
export type PlainCell = string | number | Uint8Array

/** Makes the cells of one column plain, in the order of their rows; null stays null. */
export type PlainCells = (cell: unknown) => PlainCell | null

export function plainCells({ kind }: Pick<Leaf, 'kind'>): PlainCells {
  if (kind === 'json') {
    const toText = jsonCells()
    return (cell) => toText(cell as Record<string, unknown>)
  }
  if (kind === 'timestamp') return (cell) => (cell as Date | null)?.getTime() ?? null
  return (cell) => cell as PlainCell | null
}

/** Appends a cell in PLAIN encoding. */
export const appendCell: Record<Exclude<LeafKind, 'boolean'>, (page: Page, cell: PlainCell) => void> = {
  string: (page, cell) => appendText(page, cell as string),
  json: (page, cell) => appendText(page, cell as string),
  signature: (page, cell) => appendBinary(page, cell as Uint8Array),
  int32: (page, cell) => appendInt32(page, cell as number),
  double: (page, cell) => appendDouble(page, cell as number),
  int64: (page, cell) => appendInt64(page, cell as number),
  timestamp: (page, cell) => appendMicros(page, cell as number),
}

/** Appends cells as they stand in a document, one column's after another; none is null. For columns whose values are bytes. */
export function bytesAppender({ kind }: Leaf): (page: Page, cell: unknown) => void {
  if (kind === 'json') return recordAppender() as (page: Page, cell: unknown) => void
  return appendCell[kind as Exclude<LeafKind, 'boolean'>] as (page: Page, cell: unknown) => void
}

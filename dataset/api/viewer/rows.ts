import { canonicalJson } from '#schemas/canonical-json.ts'
import type { ReadDocument } from '#dataset/query/dataset-query.ts'
import { startOf } from '#schemas/text-bytes.ts'
import { shownColumns } from './features.ts'

type Cell = string | number | null

/** A row as the viewer shows it. */
export interface RowItem {
  /** 0-based place in the split. */
  row_idx: number
  row: Record<string, Cell>
  /** Names of the cells that are only the start of what the dataset has. */
  truncated_cells: string[]
}

/** Shorter cells are never cut. */
const cutBytesMin = 100

function rowItem(row_idx: number, document: ReadDocument, truncated_cells: string[]): RowItem {
  const row = Object.fromEntries(
    shownColumns.map(({ name, kind }): [string, Cell] => {
      const value = document[name]
      if (kind === 'json') return [name, canonicalJson(value)]
      return [name, value instanceof Date ? value.toISOString() : (value as Cell)]
    }),
  )
  return { row_idx, row, truncated_cells }
}

/** Of the texts of a page, as they are read. */
export const readBytesMax = 32 * 2 ** 20

/**
 * Documents as rows. Of texts that were read within `readBytesMax` the last may be cut: those cells are said to be.
 * @param numbers place of each
 */
export function rowItems(documents: readonly ReadDocument[], numbers: readonly number[]): RowItem[] {
  let bytes = 0
  return documents.map((document, n) => {
    const textBytes = Buffer.byteLength(document.text)
    bytes += textBytes + Buffer.byteLength(document.markdown ?? '')
    const isTextCut = textBytes < document.text_bytes
    // At the bound a character may not have fit any more.
    const isMarkdownCut = document.markdown !== null && (isTextCut || bytes > readBytesMax - 4)
    return rowItem(numbers[n] as number, document, [...(isTextCut ? ['text'] : []), ...(isMarkdownCut ? ['markdown'] : [])])
  })
}

/** As JSON, bytes in UTF-8, but for escapes. */
const cellBytes = (cell: Cell): number => (typeof cell === 'string' ? Buffer.byteLength(cell) : 8)
const rowBytes = ({ row }: RowItem): number => Object.values(row).reduce<number>((sum, cell) => sum + cellBytes(cell), 0)

/**
 * The rows with their longest cells cut, all at one length, so that together they take at most so many bytes: the short ones stay whole.
 * @param bytesMax more than the rows take with each cell at 100 bytes
 */
export function fitRows(rows: readonly RowItem[], bytesMax: number): RowItem[] {
  const bytes = rows.flatMap(({ row }) => Object.values(row).map(cellBytes)).toSorted((a, b) => a - b)
  if (bytes.reduce((sum, size) => sum + size, 0) <= bytesMax) return [...rows]
  return rows.map((item) => cutCells(item, Math.max(cutBytesMin, commonBound(bytes, bytesMax))))
}

/** The length at which sizes, rising, are cut so that their sum is at most `bytesMax`. */
function commonBound(sizes: readonly number[], bytesMax: number): number {
  let left = bytesMax
  for (const [n, size] of sizes.entries()) {
    const share = Math.floor(left / (sizes.length - n))
    if (size > share) return share
    left -= size
  }
  return Infinity
}

function cutCells({ row_idx, row, truncated_cells }: RowItem, bytesMax: number): RowItem {
  const long = new Set(Object.entries(row).flatMap(([name, cell]) => (cellBytes(cell) > bytesMax ? [name] : [])))
  const cut = Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, long.has(name) ? startOf(String(cell), bytesMax) : cell]))
  return { row_idx, row: cut, truncated_cells: [...long.union(new Set(truncated_cells))] }
}

const previewBytesMax = 1_000_000
const previewRowsMin = 10

/** The first rows that fit into a megabyte whole, where they are ten at least; else the first ten, with their long cells cut. */
export function previewRows(rows: readonly RowItem[]): { rows: RowItem[]; truncated: boolean } {
  let bytes = 0
  const fitting = rows.findIndex((item) => (bytes += rowBytes(item)) > previewBytesMax)
  if (fitting === -1) return { rows: [...rows], truncated: false }
  return { rows: fitRows(rows.slice(0, Math.max(fitting, previewRowsMin)), previewBytesMax), truncated: true }
}

import type { Document } from '../document.ts'
import { bytesBounds, cellBounds, type Bounds } from './bounds.ts'
import { appendCell, type PlainCells } from './cells.ts'
import type { Column } from './columns.ts'
import { clearPage, noteBytes } from './page.ts'
import { pageBytes, pageRows, type PageWriter } from './page-writer.ts'
import { xxhash64 } from './xxhash64.ts'

/** A page of PLAIN values: the rows `documents[from, end)`. */
interface Filled {
  end: number
  nulls: number
  bounds: Bounds | undefined
}

/** Rows of one column, with what is kept from page to page of its chunk. */
export interface Cells {
  column: Column
  documents: readonly Document[]
  to: number
  toPlain: PlainCells
  /** Hashes for the bloom filter, two halves each, from `firstRow` of the chunk on. */
  hashes: Uint32Array
  firstRow: number
}

/** Fills the writer's page with the cells from row `from` on, until it is full. */
export function fillPage(writer: PageWriter, cells: Cells, from: number): Filled {
  clearPage(writer.values)
  return cells.column.kind === 'string' || cells.column.kind === 'json' || cells.column.kind === 'signature'
    ? fillBytes(writer, cells, from)
    : fillNumbers(writer, cells, from)
}

function fillBytes({ values, levels }: PageWriter, { column, documents, to, toPlain, hashes, firstRow }: Cells, from: number): Filled {
  const append = appendCell[column.kind]
  const last = Math.min(to, from + pageRows)
  let [row, nulls] = [from, 0]
  for (; row < last && values.length < pageBytes; row++) {
    const cell = toPlain((documents[row] as Document)[column.name])
    levels[row - from] = cell === null ? 0 : 1
    if (cell === null) nulls++
    else {
      append(values, cell)
      noteBytes(values)
      if (column.bloom) xxhash64(values.bytes, values.valueStart, values.length - values.valueStart, hashes, 2 * (row - firstRow))
    }
  }
  const { bytes, least, greatest } = values
  const bounds = least.from < 0 ? undefined : bytesBounds(column.kind, bytes.subarray(least.from, least.to), bytes.subarray(greatest.from, greatest.to))
  return { end: row, nulls, bounds }
}

function fillNumbers({ values, levels }: PageWriter, { column, documents, to, toPlain }: Cells, from: number): Filled {
  const append = appendCell[column.kind]
  const end = Math.min(to, from + pageRows)
  let [nulls, least, greatest] = [0, Infinity, -Infinity]
  for (let row = from; row < end; row++) {
    const cell = toPlain((documents[row] as Document)[column.name]) as number | null
    levels[row - from] = cell === null ? 0 : 1
    if (cell === null) nulls++
    else {
      append(values, cell)
      if (cell < least) least = cell
      if (cell > greatest) greatest = cell
    }
  }
  return { end, nulls, bounds: greatest < least ? undefined : cellBounds(column.kind, least, greatest) }
}

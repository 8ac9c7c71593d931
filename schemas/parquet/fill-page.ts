import { cellBounds, textBounds, type Bounds } from './bounds.ts'
import { appendCell, type bytesAppender, type PlainCells } from './cells.ts'
import type { ColumnCells } from './chunk.ts'
import { clearPage, noteBytes } from './page.ts'
import { pageBytes, pageRows, type PageWriter } from './page-writer.ts'
import { hashTexts } from './text-hashes.ts'

/** A page of PLAIN values: the rows `[from, end)` of its chunk. */
interface Filled {
  end: number
  nulls: number
  bounds: Bounds | undefined
}

interface Source extends ColumnCells {
  toPlain: PlainCells
  append: ReturnType<typeof bytesAppender>
  /** Of the values, for the bloom filter: two halves for each row of the chunk, which no row is without. */
  hashes: Uint32Array
}

/** Fills the writer's page with the cells from row `from` on, until it is full. */
export function fillPage(writer: PageWriter, source: Source, from: number): Filled {
  clearPage(writer.values)
  const { kind } = source.column
  return kind === 'string' || kind === 'json' || kind === 'signature' ? fillBytes(writer, source, from) : fillNumbers(writer, source, from)
}

function fillBytes({ values, levels }: PageWriter, { column, cells, append, hashes }: Source, from: number): Filled {
  const { kind, bloom } = column
  const last = Math.min(cells.length, from + pageRows)
  let row = from
  let nulls = 0
  for (; row < last && values.length < pageBytes; row++) {
    const cell = cells[row] ?? null
    levels[row - from] = cell === null ? 0 : 1
    if (cell === null) nulls++
    else {
      append(values, cell)
      if (kind !== 'signature') noteBytes(values)
    }
  }
  if (bloom) hashTexts(values.bytes, values.length, hashes, from)
  const { bytes, least, greatest } = values
  const bounds = least.from < 0 ? undefined : textBounds(bytes.subarray(least.from, least.to), bytes.subarray(greatest.from, greatest.to))
  return { end: row, nulls, bounds }
}

function fillNumbers({ values, levels }: PageWriter, { column, cells, toPlain }: Source, from: number): Filled {
  const { kind } = column
  const append = appendCell[kind]
  const end = Math.min(cells.length, from + pageRows)
  let nulls = 0
  let least = Infinity
  let greatest = -Infinity
  for (let row = from; row < end; row++) {
    const cell = toPlain(cells[row] ?? null) as number | null
    levels[row - from] = cell === null ? 0 : 1
    if (cell === null) nulls++
    else {
      append(values, cell)
      if (cell < least) least = cell
      if (cell > greatest) greatest = cell
    }
  }
  return { end, nulls, bounds: greatest < least ? undefined : cellBounds(kind, least, greatest) }
}

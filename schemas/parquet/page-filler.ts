import { cellBounds, textBounds, type Bounds } from './bounds.ts'
import { appendCell, bytesAppender, plainCells } from './cells.ts'
import type { ColumnCells } from './chunk.ts'
import type { Leaf, LeafKind } from './columns.ts'
import { limits } from '../data-universe.ts'
import { clearPage, noteBytes } from './page.ts'
import { pageBytes, pageRows, type DataPage, type PageWriter } from './page-writer.ts'
import { hashTexts } from './text-hashes.ts'

type Cells = ColumnCells['cells']

/** Fills the page of a writer with the cells of one column, PLAIN encoded, as they come. */
export class PageFiller {
  readonly #column: Leaf
  readonly #writer: PageWriter
  readonly #isOfBytes: boolean
  readonly #toPlain: ReturnType<typeof plainCells>
  readonly #append: ReturnType<typeof bytesAppender>
  /** Of the values, for the bloom filter: two halves for each row of the chunk, which no row is without. */
  readonly #hashes: Uint32Array | undefined
  /** Rows of the chunk before this page, rows of this page, and how many of them have no value. */
  #firstRow = 0
  #rows = 0
  #nulls = 0
  /** Of numbers. */
  #least = Infinity
  #greatest = -Infinity

  constructor(column: Leaf, writer: PageWriter) {
    this.#column = column
    this.#writer = writer
    this.#isOfBytes = column.kind === 'string' || column.kind === 'json' || column.kind === 'signature'
    this.#toPlain = plainCells(column)
    this.#append = bytesAppender(column)
    this.#hashes = column.bloom ? new Uint32Array(2 * limits.rowsPerGroup) : undefined
  }

  get isFull(): boolean {
    return this.#rows === pageRows || this.#writer.values.length >= pageBytes
  }

  /** Takes cells from `from` on, until the page is full or there are no more. @returns where it ends */
  fill(cells: Cells, from: number): number {
    if (this.#rows === 0) clearPage(this.#writer.values)
    const last = Math.min(cells.length, from + pageRows - this.#rows)
    const end = this.#isOfBytes ? this.#fillBytes(cells, from, last) : this.#fillNumbers(cells, from, last)
    this.#rows += end - from
    return end
  }

  #fillBytes(cells: Cells, from: number, last: number): number {
    const { values, levels } = this.#writer
    const append = this.#append
    const isBounded = this.#column.kind !== 'signature'
    const place = this.#rows - from
    let row = from
    for (; row < last && values.length < pageBytes; row++) {
      const cell = cells[row] ?? null
      levels[place + row] = cell === null ? 0 : 1
      if (cell === null) this.#nulls++
      else {
        append(values, cell)
        if (isBounded) noteBytes(values)
      }
    }
    return row
  }

  #fillNumbers(cells: Cells, from: number, last: number): number {
    const { values, levels } = this.#writer
    const append = appendCell[this.#column.kind as Exclude<LeafKind, 'boolean'>]
    const toPlain = this.#toPlain
    const place = this.#rows - from
    for (let row = from; row < last; row++) {
      const cell = toPlain(cells[row] ?? null) as number | null
      levels[place + row] = cell === null ? 0 : 1
      if (cell === null) this.#nulls++
      else {
        append(values, cell)
        if (cell < this.#least) this.#least = cell
        if (cell > this.#greatest) this.#greatest = cell
      }
    }
    return last
  }

  /** @returns what is told of the page; undefined when it has no rows */
  endPage(): Omit<DataPage, 'offset' | 'bytes'> | undefined {
    if (this.#rows === 0) return undefined
    const { values } = this.#writer
    if (this.#hashes) hashTexts(values.bytes, values.length, this.#hashes, this.#firstRow)
    const facts = {
      firstRow: this.#firstRow,
      rows: this.#rows,
      values: this.#rows,
      nulls: this.#nulls,
      bounds: this.#isOfBytes ? this.#textBounds() : this.#numberBounds(),
    }
    this.#firstRow += this.#rows
    this.#rows = this.#nulls = 0
    this.#least = Infinity
    this.#greatest = -Infinity
    return facts
  }

  /** The next page is the first of another chunk. */
  endChunk(): { rows: number; hashes: Uint32Array | undefined } {
    const rows = this.#firstRow
    this.#firstRow = 0
    return { rows, hashes: this.#hashes }
  }

  #textBounds(): Bounds | undefined {
    const { bytes, least, greatest } = this.#writer.values
    return least.from < 0 ? undefined : textBounds(bytes.subarray(least.from, least.to), bytes.subarray(greatest.from, greatest.to))
  }

  #numberBounds(): Bounds | undefined {
    return this.#greatest < this.#least ? undefined : cellBounds(this.#column.kind, this.#least, this.#greatest)
  }
}

import { finished, type ChunkBuilder, type ColumnCells, type FinishedChunk } from './chunk.ts'
import type { Leaf } from './columns.ts'
import { clearPage, reserve } from './page.ts'
import { pageRows, type DataPage, type PageWriter } from './page-writer.ts'

/** Of PLAIN pages of bits, least significant first (parquet-format Encodings.md); without bounds, which would say little of them. */
export class BooleanChunk implements ChunkBuilder {
  readonly #column: Leaf
  readonly #writer: PageWriter
  #cells: unknown[] = []

  /** @param writer one for all such columns: it is used in `finish` only */
  constructor(column: Leaf, writer: PageWriter) {
    this.#column = column
    this.#writer = writer
  }

  append(cells: ColumnCells['cells']): void {
    for (const cell of cells) this.#cells.push(cell)
  }

  finish(): FinishedChunk {
    const cells = this.#cells
    this.#cells = []
    this.#writer.clear()
    const pages: DataPage[] = []
    for (let start = 0; start < cells.length; start += pageRows) pages.push(this.#page(cells, start, Math.min(cells.length, start + pageRows)))
    return finished(this.#writer, { column: this.#column, hasDictionary: false, distinct: undefined, pages, bloomFilter: undefined })
  }

  #page(cells: readonly unknown[], start: number, end: number): DataPage {
    const { values, levels } = this.#writer
    clearPage(values)
    reserve(values, Math.ceil((end - start) / 8))
    values.bytes.fill(0, 0, Math.ceil((end - start) / 8))
    let present = 0
    for (let row = start; row < end; row++) {
      const cell = cells[row] ?? null
      levels[row - start] = cell === null ? 0 : 1
      if (cell === null) continue
      if (cell === true) values.bytes[present >> 3] = (values.bytes[present >> 3] as number) | (1 << (present & 7))
      present++
    }
    values.length = (present + 7) >> 3
    const rows = end - start
    const facts = { firstRow: start, rows, values: rows, nulls: rows - present, bounds: undefined }
    return this.#writer.writeData(facts, 'PLAIN', this.#column.nullable ? { definitions: levels } : {})
  }
}

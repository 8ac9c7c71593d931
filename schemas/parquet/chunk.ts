import type { Document } from '../document.ts'
import { bloomFilter } from './bloom.ts'
import { cellOf } from './cell-of.ts'
import { appendCell, bytesAppender, plainCells } from './cells.ts'
import type { Column } from './columns.ts'
import { buildDictionary, dictionaryBounds, type Dictionary } from './dictionary.ts'
import { fillPage } from './fill-page.ts'
import { appendHybrid } from './hybrid.ts'
import { clearPage } from './page.ts'
import { pageRows, type DataPage, type PageWriter } from './page-writer.ts'

/** One column of the rows of a row group. */
export interface ColumnCells {
  column: Column
  cells: Document[Column['name']][]
}

/** So many rows together take their places in all columns, one column after another. */
const rowsInCache = 64

/**
 * The columns of the rows `documents[from, to)`. A few rows at a time, while they are in the processor's cache: to go through all rows once for each
 * column costs a cache miss for each cell.
 */
export function transpose(columns: readonly Column[], documents: readonly Document[], from: number, to: number): ColumnCells[] {
  const all = columns.map((column) => {
    const cells: Document[Column['name']][] = []
    cells.length = to - from
    return { column, cells }
  })
  for (let row = from; row < to; row += rowsInCache) {
    const end = Math.min(to, row + rowsInCache)
    for (const { column, cells } of all) fillCells(cells, cellOf[column.name], documents, from, row, end)
  }
  return all
}

type CellOf = (typeof cellOf)[Column['name']]

function fillCells(cells: ColumnCells['cells'], of: CellOf, documents: readonly Document[], first: number, from: number, to: number): void {
  for (let row = from; row < to; row++) cells[row - first] = of(documents[row] as Document)
}

/** What is known of a column chunk once it is written. */
export interface Chunk {
  column: Column
  offset: number
  /** Bytes with headers, in the file and unpacked. */
  bytes: number
  unpackedBytes: number
  hasDictionary: boolean
  /** Distinct values; undefined where they were not counted. */
  distinct: number | undefined
  pages: DataPage[]
  bloomFilter: Uint8Array | undefined
}

/** Writes the pages of a chunk: with a dictionary where values repeat, if `dictionaries` are wanted, else PLAIN. */
export function writeChunk(writer: PageWriter, source: ColumnCells, dictionaries: boolean): Chunk {
  const { column } = source
  const { offset, unpackedBytes } = writer
  const dictionary = dictionaries && column.repeats ? buildDictionary(source) : undefined
  const written = dictionary ? writeIndexes(writer, source, dictionary) : writeValues(writer, source)
  return {
    column,
    offset,
    bytes: writer.offset - offset,
    unpackedBytes: writer.unpackedBytes - unpackedBytes,
    hasDictionary: dictionary !== undefined,
    distinct: dictionary?.distinct.length,
    ...written,
  }
}

function writeIndexes(writer: PageWriter, { column, cells }: ColumnCells, dictionary: Dictionary): Pick<Chunk, 'pages' | 'bloomFilter'> {
  const { values, levels } = writer
  const { distinct, indexes, width } = dictionary
  clearPage(values)
  for (const cell of distinct) appendCell[column.kind](values, cell)
  writer.writeDictionary(distinct.length)
  const boundsOf = dictionaryBounds(column, dictionary)
  const pages: DataPage[] = []
  const present = new Uint16Array(pageRows)
  for (let start = 0; start < cells.length; start += pageRows) {
    const end = Math.min(cells.length, start + pageRows)
    let count = 0
    for (let row = start; row < end; row++) {
      const isPresent = cells[row] !== null
      levels[row - start] = isPresent ? 1 : 0
      if (isPresent) present[count++] = indexes[row] as number
    }
    clearPage(values)
    values.bytes[values.length++] = width
    appendHybrid(values, present, 0, count, width)
    const facts = { firstRow: start, rows: end - start, nulls: end - start - count, bounds: boundsOf(present.subarray(0, count)) }
    pages.push(writer.writeData(facts, column.nullable, 'RLE_DICTIONARY'))
  }
  return { pages, bloomFilter: undefined }
}

function writeValues(writer: PageWriter, { column, cells }: ColumnCells): Pick<Chunk, 'pages' | 'bloomFilter'> {
  const hashes = new Uint32Array(column.bloom ? 2 * cells.length : 0)
  const source = { column, cells, toPlain: plainCells(column), append: bytesAppender(column), hashes }
  const pages: DataPage[] = []
  for (let row = 0; row < cells.length;) {
    const { end, nulls, bounds } = fillPage(writer, source, row)
    pages.push(writer.writeData({ firstRow: row, rows: end - row, nulls, bounds }, column.nullable, 'PLAIN'))
    row = end
  }
  return { pages, bloomFilter: column.bloom ? bloomFilter(hashes, cells.length) : undefined }
}

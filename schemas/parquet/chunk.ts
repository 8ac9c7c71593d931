import type { Document } from '../document.ts'
import { bloomFilter } from './bloom.ts'
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

/**
 * The columns of the rows `documents[from, to)`, each row taken whole: to go through all rows once for each column costs a cache miss for each cell. Documents
 * mostly have the same members in the same order: then no member is looked up.
 */
export function transpose(columns: readonly Column[], documents: readonly Document[], from: number, to: number): ColumnCells[] {
  const all = columns.map((column) => ({ column, cells: Array.from<ColumnCells['cells'][number]>({ length: to - from }) }))
  const cellsOf = new Map<string, ColumnCells['cells']>(all.map(({ column, cells }) => [column.name, cells]))
  const known: string[] = []
  const places: (ColumnCells['cells'] | undefined)[] = []
  for (let row = from; row < to; row++) {
    const document = documents[row] as Document
    let at = 0
    // Faster than Object.keys, and a document inherits nothing enumerable.
    for (const name in document) {
      if (name !== known[at]) {
        known[at] = name
        places[at] = cellsOf.get(name)
      }
      const cells = places[at++]
      if (cells) cells[row - from] = document[name as keyof Document]
    }
  }
  return all
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

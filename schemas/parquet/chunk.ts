import type { Document } from '../document.ts'
import { bloomFilter } from './bloom.ts'
import { appendCell, plainCells } from './cells.ts'
import type { Column } from './columns.ts'
import { buildDictionary, dictionaryBounds, type Dictionary } from './dictionary.ts'
import { fillPage } from './fill-page.ts'
import { appendHybrid } from './hybrid.ts'
import { clearPage } from './page.ts'
import { pageRows, type DataPage, type PageWriter } from './page-writer.ts'

/** The column of one row group: the rows `documents[from, to)`. */
interface ChunkSource {
  column: Column
  documents: readonly Document[]
  from: number
  to: number
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
export function writeChunk(writer: PageWriter, source: ChunkSource, dictionaries: boolean): Chunk {
  const { column, documents, from, to } = source
  const { offset, unpackedBytes } = writer
  const dictionary = dictionaries && column.repeats ? buildDictionary(column, documents, from, to) : undefined
  const written = dictionary ? writeIndexes(writer, source, dictionary) : writeValues(writer, source)
  return {
    column,
    offset,
    bytes: writer.offset - offset,
    unpackedBytes: writer.unpackedBytes - unpackedBytes,
    hasDictionary: dictionary !== undefined,
    distinct: dictionary?.cells.length,
    ...written,
  }
}

function writeIndexes(writer: PageWriter, { column, documents, from, to }: ChunkSource, dictionary: Dictionary): Pick<Chunk, 'pages' | 'bloomFilter'> {
  const { values, levels } = writer
  const { cells, indexes, width } = dictionary
  clearPage(values)
  for (const cell of cells) appendCell[column.kind](values, cell)
  writer.writeDictionary(cells.length)
  const boundsOf = dictionaryBounds(column, dictionary)
  const pages: DataPage[] = []
  const present = new Uint16Array(pageRows)
  for (let start = from; start < to; start += pageRows) {
    const end = Math.min(to, start + pageRows)
    let count = 0
    for (let row = start; row < end; row++) {
      const isPresent = (documents[row] as Document)[column.name] !== null
      levels[row - start] = isPresent ? 1 : 0
      if (isPresent) present[count++] = indexes[row - from] as number
    }
    clearPage(values)
    values.bytes[values.length++] = width
    appendHybrid(values, present, 0, count, width)
    const facts = { firstRow: start - from, rows: end - start, nulls: end - start - count, bounds: boundsOf(present.subarray(0, count)) }
    pages.push(writer.writeData(facts, column.nullable, 'RLE_DICTIONARY'))
  }
  return { pages, bloomFilter: undefined }
}

function writeValues(writer: PageWriter, { column, documents, from, to }: ChunkSource): Pick<Chunk, 'pages' | 'bloomFilter'> {
  const hashes = new Uint32Array(column.bloom ? 2 * (to - from) : 0)
  const cells = { column, documents, to, toPlain: plainCells(column), hashes, firstRow: from }
  const pages: DataPage[] = []
  for (let row = from; row < to;) {
    const { end, nulls, bounds } = fillPage(writer, cells, row)
    pages.push(writer.writeData({ firstRow: row - from, rows: end - row, nulls, bounds }, column.nullable, 'PLAIN'))
    row = end
  }
  return { pages, bloomFilter: column.bloom ? bloomFilter(hashes, to - from) : undefined }
}

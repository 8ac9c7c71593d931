import type { Document } from '../document.ts'
import { bloomFilter } from './bloom.ts'
import { appendCell, type PlainCell } from './cells.ts'
import type { Leaf, LeafKind } from './columns.ts'
import { buildDictionary, dictionaryBounds, type Dictionary } from './dictionary.ts'
import { appendHybrid } from './hybrid.ts'
import { clearPage } from './page.ts'
import { PageFiller } from './page-filler.ts'
import { pageRows, type DataPage, type PageWriter } from './page-writer.ts'

/** One column of the rows of a row group. */
export interface ColumnCells {
  column: Leaf
  cells: unknown[]
}

/**
 * The leaves of the rows `documents[from, to)`, each row taken whole: to go through all rows once for each column costs a cache miss for each cell. Documents
 * mostly have the same members in the same order: then no member is looked up.
 */
export function transpose(columns: readonly Leaf[], documents: readonly Document[], from: number, to: number): ColumnCells[] {
  const cellsOf = new Map<string, unknown[]>(columns.map(({ name }) => [name, Array.from<unknown>({ length: to - from })]))
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
  return columns.map((column) => {
    const cells = cellsOf.get(column.name) ?? []
    const take = column.take as ((member: unknown) => unknown) | undefined
    return { column, cells: take ? cells.map(take) : cells }
  })
}

/** What is known of a column chunk once it is written. */
export interface Chunk {
  column: Leaf
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

/** A chunk with its bytes; its offsets are of these. They are another's once the next chunk of its writer begins. */
export interface FinishedChunk {
  chunk: Chunk
  bytes: Uint8Array
}

/** A column chunk while the rows of its group come. */
export interface ChunkBuilder {
  append(cells: ColumnCells['cells']): void
  /** Ends the chunk; what is appended then belongs to the next. */
  finish(): FinishedChunk
}

/** Of PLAIN pages, each compressed as soon as it is full. */
export class PlainChunk implements ChunkBuilder {
  readonly #column: Leaf
  readonly #writer: PageWriter
  readonly #filler: PageFiller
  #pages: DataPage[] = []

  constructor(column: Leaf, writer: PageWriter) {
    this.#column = column
    this.#writer = writer
    this.#filler = new PageFiller(column, writer)
    writer.clear()
  }

  append(cells: ColumnCells['cells']): void {
    for (let at = 0; at < cells.length;) {
      at = this.#filler.fill(cells, at)
      if (this.#filler.isFull) this.#endPage()
    }
  }

  finish(): FinishedChunk {
    this.#endPage()
    const { rows, hashes } = this.#filler.endChunk()
    const chunk = { column: this.#column, hasDictionary: false, distinct: undefined, pages: this.#pages }
    this.#pages = []
    return { ...finished(this.#writer, { ...chunk, bloomFilter: hashes && bloomFilter(hashes, rows) }) }
  }

  #endPage(): void {
    const facts = this.#filler.endPage()
    if (facts) this.#pages.push(this.#writer.writeData(facts, 'PLAIN', this.#column.nullable ? { definitions: this.#writer.levels } : {}))
  }
}

/** Of pages of indexes into a dictionary where values repeat, which all of the rows say; else as PlainChunk. */
export class DictionaryChunk implements ChunkBuilder {
  readonly #column: Leaf
  readonly #writer: PageWriter
  #cells: ColumnCells['cells'] = []

  /** @param writer one for all such columns: it is used in `finish` only */
  constructor(column: Leaf, writer: PageWriter) {
    this.#column = column
    this.#writer = writer
  }

  append(cells: ColumnCells['cells']): void {
    for (const cell of cells) this.#cells.push(cell)
  }

  finish(): FinishedChunk {
    const source = { column: this.#column, cells: this.#cells }
    this.#cells = []
    const dictionary = buildDictionary(source)
    if (dictionary) return writeIndexes(this.#writer, source, dictionary)
    const plain = new PlainChunk(source.column, this.#writer)
    plain.append(source.cells)
    return plain.finish()
  }
}

function writeIndexes(writer: PageWriter, { column, cells }: ColumnCells, dictionary: Dictionary): FinishedChunk {
  const { values, levels } = writer
  const { distinct, indexes, width } = dictionary
  writer.clear()
  writeDistinct(writer, column, distinct)
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
    const facts = { firstRow: start, rows: end - start, values: end - start, nulls: end - start - count, bounds: boundsOf(present.subarray(0, count)) }
    pages.push(writer.writeData(facts, 'RLE_DICTIONARY', column.nullable ? { definitions: levels } : {}))
  }
  return finished(writer, { column, hasDictionary: true, distinct: distinct.length, pages, bloomFilter: undefined })
}

/** Writes the dictionary page. */
export function writeDistinct(writer: PageWriter, { kind }: Leaf, distinct: readonly PlainCell[]): void {
  const append = appendCell[kind as Exclude<LeafKind, 'boolean'>]
  for (const cell of distinct) append(writer.values, cell)
  writer.writeDictionary(distinct.length)
}

/** Takes the bytes from the writer, which begins anew with the next page. */
export function finished(writer: PageWriter, chunk: Omit<Chunk, 'offset' | 'bytes' | 'unpackedBytes'>): FinishedChunk {
  const { unpackedBytes } = writer
  const bytes = writer.take()
  return { chunk: { ...chunk, offset: 0, bytes: bytes.length, unpackedBytes }, bytes }
}

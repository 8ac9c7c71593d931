import { readOffsetIndex, type ColumnMetaData, type FileMetaData, type PageHeader } from 'hyparquet'
import { checkThrift } from './check-thrift.ts'
import { documentColumns, fromCell } from './columns.ts'
import { decompressors } from './compression.ts'
import type { FileBytes } from './file-bytes.ts'
import { guard, malformed } from './inspect.ts'
import { checkGroups, checkSum, readPageHeader, rowsOfPage } from './pages.ts'

/** Where a page stands in the file, bytes, and which rows of its group it has. */
interface PagePlace {
  start: number
  end: number
  firstRow: number
}

/** A page of texts, unpacked: each has its length in front (PLAIN). */
export interface TextPage {
  firstRow: number
  rows: number
  values: Uint8Array
}

type TextColumn = 'text' | 'markdown'

/**
 * Single texts of a file as encode.ts writes it, by its page index: of a page of 2 MiB one cell is made a string, not all. What is written otherwise (dictionaries, nulls among texts, no page
 * index, another codec) it leaves to who reads rows (decode.ts).
 */
export class TextCells {
  readonly #file: FileBytes
  readonly #metadata: FileMetaData
  readonly #places = new Map<string, Promise<PagePlace[]>>()

  /** @throws OrreryError `invalid_record` for a footer that contradicts itself */
  constructor(file: FileBytes, metadata: FileMetaData) {
    guard('its footer cannot be read', () => checkGroups(metadata, file.byteLength))
    this.#file = file
    this.#metadata = metadata
  }

  /** About what it holds in memory. */
  get bytes(): number {
    return this.#metadata.row_groups.length * documentColumns.length * 1000
  }

  /** A page that has a row's cell; null for a cell that is null; undefined where it is written otherwise. @param page one that was read before, by its name */
  async page(
    column: TextColumn,
    row: number,
    known: (name: string) => TextPage | undefined,
  ): Promise<{ name: string; page: TextPage; at: number } | null | undefined> {
    let first = 0
    for (const [n, group] of this.#metadata.row_groups.entries()) {
      const rows = Number(group.num_rows)
      if (row >= first + rows) {
        first += rows
        continue
      }
      const chunk = group.columns.find(({ meta_data: found }) => found?.path_in_schema[0] === column)
      if (!chunk?.meta_data) return undefined
      if (Number(chunk.meta_data.statistics?.null_count ?? 0) === rows) return null
      if (!isPlain(chunk.meta_data)) return undefined
      const name = `${column} ${n}`
      const places = await this.#pagesOf(name, chunk)
      const place = places.findLast(({ firstRow }) => firstRow <= row - first)
      if (!place) return undefined
      const pageName = `${name} ${place.start}`
      const page = known(pageName) ?? (await this.#read(place, chunk.meta_data))
      return page && { name: pageName, page, at: row - first - page.firstRow }
    }
    return undefined
  }

  #pagesOf(name: string, chunk: FileMetaData['row_groups'][number]['columns'][number]): Promise<PagePlace[]> {
    const known = this.#places.get(name)
    if (known) return known
    const reading = this.#readPlaces(chunk)
    this.#places.set(name, reading)
    return reading
  }

  async #readPlaces({
    offset_index_offset: offset,
    offset_index_length: length,
    meta_data: chunk,
  }: FileMetaData['row_groups'][number]['columns'][number]): Promise<PagePlace[]> {
    if (offset === undefined || !length || length > placesBytesMax || !chunk) return []
    const bytes = await this.#file.slice(Number(offset), Number(offset) + length)
    const { page_locations: pages } = guard('a page index cannot be read', () => {
      checkThrift(bytes, placesBytesMax)
      return readOffsetIndex({ view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), offset: 0 })
    })
    return pages.map(({ offset: at, compressed_page_size: size, first_row_index: firstRow }) => ({
      start: Number(at),
      end: Number(at) + size,
      firstRow: Number(firstRow),
    }))
  }

  async #read({ start, end, firstRow }: PagePlace, chunk: ColumnMetaData): Promise<TextPage | undefined> {
    const bytes = await this.#file.slice(start, end)
    return guard('a page cannot be read', () => {
      const { header, headerBytes } = readPageHeader(bytes, bytes.length)
      const rows = rowsOfPage(header)
      const body = bytes.subarray(headerBytes, headerBytes + header.compressed_page_size)
      checkSum(header, body)
      const values = plainValues(header, body, chunk)
      return values && { firstRow, rows, values }
    })
  }
}

const placesBytesMax = 2 ** 20

const isPlain = (chunk: ColumnMetaData): boolean =>
  chunk.dictionary_page_offset === undefined && Number(chunk.statistics?.null_count ?? -1) === 0 && (chunk.codec === 'ZSTD' || chunk.codec === 'UNCOMPRESSED')

/** The values of a data page of version 2 without levels that are worth reading. */
function plainValues(
  { data_page_header_v2: page, uncompressed_page_size: size }: PageHeader,
  body: Uint8Array,
  { codec }: ColumnMetaData,
): Uint8Array | undefined {
  if (!page || page.encoding !== 'PLAIN' || page.num_nulls !== 0 || page.repetition_levels_byte_length !== 0) return undefined
  const levels = page.definition_levels_byte_length
  const packed = body.subarray(levels)
  return codec === 'ZSTD' && page.is_compressed !== false ? decompressors.ZSTD(packed, size - levels) : packed
}

/** The n-th text of a page. @throws OrreryError `invalid_record` */
export function textAt({ values, rows }: TextPage, column: TextColumn, at: number): string {
  const view = new DataView(values.buffer, values.byteOffset, values.length)
  const definition = documentColumns.find(({ name }) => name === column)
  return guard('a page cannot be read', () => {
    if (at >= rows || !definition) throw malformed('a page has fewer rows than its index says')
    let start = 0
    for (let n = 0; n < at; n++) start += 4 + view.getUint32(start, true)
    const length = view.getUint32(start, true)
    if (start + 4 + length > values.length) throw malformed('a text is cut off')
    return fromCell(definition, Buffer.from(values.buffer, values.byteOffset + start + 4, length).toString()) as string
  })
}

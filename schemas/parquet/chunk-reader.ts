import { isUtf8 } from 'node:buffer'
import type { ColumnMetaData, DecodedArray, PageHeader, SchemaElement } from 'hyparquet'
import { readPage } from 'hyparquet/src/column.js'
import { convert, DEFAULT_PARSERS } from 'hyparquet/src/convert.js'
import { getSchemaPath } from 'hyparquet/src/schema.js'
import { columnType, type Leaf } from './columns.ts'
import { decompressors } from './compression.ts'
import type { FileBytes } from './file-bytes.ts'
import { guard, malformed } from './inspect.ts'
import { checkDataPage, checkDictionary, checkSum, chunkRange, groupBytesMax, headerBytesMax, readPageHeader, rowsOfPage } from './pages.ts'

/** Read in one request, unless a page is longer. */
const windowBytes = 2 ** 20
const unreadable = 'its pages cannot be read'

type ColumnDecoder = Parameters<typeof readPage>[2]

/** What the columns of a row group may still take, unpacked: all of their pages, and those that are unpacked indeed. */
export interface GroupBudget {
  bytes: number
  unpackedBytes: number
}

interface Page {
  header: PageHeader
  /** Where its body begins in the file. */
  bodyAt: number
  rows: number
  /** Rows of it that were taken or skipped. */
  used: number
  /** Once it is decoded. */
  values: DecodedArray | undefined
}

/** Reads the values of one column chunk in their order, page by page, each checked before it is decoded. A page that is skipped whole is not read. */
export class ChunkReader {
  readonly #file: FileBytes
  readonly #column: Pick<Leaf, 'nullable'>
  readonly #chunk: ColumnMetaData
  readonly #decoder: ColumnDecoder
  readonly #budget: GroupBudget
  readonly #rows: number
  readonly #end: number
  /** Where the next page begins. */
  #at: number
  /** Rows of the pages seen so far. */
  #seen = 0
  #dictionary: DecodedArray | undefined
  #dictionaryValues = 0
  #page: Page | undefined
  #window: { at: number; bytes: Uint8Array } = { at: 0, bytes: new Uint8Array() }
  readonly #aheadBytes: number

  /** @param isSparse few rows are wanted: nothing is read ahead */
  constructor(
    file: FileBytes,
    {
      column,
      schema,
      chunk,
      budget,
      isSparse,
    }: { column: Pick<Leaf, 'kind' | 'nullable'>; schema: readonly SchemaElement[]; chunk: ColumnMetaData; budget: GroupBudget; isSparse: boolean },
  ) {
    this.#aheadBytes = isSparse ? headerBytesMax : windowBytes
    const { start, end } = chunkRange(chunk)
    this.#file = file
    this.#column = column
    this.#chunk = chunk
    this.#decoder = decoderOf(column, schema, chunk)
    this.#budget = budget
    this.#rows = Number(chunk.num_values)
    this.#at = start
    this.#end = end
  }

  /** How many values `take` may be asked for: those that are left of the page at hand. */
  ready(): Promise<number> {
    return this.#ready(this.#aheadBytes)
  }

  async #ready(aheadBytes: number): Promise<number> {
    const page = this.#page && this.#page.used < this.#page.rows ? this.#page : await this.#nextPage(aheadBytes)
    this.#page = page
    return page.rows - page.used
  }

  /** The next values; `ready` said that they are there. */
  async take(count: number): Promise<ArrayLike<unknown>> {
    const page = this.#page as Page
    page.values ??= await this.#decode(page)
    const from = page.used
    page.used += count
    return page.values.slice(from, from + count)
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0;) {
      const step = Math.min(left, await this.#ready(headerBytesMax))
      ;(this.#page as Page).used += step
      left -= step
    }
  }

  /** @param aheadBytes to be read with its header */
  async #nextPage(aheadBytes: number): Promise<Page> {
    for (;;) {
      if (this.#at >= this.#end) throw malformed('its pages hold less than its footer says')
      const view = await this.#bytes(this.#at, headerBytesMax, aheadBytes)
      const { header, headerBytes } = guard(unreadable, () => readPageHeader(view, this.#end - this.#at))
      const bodyAt = this.#at + headerBytes
      this.#at = bodyAt + header.compressed_page_size
      this.#budget.bytes -= header.uncompressed_page_size
      if (this.#budget.bytes < 0) throw malformed(`a row group unpacks to more than ${groupBytesMax} bytes`)
      if (header.type === 'DICTIONARY_PAGE') await this.#readDictionary(header, bodyAt)
      else {
        const rows = rowsOfPage(header)
        this.#seen += rows
        if (this.#seen > this.#rows) throw malformed('its pages hold more than its footer says')
        return { header, bodyAt, rows, used: 0, values: undefined }
      }
    }
  }

  async #readDictionary(header: PageHeader, bodyAt: number): Promise<void> {
    if (this.#dictionary) throw malformed('a column chunk has two dictionaries')
    this.#dictionaryValues = checkDictionary(header, this.#rows)
    this.#unpack(header)
    const body = await this.#bytes(bodyAt, header.compressed_page_size)
    checkSum(header, body)
    this.#dictionary = guard(unreadable, () => {
      const { data } = readPage(readerOf(body), header, this.#decoder, undefined, undefined, 0)
      return data && convert(data, this.#decoder)
    })
  }

  #unpack({ uncompressed_page_size: bytes }: PageHeader): void {
    this.#budget.unpackedBytes -= bytes
    if (this.#budget.unpackedBytes < 0) throw malformed('the pages of a few rows unpack to more than whole row groups do')
  }

  async #decode({ header, bodyAt, rows }: Page): Promise<DecodedArray> {
    this.#unpack(header)
    const body = await this.#bytes(bodyAt, header.compressed_page_size)
    checkSum(header, body)
    return guard(unreadable, () => {
      checkDataPage(header, body, { chunk: this.#chunk, nullable: this.#column.nullable, dictionaryValues: this.#dictionaryValues })
      const { data } = readPage(readerOf(body), header, this.#decoder, this.#dictionary, undefined, 0)
      if (data?.length !== rows) throw malformed('a page holds another number of values than it says')
      return data
    })
  }

  /** Up to so many bytes of the chunk, fewer only at its end. What is there already is not read again. */
  async #bytes(at: number, length: number, aheadBytes = this.#aheadBytes): Promise<Uint8Array> {
    const end = Math.min(at + length, this.#end)
    const { at: windowAt, bytes } = this.#window
    if (at < windowAt || end > windowAt + bytes.length) {
      const windowEnd = Math.min(this.#end, Math.max(end, at + aheadBytes))
      const there = at < windowAt ? new Uint8Array() : bytes.subarray(at - windowAt)
      const more = await this.#file.slice(at + there.length, windowEnd)
      if (there.length + more.length !== windowEnd - at) throw malformed('it ends before its footer says')
      this.#window = { at, bytes: there.length === 0 ? more : Buffer.concat([there, more]) }
    }
    return this.#window.bytes.subarray(at - this.#window.at, end - this.#window.at)
  }
}

const readerOf = (bytes: Uint8Array) => ({ view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), offset: 0 })

/** Schema of a page’s values; texts keep a byte order mark. */
function decoderOf(column: Pick<Leaf, 'kind'>, schema: readonly SchemaElement[], { codec, path_in_schema: pathInSchema }: ColumnMetaData): ColumnDecoder {
  const schemaPath = getSchemaPath([...schema], pathInSchema)
  return { pathInSchema, schemaPath, element: schemaPath[1]!.element, type: columnType(column), codec, compressors: decompressors, utf8: false, parsers }
}

const parsers = {
  ...DEFAULT_PARSERS,
  /** The millisecond that it is in, also before 1970. */
  timestampFromMicroseconds: (micros: bigint) => new Date(Number(micros / 1000n) - (micros % 1000n < 0n ? 1 : 0)),
  stringFromBytes(bytes: Uint8Array | undefined) {
    // It costs the file, not the row: other readers of the same bytes (Polars, Arrow) refuse all of it.
    if (bytes && !isUtf8(bytes)) throw malformed('a text is no UTF-8')
    return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
  },
}

import { crc32 } from 'node:zlib'
import { Encodings, PageTypes } from 'hyparquet/src/constants.js'
import type { Bounds } from './bounds.ts'
import { appendHybrid } from './hybrid.ts'
import { appendBytes, clearPage, newPage, reserve, type Page } from './page.ts'
import { thrift, type Struct } from './thrift.ts'
import { compressedBytesMax, type Compress } from './zstd.ts'

/** A data page ends with the row that fills it: a reader of few rows unpacks little else. */
export const pageBytes = 2 * 2 ** 20
export const pageRows = 5_000

/** What the indexes of a file say of a data page. */
export interface DataPage {
  /** Where it begins, first in its chunk, in the end in the file, and its bytes with its header. */
  offset: number
  bytes: number
  /** Within its row group. */
  firstRow: number
  rows: number
  /** Cells, the empty ones among them: of a list one for each member, or one for a list without. */
  values: number
  nulls: number
  /** undefined when no row has a value that takes part in an order. */
  bounds: Bounds | undefined
}

/** Of each cell of a page (parquet-format README, Nested Encoding), here 0 or 1; absent where all are what they are without. */
export interface Levels {
  /** 0 where a row begins, 1 where it goes on. */
  repetitions?: Uint16Array
  /** 1 where there is a value. */
  definitions?: Uint16Array
}

/** Room of a writer before it holds anything. */
const roomBytes = 2 ** 14

/** Writes the pages of a column chunk one behind another. Its room is used again for each page and chunk, and grows as they need it. */
export class PageWriter {
  readonly values: Page = newPage(roomBytes)
  /** Of each row of the page: 1 where it has a value. */
  readonly levels = new Uint16Array(pageRows)
  readonly #chunk: Page = newPage(roomBytes)
  /** What the pages take unpacked, with their headers. */
  unpackedBytes = 0
  readonly #levelBytes: Page = newPage(pageRows)
  readonly #compress: Compress
  /** Of the page written last. */
  #headerBytes = 0

  constructor(compress: Compress) {
    this.#compress = compress
  }

  /** Begins a chunk. */
  clear(): void {
    clearPage(this.#chunk)
    clearPage(this.values)
    this.unpackedBytes = 0
  }

  /** The pages of the chunk: a view that is good until the next page is written. The next chunk begins. */
  take(): Uint8Array {
    const taken = this.#chunk.bytes.subarray(0, this.#chunk.length)
    this.clear()
    return taken
  }

  /** Writes `values` as the dictionary of the pages that follow. */
  writeDictionary(count: number): void {
    this.#write('DICTIONARY_PAGE', { field_7: { field_1: count, field_2: Encodings.indexOf('PLAIN') } })
  }

  /** Writes `values`, behind the levels, as a data page of version 2. */
  writeData(facts: Omit<DataPage, 'offset' | 'bytes'>, encoding: 'PLAIN' | 'RLE_DICTIONARY', { repetitions, definitions }: Levels = {}): DataPage {
    const offset = this.#chunk.length
    const { rows, values, nulls } = facts
    clearPage(this.#levelBytes)
    if (repetitions) appendHybrid(this.#levelBytes, repetitions, 0, values, 1)
    const repetitionBytes = this.#levelBytes.length
    if (definitions) appendHybrid(this.#levelBytes, definitions, 0, values, 1)
    const levels = { field_5: this.#levelBytes.length - repetitionBytes, field_6: repetitionBytes }
    const header = { field_1: values, field_2: nulls, field_3: rows, field_4: Encodings.indexOf(encoding), ...levels }
    this.#write('DATA_PAGE_V2', { field_8: header })
    return { ...facts, offset, bytes: this.#chunk.length - offset }
  }

  /** The body is compressed to where it will stand if its header, which tells its length, is as long as the header before; else it moves. */
  #write(type: 'DICTIONARY_PAGE' | 'DATA_PAGE_V2', header: Struct): void {
    const { values } = this
    const chunk = this.#chunk
    const levels = this.#levelBytes.bytes.subarray(0, type === 'DATA_PAGE_V2' ? this.#levelBytes.length : 0)
    const unpacked = levels.length + values.length
    reserve(chunk, headerBytesMax + levels.length + compressedBytesMax(values.length))
    const bodyAt = chunk.length + this.#headerBytes + levels.length
    const bodyBytes = this.#compress(values.bytes.subarray(0, values.length), chunk.bytes, bodyAt)
    const sum = crc32(chunk.bytes.subarray(bodyAt, bodyAt + bodyBytes), crc32(levels)) | 0
    const head = thrift({ field_1: PageTypes.indexOf(type), field_2: unpacked, field_3: levels.length + bodyBytes, field_4: sum, ...header })
    if (head.length !== this.#headerBytes) chunk.bytes.copyWithin(chunk.length + head.length + levels.length, bodyAt, bodyAt + bodyBytes)
    this.#headerBytes = head.length
    appendBytes(chunk, head)
    appendBytes(chunk, levels)
    chunk.length += bodyBytes
    this.unpackedBytes += head.length + unpacked
  }
}

/** More than the header of a page ever takes: it has at most twelve numbers. */
const headerBytesMax = 128

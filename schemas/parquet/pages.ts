import { crc32 } from 'node:zlib'
import { snappyUncompress, type ColumnMetaData, type FileMetaData, type PageHeader } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import { limits } from '../data-universe.ts'
import { documentColumns } from './columns.ts'
import { checkThrift } from './check-thrift.ts'
import { decompressors } from './compression.ts'
import { malformed } from './inspect.ts'

const headerValuesMax = 256
const pageBytesMax = 64 * 2 ** 20
/** Of the rows of a group, unpacked. */
export const groupBytesMax = 512 * 2 ** 20
const codecs = new Set<string | undefined>(['UNCOMPRESSED', 'ZSTD', 'SNAPPY'])
const encodings = new Set<string | undefined>(['PLAIN', 'PLAIN_DICTIONARY', 'RLE_DICTIONARY'])

/**
 * Checks what the footer says of the row groups, before any page is looked at.
 * @param fileBytes of the whole file
 * @throws OrreryError `invalid_record`
 */
export function checkGroups(metadata: FileMetaData, fileBytes: number): void {
  let rows = 0
  for (const group of metadata.row_groups) {
    const groupRows = Number(group.num_rows)
    if (!isCount(groupRows, limits.rowsPerGroup)) throw malformed(`a row group claims ${groupRows} rows`)
    // Arrow writes one of these for a table without rows.
    if (groupRows === 0) continue
    if (group.columns.length !== documentColumns.length) throw malformed(`a row group has ${group.columns.length} columns`)
    group.columns.forEach(({ meta_data: chunk }, at) => {
      if (!chunk || chunk.path_in_schema.join('.') !== documentColumns[at]?.name) throw malformed('a column chunk stands in another column’s place')
      if (!codecs.has(chunk.codec)) throw malformed(`it is compressed with ${chunk.codec}`)
      const { start, end } = chunkRange(chunk)
      if (!(start >= 4 && start < end && end <= fileBytes)) throw malformed('a column chunk lies outside the file')
      if (Number(chunk.num_values) !== groupRows) throw malformed('a column chunk has another number of values than its row group has rows')
    })
    rows += groupRows
  }
  if (rows !== Number(metadata.num_rows)) throw malformed(`it claims ${metadata.num_rows} rows and its row groups ${rows}`)
}

/** Where the pages of a chunk stand in the file. */
export function chunkRange(chunk: ColumnMetaData): { start: number; end: number } {
  const start = Number(chunk.dictionary_page_offset ?? chunk.data_page_offset)
  return { start, end: start + Number(chunk.total_compressed_size) }
}

/** No header of a page is longer. */
export const headerBytesMax = 4096

/** @param view bytes from the header on @param bytesLeft of the chunk, from there on */
export function readPageHeader(view: Uint8Array, bytesLeft: number): { header: PageHeader; headerBytes: number } {
  checkThrift(view, headerValuesMax)
  const reader = { view: new DataView(view.buffer, view.byteOffset, view.length), offset: 0 }
  const header = parquetHeader(reader)
  if (!isCount(header.compressed_page_size, bytesLeft - reader.offset) || !isCount(header.uncompressed_page_size, pageBytesMax))
    throw malformed('a page has an impossible size')
  return { header, headerBytes: reader.offset }
}

/** Where a page says the CRC-32 of its body as it stands in the file (parquet-format README, Checksumming), a disk or a copy that lost a bit shows here and not in a text. */
export function checkSum({ crc }: PageHeader, body: Uint8Array): void {
  if (crc !== undefined && crc32(body) !== crc >>> 0) throw malformed('a page has other bytes than its checksum says')
}

export function checkDictionary({ dictionary_page_header: dictionary }: PageHeader, groupRows: number): number {
  if (!dictionary || !isCount(dictionary.num_values, groupRows)) throw malformed('a dictionary has more values than rows')
  return dictionary.num_values
}

/** Rows of a data page, of either version; from its header alone. */
export function rowsOfPage({ type, data_page_header: first, data_page_header_v2: second }: PageHeader): number {
  if (type !== 'DATA_PAGE_V2' && type !== 'DATA_PAGE') throw malformed(`it has a page of a kind not used here (${type})`)
  const values = type === 'DATA_PAGE_V2' ? second?.num_values : first?.num_values
  // One without rows is worth nothing, and there could be millions of them.
  if (!values || !isCount(values, limits.rowsPerGroup)) throw malformed('a page has an impossible count')
  return values
}

export interface PageContext {
  chunk: ColumnMetaData
  nullable: boolean
  dictionaryValues: number
}

/**
 * Checks a data page before it is decoded, so that no size, count or run length it claims can cost more than its rows are worth: the reader trusts them all.
 * Takes pages of both versions, PLAIN or dictionary encoded: what encode.ts writes, and what Arrow writes of the same schema.
 * @throws OrreryError `invalid_record`
 */
export function checkDataPage(header: PageHeader, body: Uint8Array, context: PageContext): void {
  if (header.type === 'DATA_PAGE_V2') checkPageV2(header, body, context)
  else checkPageV1(header, body, context)
}

function checkPageV2(header: PageHeader, body: Uint8Array, { chunk, nullable, dictionaryValues }: PageContext): void {
  const page = header.data_page_header_v2
  if (!page || !encodings.has(page.encoding)) throw malformed('a page has an encoding not used here')
  const { num_values: values, num_nulls: nulls, definition_levels_byte_length: levelBytes } = page
  if (!isCount(values, limits.rowsPerGroup) || page.num_rows !== values || !isCount(nulls, nullable ? values : 0))
    throw malformed('a page has an impossible count')
  if (page.repetition_levels_byte_length !== 0 || !isCount(levelBytes, Math.min(body.length, header.uncompressed_page_size)) || levelBytes > 0 !== nullable)
    throw malformed('a page has impossible levels')
  if (nullable) checkRuns(body.subarray(0, levelBytes), 1, values, 1)
  if (page.encoding !== 'PLAIN') {
    const packed = body.subarray(levelBytes)
    const indexes = page.is_compressed ? unpack(packed, chunk, header.uncompressed_page_size - levelBytes) : packed
    checkIndexes(indexes, values - nulls, dictionaryValues)
  }
}

/** Version 1 packs levels and values together, the length of the levels in front, and does not count the nulls. */
function checkPageV1(header: PageHeader, body: Uint8Array, { chunk, nullable, dictionaryValues }: PageContext): void {
  const page = header.data_page_header
  if (!page || !encodings.has(page.encoding)) throw malformed('a page has an encoding not used here')
  const { num_values: values } = page
  if (!isCount(values, limits.rowsPerGroup)) throw malformed('a page has an impossible count')
  if (!nullable && page.encoding === 'PLAIN') return
  const bytes = unpack(body, chunk, header.uncompressed_page_size)
  const levelBytes = nullable ? littleEndian(bytes, 0, 4) : 0
  const valuesAt = nullable ? 4 + levelBytes : 0
  if (nullable && (page.definition_level_encoding !== 'RLE' || !(valuesAt <= bytes.length))) throw malformed('a page has impossible levels')
  const present = nullable ? checkRuns(bytes.subarray(4, valuesAt), 1, values, 1) : values
  if (page.encoding !== 'PLAIN') checkIndexes(bytes.subarray(valuesAt), present, dictionaryValues)
}

function checkIndexes(indexes: Uint8Array, values: number, dictionaryValues: number): void {
  if (values === 0) return
  const width = indexes[0] ?? 33
  if (width > 32 || dictionaryValues === 0) throw malformed('a page has no dictionary')
  checkRuns(indexes.subarray(1), width, values, dictionaryValues - 1)
}

function unpack(packed: Uint8Array, { codec }: ColumnMetaData, outputBytes: number): Uint8Array {
  if (codec === 'UNCOMPRESSED') return packed
  if (codec === 'ZSTD') return decompressors.ZSTD(packed, outputBytes)
  const output = new Uint8Array(outputBytes)
  snappyUncompress(packed, output)
  return output
}

/** Walks an RLE / bit-packed hybrid (parquet-format Encodings.md): its runs give `values` values, none above `max`, and little more. @returns how many of them are 1, for a width of 1 */
function checkRuns(runs: Uint8Array, width: number, values: number, max: number): number {
  const valueBytes = (width + 7) >> 3
  let [at, seen, ones] = [0, 0, 0]
  while (seen < values) {
    let [header, shift, byte] = [0, 0, 0x80]
    while (byte & 0x80) {
      byte = runs[at++] ?? 0
      header += (byte & 0x7f) * 2 ** shift
      shift += 7
      if (shift > 28 || at > runs.length) throw malformed('a run has no end')
    }
    const packed = header % 2 === 1
    const count = packed ? Math.floor(header / 2) * 8 : header / 2
    // A bit-packed run is padded to eight values, no more.
    if (count === 0 || seen + count > values + (packed ? 7 : 0)) throw malformed('a run is longer than its page')
    const runBytes = packed ? (count / 8) * width : valueBytes
    if (at + runBytes > runs.length) throw malformed('a run is cut off')
    if (!packed && littleEndian(runs, at, valueBytes) > max) throw malformed('a run repeats what its dictionary lacks')
    if (width === 1) ones += packed ? onesIn(runs, at, Math.min(count, values - seen)) : (runs[at] as number) * count
    at += runBytes
    seen += count
  }
  return ones
}

/** Bits set among the first `bits` from byte `at` on, least significant first. */
function onesIn(bytes: Uint8Array, at: number, bits: number): number {
  let ones = 0
  for (let bit = 0; bit < bits; bit++) ones += ((bytes[at + (bit >> 3)] as number) >> (bit & 7)) & 1
  return ones
}

function littleEndian(bytes: Uint8Array, at: number, length: number): number {
  let value = 0
  for (let place = 0; place < length; place++) value += (bytes[at + place] as number) * 2 ** (8 * place)
  return value
}

const isCount = (value: unknown, max: number): boolean => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max

import type { SchemaElement } from 'hyparquet'
import { CompressionCodecs, ConvertedTypes, Encodings, FieldRepetitionTypes, PageTypes, ParquetTypes } from 'hyparquet/src/constants.js'
import { logicalType } from 'hyparquet-writer/src/metadata.js'
import { joinBounds } from './bounds.ts'
import type { Chunk } from './chunk.ts'
import { columnType, type Layout } from './columns.ts'
import type { ChunkIndexes } from './page-index.ts'
import { thrift, type Struct } from './thrift.ts'

/** Who wrote the file, in the form parquet-format asks for; without our version, so that equal rows stay equal bytes. */
const createdBy = 'orrery version 1'

/** A chunk as the footer tells of it. */
interface FooterChunk extends Chunk, ChunkIndexes {
  /** Whether its least and greatest value are told. */
  ranged: boolean
}

interface FooterGroup {
  rows: number
  chunks: FooterChunk[]
}

/** FileMetaData (parquet.thrift). Its version is 1, as DuckDB writes it: readers look at the pages, but parquetjs-lite opens no other file. */
export function footer({ schema, leaves }: Layout, groups: readonly FooterGroup[], codec: 'ZSTD' | 'SNAPPY'): Uint8Array {
  return thrift({
    field_1: 1,
    field_2: schema.map(schemaElement),
    field_3: BigInt(groups.reduce((sum, { rows }) => sum + rows, 0)),
    field_4: groups.map((group) => rowGroup(group, codec)),
    field_6: createdBy,
    // Every column has the order of its type.
    field_7: leaves.map(() => ({ field_1: {} })),
  })
}

const schemaElement = ({ name, type, type_length, repetition_type, num_children, converted_type, logical_type }: SchemaElement) => ({
  field_1: type && ParquetTypes.indexOf(type),
  field_2: type_length,
  field_3: repetition_type && FieldRepetitionTypes.indexOf(repetition_type),
  field_4: name,
  field_5: num_children,
  field_6: converted_type && ConvertedTypes.indexOf(converted_type),
  field_10: logicalType(logical_type) as Struct | undefined,
})

function rowGroup({ rows, chunks }: FooterGroup, codec: 'ZSTD' | 'SNAPPY') {
  const sum = (of: (chunk: FooterChunk) => number) => BigInt(chunks.reduce((total, chunk) => total + of(chunk), 0))
  return {
    field_1: chunks.map((chunk) => columnChunk(chunk, codec)),
    field_2: sum(({ unpackedBytes }) => unpackedBytes),
    field_3: BigInt(rows),
    field_5: BigInt(chunks[0]?.offset ?? 0),
    field_6: sum(({ bytes }) => bytes),
  }
}

const encodingOf = (encoding: (typeof Encodings)[number]) => Encodings.indexOf(encoding)

function columnChunk(chunk: FooterChunk, codec: 'ZSTD' | 'SNAPPY') {
  const { column, offset, bytes, unpackedBytes, hasDictionary, pages, bloom, columnIndex, offsetIndex } = chunk
  const encodings = hasDictionary ? (['PLAIN', 'RLE', 'RLE_DICTIONARY'] as const) : (['PLAIN', 'RLE'] as const)
  const dataEncoding = encodingOf(hasDictionary ? 'RLE_DICTIONARY' : 'PLAIN')
  return {
    // ColumnChunk.file_offset is deprecated: 0 says that there is no metadata of it elsewhere.
    field_2: 0n,
    field_3: {
      field_1: ParquetTypes.indexOf(columnType(column)),
      field_2: encodings.map(encodingOf),
      field_3: column.path,
      field_4: CompressionCodecs.indexOf(codec),
      field_5: BigInt(pages.reduce((sum, { values }) => sum + values, 0)),
      field_6: BigInt(unpackedBytes),
      field_7: BigInt(bytes),
      field_9: BigInt(pages[0]?.offset ?? offset),
      field_11: hasDictionary ? BigInt(offset) : undefined,
      field_12: statistics(chunk),
      field_13: [
        ...(hasDictionary ? [{ field_1: PageTypes.indexOf('DICTIONARY_PAGE'), field_2: encodingOf('PLAIN'), field_3: 1 }] : []),
        { field_1: PageTypes.indexOf('DATA_PAGE_V2'), field_2: dataEncoding, field_3: pages.length },
      ],
      field_14: bloom && BigInt(bloom.offset),
      field_15: bloom?.bytes,
    },
    field_4: BigInt(offsetIndex.offset),
    field_5: offsetIndex.bytes,
    field_6: columnIndex && BigInt(columnIndex.offset),
    field_7: columnIndex?.bytes,
  }
}

function statistics({ column, pages, distinct, ranged }: FooterChunk) {
  const bounds = ranged
    ? joinBounds(
        column.kind,
        pages.flatMap((page) => page.bounds ?? []),
      )
    : undefined
  return {
    field_3: BigInt(pages.reduce((sum, { nulls }) => sum + nulls, 0)),
    field_4: distinct === undefined ? undefined : BigInt(distinct),
    field_5: bounds?.max,
    field_6: bounds?.min,
    field_7: bounds?.maxExact,
    field_8: bounds?.minExact,
  }
}

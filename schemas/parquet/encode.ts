import { ByteWriter, parquetWrite } from 'hyparquet-writer'
import { limits } from '../data-universe.ts'
import type { Document } from '../document.ts'
import { documentColumns, documentSchema, toCell, type Column } from './columns.ts'
import { compressors } from './compression.ts'

/**
 * Compression of a shard. `snappy` is for readers like parquetjs-lite, which knows only PLAIN and trips over the statistics of timestamps:
 * such a shard has no dictionaries and statistics on text only.
 */
export type ShardCodec = 'zstd' | 'snappy'

/** Who wrote the file, in the form parquet-format asks for; without our version, so that equal rows stay equal bytes. */
const createdBy = 'orrery version 1'

/**
 * Writes documents, in the order given, as a Parquet file: the schema of columns.ts, row groups of 10,000 (only the last may be shorter),
 * zstd level 3 or Snappy, bloom filters on `id` and `uri`, statistics and page indexes where values are ordered.
 * The same documents give the same bytes.
 */
export function encodeDocuments(documents: readonly Document[], { codec }: { codec: ShardCodec }): Uint8Array {
  const writer = new ByteWriter()
  parquetWrite({
    writer,
    schema: [...documentSchema],
    columnData: documentColumns.map((column) => columnSource(column, documents, codec)),
    codec: codec === 'zstd' ? 'ZSTD' : 'SNAPPY',
    compressors,
    rowGroupSize: limits.rowsPerGroup,
    createdBy,
  })
  return asFormatVersion1(writer.getBytes().slice())
}

function columnSource(column: Column, documents: readonly Document[], codec: ShardCodec) {
  const ranged = column.ordered && (codec === 'zstd' || column.kind !== 'timestamp')
  return {
    name: column.name,
    data: documents.map((document) => toCell(column, document)),
    ...(column.repeats && codec === 'zstd' ? {} : { encoding: 'PLAIN' as const }),
    statistics: ranged,
    columnIndex: ranged,
    bloomFilter: column.bloom,
  }
}

/**
 * Sets FileMetaData.version to 1, as DuckDB writes it: readers look at the pages, but parquetjs-lite opens no other file.
 * The footer begins with that field: header 0x15 (field 1, i32), then the zigzag varint, 4 = version 2.
 */
function asFormatVersion1(file: Uint8Array): Uint8Array {
  const footerBytes = new DataView(file.buffer).getUint32(file.length - 8, true)
  const at = file.length - 8 - footerBytes
  if (file[at] !== 0x15 || file[at + 1] !== 4) throw new Error('the Parquet writer no longer begins its footer with version 2')
  file[at + 1] = 2
  return file
}

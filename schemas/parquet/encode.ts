import { snappyCompress } from 'hyparquet-writer/src/snappy.js'
import { limits } from '../data-universe.ts'
import type { Document } from '../document.ts'
import { writeChunk } from './chunk.ts'
import { documentColumns } from './columns.ts'
import { footer } from './footer.ts'
import { writePageIndexes } from './page-index.ts'
import { PageWriter } from './page-writer.ts'
import { zstdCompressor } from './zstd.ts'

/**
 * Compression of a shard. `snappy` is for readers like parquetjs-lite, which knows only PLAIN and trips over the statistics of timestamps:
 * such a shard has no dictionaries, and no statistics on times.
 */
export type ShardCodec = 'zstd' | 'snappy'

const magic = new TextEncoder().encode('PAR1')

/**
 * Writes documents, in the order given, as a Parquet file: the schema of columns.ts, row groups of 10,000 (only the last may be shorter),
 * zstd level 3 or Snappy, data pages of about 1 MiB and at most 2,500 rows, bloom filters on `id` and `uri`, statistics and both page indexes
 * for every column. The same documents give the same bytes.
 */
export function encodeDocuments(documents: readonly Document[], { codec }: { codec: ShardCodec }): Uint8Array {
  using zstd = zstdCompressor()
  const writer = new PageWriter(codec === 'zstd' ? zstd : snappyCompress)
  writer.append(magic)
  const groups = []
  for (let from = 0; from < documents.length; from += limits.rowsPerGroup) {
    const to = Math.min(documents.length, from + limits.rowsPerGroup)
    groups.push({ rows: to - from, chunks: documentColumns.map((column) => writeChunk(writer, { column, documents, from, to }, codec === 'zstd')) })
  }
  const indexes = writePageIndexes(
    writer,
    groups.flatMap(({ chunks }) => chunks),
  ).values()
  const ranged = (kind: string) => codec === 'zstd' || kind !== 'timestamp'
  const described = groups.map(({ rows, chunks }) => ({
    rows,
    chunks: chunks.map((chunk) => ({ ...chunk, ...indexes.next().value!, ranged: ranged(chunk.column.kind) })),
  }))
  const tail = footer(described, codec === 'zstd' ? 'ZSTD' : 'SNAPPY')
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, tail.length, true)
  for (const part of [tail, length, magic]) writer.append(part)
  return concat(writer)
}

/** Not in the pool of small Buffers: who gets the file may pass its memory on. */
function concat({ parts, offset }: PageWriter): Uint8Array {
  const file = new Uint8Array(Buffer.allocUnsafeSlow(offset).buffer)
  let at = 0
  for (const part of parts) {
    file.set(part, at)
    at += part.length
  }
  return file
}

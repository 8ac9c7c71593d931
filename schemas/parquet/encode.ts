import { snappyCompress } from 'hyparquet-writer/src/snappy.js'
import { limits } from '../data-universe.ts'
import type { Document } from '../document.ts'
import { transpose, writeChunk } from './chunk.ts'
import { documentColumns } from './columns.ts'
import { footer } from './footer.ts'
import { writePageIndexes } from './page-index.ts'
import { clearPage, newPage, type Page } from './page.ts'
import { PageWriter } from './page-writer.ts'
import { copyTo, zstdCompressor, type Compress } from './zstd.ts'

/**
 * Compression of a shard. `snappy` is for readers like parquetjs-lite, which knows only PLAIN and trips over the statistics of timestamps:
 * such a shard has no dictionaries, and no statistics on times.
 */
export type ShardCodec = 'zstd' | 'snappy'

const snappy: Compress = (input, output, at) => copyTo(snappyCompress(input), output, at)
const magic = new TextEncoder().encode('PAR1')

/** A Parquet file in memory. Once it is disposed of, its room is another file's, and `bytes` are read no more. */
export interface DocumentFile extends Disposable {
  readonly bytes: Uint8Array
}

/** The room of a file that was disposed of: to make so many megabytes anew for each file brings on full collections of whatever heap the caller has. */
let spare: Page | undefined
const spareBytesMax = 128 * 2 ** 20

/**
 * Writes documents, in the order given, as a Parquet file: the schema of columns.ts, row groups of 10,000 (only the last may be shorter),
 * zstd level 3 or Snappy, data pages of about 2 MiB and at most 5,000 rows, bloom filters on `id` and `uri`, statistics and both page indexes
 * for every column, but no bounds of the signature. The same documents give the same bytes.
 */
export function encodeDocumentFile(documents: readonly Document[], options: { codec: ShardCodec }): DocumentFile {
  const file = takeRoom(roomFor(documents))
  writeDocuments(file, documents, options)
  let isMine = true
  const dispose = (): void => {
    if (isMine && file.bytes.length <= spareBytesMax && file.bytes.length > (spare?.bytes.length ?? 0)) spare = file
    isMine = false
  }
  return { bytes: new Uint8Array(file.bytes.buffer, 0, file.length), [Symbol.dispose]: dispose }
}

/** The same file in memory of its own. */
export const encodeDocuments = (documents: readonly Document[], options: { codec: ShardCodec }): Uint8Array => encodeDocumentFile(documents, options).bytes

function takeRoom(bytes: number): Page {
  const room = spare && spare.bytes.length >= bytes ? spare : newPage(bytes)
  if (room === spare) spare = undefined
  clearPage(room)
  return room
}

function writeDocuments(file: Page, documents: readonly Document[], { codec }: { codec: ShardCodec }): void {
  using zstd = zstdCompressor()
  const writer = new PageWriter(codec === 'zstd' ? zstd : snappy, file)
  writer.append(magic)
  const groups = []
  for (let from = 0; from < documents.length; from += limits.rowsPerGroup) {
    const to = Math.min(documents.length, from + limits.rowsPerGroup)
    groups.push({ rows: to - from, chunks: transpose(documentColumns, documents, from, to).map((column) => writeChunk(writer, column, codec === 'zstd')) })
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
}

const sampled = 16

/** Two fifths of the texts, and what the other columns take; of one document in sixteen: to visit each costs more than to be a little wrong. */
function roomFor(documents: readonly Document[]): number {
  let textChars = 0
  for (let n = 0; n < documents.length; n += sampled) {
    const { text, markdown } = documents[n] as Document
    textChars += text.length + (markdown?.length ?? 0)
  }
  return 2 ** 20 + Math.ceil(0.4 * sampled * textChars) + 1024 * documents.length
}

import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { parquetMetadataAsync, parquetReadObjects, type FileMetaData } from 'hyparquet'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { OrreryError } from '#schemas/errors.ts'
import { decompressors } from '#schemas/parquet/compression.ts'
import type { FileBytes } from '#schemas/parquet/file-bytes.ts'
import { damaged, type ForeignRow } from './foreign-row.ts'
import { unpackHadoopLz4, unpackLz4 } from './lz4.ts'

/** Of the columns that are read of one row group, unpacked: so much is in memory. */
const groupBytesMax = 2 ** 30
/** Of one row group: a value that stands in it once may be that of any number of rows. Twice as many as Arrow writes. */
const groupRowsMax = 2 ** 21

const compressors = {
  ...decompressors,
  GZIP: (input: Uint8Array, outputBytes: number): Uint8Array => gunzipSync(input, { maxOutputLength: Math.max(1, outputBytes) }),
  LZ4_RAW: (input: Uint8Array, outputBytes: number): Uint8Array => unpackLz4(input, bounded(outputBytes)),
  LZ4: (input: Uint8Array, outputBytes: number): Uint8Array => unpackHadoopLz4(input, bounded(outputBytes)),
  BROTLI: (input: Uint8Array, outputBytes: number): Uint8Array => brotliDecompressSync(input, { maxOutputLength: Math.max(1, outputBytes) }),
}

/** Instead of PAR1 (parquet-format, Encryption.md); with a footer that is not encrypted, columns are all the same. */
const encryptedMagic = Buffer.from('PARE')
const encrypted = (path: string): OrreryError =>
  new OrreryError('invalid_record', `${path} is encrypted, or columns of it are; write it anew without encryption, and import that.`, { path })

/** Of one page, as its header says. */
function bounded(bytes: number): number {
  if (bytes <= groupBytesMax) return bytes
  throw new Error(`a page claims ${bytes} bytes`)
}

/** @throws OrreryError `invalid_record` for what is no Parquet file, or is encrypted */
export async function parquetFooter(path: string, file: FileBytes): Promise<FileMetaData> {
  const end = Buffer.from(await file.slice(Math.max(0, file.byteLength - 4), file.byteLength))
  if (end.equals(encryptedMagic)) throw encrypted(path)
  try {
    return await parquetMetadataAsync(bufferOf(file))
  } catch (cause) {
    throw damaged(path, 'its footer', cause)
  }
}

export const columnNames = ({ schema }: FileMetaData): string[] => {
  const names: string[] = []
  for (let at = 1; at < schema.length; at = endOf(schema, at)) names.push(schema[at]?.name ?? '')
  return names
}

/** Behind an element with all that is in it. */
function endOf(schema: FileMetaData['schema'], at: number): number {
  let end = at + 1
  for (let left = schema[at]?.num_children ?? 0; left > 0 && end < schema.length; left--) end = endOf(schema, end)
  return end
}

/**
 * The rows of a Parquet file of any schema, a row group in memory at a time.
 * @param columns that are read
 * @param from first row
 * @throws OrreryError `invalid_record` where a row group cannot be read, or is too large
 */
export async function* parquetRowsOf(
  { path, file, footer }: { path: string; file: FileBytes; footer: FileMetaData },
  columns: readonly string[],
  from: number,
  signal: AbortSignal,
): AsyncGenerator<ForeignRow> {
  let start = 0
  for (const group of footer.row_groups) {
    const end = start + Number(group.num_rows)
    if (end > from) {
      signal.throwIfAborted()
      const bytes = group.columns.reduce(
        (sum, { meta_data: chunk }) => sum + (columns.includes(chunk?.path_in_schema[0] ?? '') ? Number(chunk?.total_uncompressed_size) : 0),
        0,
      )
      if (!(bytes <= groupBytesMax && end - start <= groupRowsMax))
        throw new OrreryError(
          'invalid_record',
          `${path} has a row group of ${end - start} rows and ${bytes} bytes from row ${start} on; write it anew in groups of at most ${groupRowsMax} rows and ${groupBytesMax} bytes.`,
          { path },
        )
      if (group.columns.some(({ crypto_metadata: crypto, meta_data: chunk }) => crypto && (!chunk || columns.includes(chunk.path_in_schema[0] ?? ''))))
        throw encrypted(path)
      const rows = await readGroup(path, { file: bufferOf(file), metadata: footer, columns: [...columns], rowStart: start, rowEnd: end, compressors })
      await nextTurn()
      for (const [n, cells] of rows.entries()) if (start + n >= from) yield { at: start + n, where: `row ${start + n}`, cells }
    }
    start = end
  }
}

async function readGroup(path: string, options: Parameters<typeof parquetReadObjects>[0]): Promise<object[]> {
  try {
    return await parquetReadObjects(options)
  } catch (cause) {
    throw damaged(path, `row ${options.rowStart}`, cause)
  }
}

const bufferOf = (file: FileBytes) => ({
  byteLength: file.byteLength,
  async slice(start: number, end = file.byteLength): Promise<ArrayBuffer> {
    const bytes = await file.slice(start, end)
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
  },
})

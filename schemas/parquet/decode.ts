import { parquetReadObjects, type FileMetaData } from 'hyparquet'
import { Document } from '../document.ts'
import { OrreryError } from '../errors.ts'
import { documentColumns, fromCell } from './columns.ts'
import { decompressors } from './compression.ts'
import { malformed, readFooter, schemaFault } from './inspect.ts'
import { checkPages } from './pages.ts'

/** All documents of a shard, in its order. @throws OrreryError `invalid_record` for bytes that are none, or a row that is no Document */
export async function decodeDocuments(bytes: Uint8Array): Promise<Document[]> {
  return (await Array.fromAsync(decodeRowGroups(bytes))).flat()
}

/** The same, one row group (at most 10,000 documents) at a time: a shard may be larger than memory once it is unpacked. */
export async function* decodeRowGroups(bytes: Uint8Array): AsyncIterable<Document[]> {
  const metadata = readFooter(bytes)
  const fault = schemaFault(metadata)
  if (fault) throw malformed(fault)
  guard(() => checkPages(bytes, metadata))
  let rowStart = 0
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows)
    const rows = await readRows(bytes, metadata, rowStart, rowEnd)
    yield rows.map((row, at) => toDocument(row, rowStart + at))
    rowStart = rowEnd
  }
}

async function readRows(bytes: Uint8Array, metadata: FileMetaData, rowStart: number, rowEnd: number): Promise<Record<string, unknown>[]> {
  const file = {
    byteLength: bytes.length,
    // A copy also of a Buffer, whose own slice would share memory with what stands beside it.
    slice: (start: number, end = bytes.length): ArrayBuffer => Uint8Array.prototype.slice.call(bytes, start, end).buffer as ArrayBuffer,
  }
  try {
    return await parquetReadObjects({ file, metadata, compressors: decompressors, utf8: false, rowStart, rowEnd })
  } catch (cause) {
    throw malformed(`its rows from ${rowStart} cannot be read`, cause)
  }
}

function toDocument(row: Record<string, unknown>, at: number): Document {
  try {
    return Document.parse(Object.fromEntries(documentColumns.map((column) => [column.name, fromCell(column, row[column.name])])))
  } catch (cause) {
    throw malformed(`its row ${at} is no document`, cause)
  }
}

function guard(check: () => void): void {
  try {
    check()
  } catch (cause) {
    throw cause instanceof OrreryError ? cause : malformed('its pages cannot be read', cause)
  }
}

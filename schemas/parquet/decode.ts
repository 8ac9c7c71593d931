import { parquetReadObjects, type FileMetaData } from 'hyparquet'
import type { ZodError } from 'zod'
import { Document } from '../document.ts'
import { OrreryError } from '../errors.ts'
import { documentColumns, fromCell } from './columns.ts'
import { decompressors } from './compression.ts'
import { malformed, readFooter, schemaFault } from './inspect.ts'
import { checkPages, groupBytesMax } from './pages.ts'

const textColumns = documentColumns.filter(({ kind }) => kind === 'string' || kind === 'json')

/** A row that is no Document. */
export class RefusedRow {
  /** Its place in the file, from 0. */
  readonly row: number
  readonly column: string
  /** `too_large`: its cell is longer than the column may be. */
  readonly reason: 'too_large' | 'invalid'
  readonly what: string

  constructor(row: number, column: string, reason: RefusedRow['reason'], what: string) {
    this.row = row
    this.column = column
    this.reason = reason
    this.what = what
  }
}

/** All documents of a shard, in its order. @throws OrreryError `invalid_record` for bytes that are none, or a row that is no Document */
export async function decodeDocuments(bytes: Uint8Array): Promise<Document[]> {
  return (await Array.fromAsync(decodeRowGroups(bytes))).flat()
}

/** The same, one row group (at most 10,000 documents) at a time: a shard may be larger than memory once it is unpacked. */
export async function* decodeRowGroups(bytes: Uint8Array): AsyncIterable<Document[]> {
  for await (const rows of decodeRows(bytes)) yield rows.map(requireDocument)
}

function requireDocument(row: Document | RefusedRow): Document {
  if (row instanceof RefusedRow) throw malformed(`its row ${row.row} is no document: its ${row.column} is refused, ${row.what}`)
  return row
}

/** The same for a file of others: a row that is no Document costs itself. @throws OrreryError `invalid_record` for bytes that are no shard */
export async function* decodeRows(bytes: Uint8Array): AsyncIterable<(Document | RefusedRow)[]> {
  const metadata = readFooter(bytes)
  const fault = schemaFault(metadata)
  if (fault) throw malformed(fault)
  guard(() => checkPages(bytes, metadata))
  let rowStart = 0
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows)
    const rows = rowEnd > rowStart ? await readRows(bytes, metadata, rowStart, rowEnd) : []
    checkCells(rows, rowStart)
    yield rows.map((row, at) => toDocument(row, rowStart + at))
    rowStart = rowEnd
  }
}

/** A dictionary gives a value that stands in the file once to any number of rows: each will cost as much as if it stood there by itself. */
function checkCells(rows: readonly Record<string, unknown>[], rowStart: number): void {
  let bytes = 0
  for (const row of rows) for (const { name } of textColumns) bytes += (row[name] as string | null)?.length ?? 0
  if (bytes > groupBytesMax) throw malformed(`its rows from ${rowStart} hold ${bytes} characters, more than ${groupBytesMax}`)
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

function toDocument(cells: Record<string, unknown>, row: number): Document | RefusedRow {
  const values: Record<string, unknown> = {}
  for (const column of documentColumns) {
    try {
      values[column.name] = fromCell(column, cells[column.name])
    } catch (error) {
      return error instanceof RangeError
        ? new RefusedRow(row, column.name, 'too_large', error.message)
        : new RefusedRow(row, column.name, 'invalid', 'it is no JSON')
    }
  }
  const { data, error } = Document.safeParse(values)
  return data ?? refusalOf(row, error)
}

function refusalOf(row: number, error: ZodError | undefined): RefusedRow {
  const issue = error?.issues[0]
  const isLong = issue?.code === 'too_big' && (issue.origin === 'string' || issue.origin === 'array')
  return new RefusedRow(row, String(issue?.path[0]), isLong ? 'too_large' : 'invalid', issue?.message.slice(0, 200) ?? '')
}

function guard(check: () => void): void {
  try {
    check()
  } catch (cause) {
    throw cause instanceof OrreryError ? cause : malformed('its pages cannot be read', cause)
  }
}

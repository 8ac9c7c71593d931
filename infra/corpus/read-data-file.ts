import type { ListedFile } from '#schemas/data-file.ts'
import type { ColumnName } from '#schemas/document-columns.ts'
import type { Document } from '#schemas/document.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { decodeRows, RefusedRow } from '#schemas/parquet/decode.ts'
import { inspectParquet, malformed } from '#schemas/parquet/inspect.ts'
import { readDeletionVector } from './deletion-vector.ts'

/** A row of a data file, by its position there. */
export interface FileRow<Name extends ColumnName = ColumnName> {
  row: number
  document: Pick<Document, Name>
}

export interface ReadOptions<Name extends ColumnName = ColumnName> {
  signal: AbortSignal
  /** Columns that are wanted; all when absent. Others are not read. */
  columns?: readonly Name[]
  /** Positions that are wanted; all when absent. */
  rows?: Iterable<number>
  /** The first position that is wanted. */
  from?: number
}

/**
 * The rows of a data file of our own that are not deleted, in its order, some hundreds at a time.
 * @throws OrreryError `not_found`; `data_unreadable` for a file or a row that is not what was written; the signal's reason
 */
export async function* readDataFile<Name extends ColumnName = ColumnName>(
  store: Pick<ObjectStore, 'get'>,
  listed: ListedFile,
  options: ReadOptions<Name>,
): AsyncGenerator<FileRow<Name>[]> {
  try {
    for await (const rows of readForeignFile(store, listed, options)) yield rows.map(requireRow)
  } catch (cause) {
    throw cause instanceof OrreryError && cause.code === 'invalid_record' ? unreadable(listed, cause) : cause
  }
}

/**
 * The same for a file of others: a row that is no Document costs itself.
 * @throws OrreryError `not_found`; `invalid_record` for an object that is no data file; the signal's reason
 */
export async function* readForeignFile<Name extends ColumnName = ColumnName>(
  store: Pick<ObjectStore, 'get'>,
  listed: ListedFile,
  { signal, rows, from = 0 }: ReadOptions<Name>,
): AsyncGenerator<(FileRow<Name> | RefusedRow)[]> {
  const deleted = await readDeletionVector(store, listed)
  const wanted = rows && new Set(rows)
  let row = 0
  const bytes = await store.get(listed.file.key)
  const said = inspectParquet(bytes).rows
  if (said !== listed.file.rows) throw malformed(`it has ${said} rows, its manifest says ${listed.file.rows}`)
  for await (const group of decodeRows(bytes)) {
    signal.throwIfAborted()
    const first = row
    row += group.length
    yield group
      .map((document, n) => (document instanceof RefusedRow ? document : { row: first + n, document }))
      .filter((found) => found.row >= from && !deleted.has(found.row) && (!wanted || wanted.has(found.row)))
  }
}

function requireRow<Name extends ColumnName>(row: FileRow<Name> | RefusedRow): FileRow<Name> {
  if (row instanceof RefusedRow) throw new OrreryError('invalid_record', `its row ${row.row} is no document: its ${row.column} is refused, ${row.what}`)
  return row
}

const unreadable = ({ file: { key } }: ListedFile, cause: OrreryError): OrreryError =>
  new OrreryError('data_unreadable', `The data file ${key} cannot be read: ${cause.message} Restore it from a backup.`, { key }, cause)

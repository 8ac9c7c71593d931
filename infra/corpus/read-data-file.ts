import { setImmediate as nextTurn } from 'node:timers/promises'
import type { DataFile, DeletionVector } from '#schemas/data-file.ts'
import type { ColumnName } from '#schemas/document-columns.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { decodeFile, requireRow, type FileRow, type RefusedRow, type RowSelection } from '#schemas/parquet/decode.ts'
import { readDeletionVector } from './deletion-vector.ts'
import { storedFile } from './stored-file.ts'

export type { FileRow } from '#schemas/parquet/decode.ts'

/** A data file, as far as it is needed to read it. */
export interface ReadableFile {
  file: Pick<DataFile, 'key' | 'bytes' | 'rows'>
  deletes: DeletionVector | null
}

export interface ReadOptions<Name extends ColumnName = ColumnName> extends Pick<RowSelection<Name>, 'columns' | 'from'> {
  signal: AbortSignal
  /** Positions that are wanted; all when absent. */
  rows?: Iterable<number>
}

/**
 * The rows of a data file of our own that are not deleted, in its order, some hundreds at a time.
 * @throws OrreryError `not_found`; `data_unreadable` for a file or a row that is not what was written; the signal's reason
 */
export async function* readDataFile<Name extends ColumnName = ColumnName>(
  store: Pick<ObjectStore, 'get'>,
  listed: ReadableFile,
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
  listed: ReadableFile,
  { signal, rows, ...selection }: ReadOptions<Name>,
): AsyncGenerator<(FileRow<Name> | RefusedRow)[]> {
  const except = await readDeletionVector(store, listed)
  const wanted = rows && [...new Set(rows)].sort((a, b) => a - b)
  for await (const batch of decodeFile(storedFile(store, listed.file, signal), { ...selection, rows: wanted, except }, listed.file.rows)) {
    yield batch
    await nextTurn()
  }
}

const unreadable = ({ file: { key } }: ReadableFile, cause: OrreryError): OrreryError =>
  new OrreryError('data_unreadable', `The data file ${key} cannot be read: ${cause.message} Restore it from a backup.`, { key }, cause)

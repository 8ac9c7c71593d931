import type { StoredObject } from './data-file.ts'

/** A cell as SQL gives it: BIGINT and wider as bigint, DECIMAL as number, timestamps (UTC) and dates as Date, BLOB as bytes, LIST as arrays. */
export type SqlValue = null | boolean | number | bigint | string | Date | Uint8Array | SqlValue[] | SqlStruct
export type SqlRow = Record<string, SqlValue>

/** Of strangers' statements only: a struct by the names of its members, a map by its keys where they are text. */
export interface SqlStruct {
  [name: string]: SqlValue
}

export const isSqlStruct = (value: SqlValue): value is SqlStruct =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date) && !(value instanceof Uint8Array)

/** A Parquet object with rows of a result. */
export interface SqlObject extends StoredObject {
  rows: number
}

export interface SqlOptions {
  parameters?: readonly SqlValue[]
  signal?: AbortSignal
}

/** A table that strangers may ask: the rows of Parquet objects but those that are deleted. */
export interface SqlTable {
  /** Equal for equal files and deletions: what was opened once need not be opened again. */
  address: string
  /** What statements call it, each the same. */
  names: readonly string[]
  /** Columns of the objects that it has not. */
  without: readonly string[]
  /** In their order; `index`: what `object_index` says of it, `deleted`: words of a DeletedRows. Asked for when it is not open. */
  files(): Promise<{ key: string; index: number; deleted: Uint32Array }[]>
}

export interface SelectOptions {
  parameters?: readonly SqlValue[]
  /** Rows and bytes of the result, at most. @throws OrreryError `too_large` beyond them, unless `cut` */
  rowsMax: number
  bytesMax: number
  /** A result that is too large is cut, and says so. */
  cut: boolean
  timeoutMs: number
  signal?: AbortSignal | undefined
}

export interface SqlSelection {
  /** In the order of the statement; types as DuckDB spells them. */
  columns: { name: string; type: string }[]
  rows: SqlRow[]
  isCut: boolean
}

/**
 * One script over Parquet objects: the global shuffles (duplicate clusters, statistics).
 *
 * Contract: the script is one SELECT in the dialect DuckDB and Spark share; it sees each input as a view and nothing else:
 * no file, no network, no settings, no clock, no chance. The same input gives the same rows in the same order when the script orders them.
 * Every column has a name of its own and a type of `SqlValue` that is no struct; parameters are `?` or `$1` …
 */
export interface Sql {
  /**
   * @param inputs view name → object keys of Parquet files with one schema (at least one key each)
   * @throws OrreryError `invalid_argument` (bad script, name or parameter), `not_found` (no such object), `data_unreadable` (an object is no Parquet),
   * `too_large` (more than `maxRows`, default 1,000,000); the signal's reason when it is aborted
   */
  run(script: string, inputs: Record<string, readonly string[]>, options?: SqlOptions & { maxRows?: number }): Promise<SqlRow[]>
  /**
   * Writes the rows to Parquet objects, however many they are: nothing needs to hold them all. They stand in the order of the script, over the objects in
   * their order; an engine may make one or several, none for no rows. An object that is there already is left as it is.
   * @param prefix of their keys, which are named by content: `{prefix}{sha256}.parquet`
   * @throws OrreryError as `run` does, but for `too_large`
   */
  write(script: string, inputs: Record<string, readonly string[]>, prefix: string, options?: SqlOptions): Promise<SqlObject[]>
  /**
   * One SELECT of a stranger over a table, under bounds: what it takes of time, memory and the result costs itself. Beside the columns of its objects the table has where each row
   * stands: `object_index` (INTEGER, which of its files), `object_key`, `object_row`. The clock and chance are his; dates, and times that a Date cannot say, come as text,
   * so that every type of the engine has an answer.
   * @throws OrreryError `invalid_argument` (no SELECT over the table, bad SQL), `too_large` (result, memory), `timed_out`; the signal's reason
   */
  select(statement: string, table: SqlTable, options: SelectOptions): Promise<SqlSelection>
}

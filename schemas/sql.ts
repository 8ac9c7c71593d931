/** A cell as SQL gives it: BIGINT and wider as bigint, DECIMAL as number, timestamps (UTC) and dates as Date, BLOB as bytes, LIST as arrays. */
export type SqlValue = null | boolean | number | bigint | string | Date | Uint8Array | SqlValue[]
export type SqlRow = Record<string, SqlValue>

/**
 * One script over Parquet objects: the global shuffles (duplicate clusters, statistics).
 *
 * Contract: the script is one SELECT in the dialect DuckDB and Spark share; it sees each input as a view and nothing else:
 * no file, no network, no settings, no clock, no chance. The same input gives the same rows in the same order when the script orders them.
 * Every column has a name of its own and a type of `SqlValue`; parameters are `?` or `$1` …
 */
export interface Sql {
  /**
   * @param inputs view name → object keys of Parquet files with one schema (at least one key each)
   * @throws OrreryError `invalid_argument` (bad script, name or parameter), `not_found` (no such object), `data_unreadable` (an object is no Parquet),
   * `too_large` (more than `maxRows`, default 1,000,000); the signal's reason when it is aborted
   */
  run(
    script: string,
    inputs: Record<string, readonly string[]>,
    options?: { parameters?: readonly SqlValue[]; maxRows?: number; signal?: AbortSignal },
  ): Promise<SqlRow[]>
}

/** A cell as SQL gives it: BIGINT as bigint, timestamps as Date, BLOB as bytes, LIST as arrays. */
export type SqlValue = null | boolean | number | bigint | string | Date | Uint8Array | SqlValue[]
export type SqlRow = Record<string, SqlValue>

/**
 * One script over Parquet objects: the global shuffles (duplicate clusters, statistics).
 *
 * Contract: the script is one SELECT in the dialect DuckDB and Spark share; it sees each input as a view and nothing else:
 * no file, no network, no settings. The same input gives the same rows in the same order when the script orders them.
 */
export interface Sql {
  /**
   * @param inputs view name → object keys of Parquet files with one schema (at least one key each)
   * @throws OrreryError `invalid_argument` (bad script, name or parameter), `not_found` (no such object), `too_large` (more than `maxRows`, default 1,000,000)
   */
  run(
    script: string,
    inputs: Record<string, readonly string[]>,
    options?: { parameters?: readonly SqlValue[]; maxRows?: number; signal?: AbortSignal },
  ): Promise<SqlRow[]>
}

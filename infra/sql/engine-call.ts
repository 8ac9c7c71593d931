import type { SqlValue } from '#schemas/sql.ts'
import type { Failure } from '../sqlite/port-call.ts'

/** What is asked of the process of an engine. Paths are absolute. */
export type EngineTask = RunTask | CopyTask | SelectTask | OpenTask

interface Script {
  script: string
  parameters: readonly SqlValue[]
}

/** A script over files, in a database of its own. */
export interface RunTask extends Script {
  kind: 'run'
  views: [name: string, paths: string[]][]
  root: string
  rowsMax: number
  /** A folder for what does not fit into memory. */
  spill: string
}

/** The same, its rows written to a file. Its answer is how many. */
export interface CopyTask extends Omit<RunTask, 'kind' | 'rowsMax'> {
  kind: 'copy'
  target: string
}

/** A database over the files of a table without the rows that are deleted; it stays open for statements until others were asked more lately. */
export interface OpenTask {
  kind: 'open'
  address: string
  names: readonly string[]
  /** Columns that it has not. */
  without: readonly string[]
  files: { key: string; index: number; path: string; deleted: Uint32Array }[]
  /** For what does not fit into memory. */
  spill: string
}

/** A statement of a stranger over a table that is open. Its answer is `closed` when it is not. */
export interface SelectTask extends Script {
  kind: 'select'
  address: string
  rowsMax: number
  bytesMax: number
  cut: boolean
}

export type EngineRequest = { id: number; task: EngineTask } | { cancel: number }

export interface EngineAnswer {
  id: number
  value?: unknown
  failure?: Failure
}

/** The table of a `select` is not open (any more). */
export const closed = 'closed'

/** What a process of an engine may take, bytes: of DuckDB, and of all of it before it is ended. */
export interface EngineLimits {
  memoryBytes: number
  processBytes: number
  spillBytes: number
  threads: number
}

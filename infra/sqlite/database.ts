import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { OrreryError } from '#schemas/errors.ts'
import { checkIdentity, inspectDatabase, unreadable } from './header.ts'
import type { FileSchema } from './schema.ts'

export { inspectDatabase } from './header.ts'
export type { FileSchema } from './schema.ts'

/** A SQLite file shared by processes. Calls are synchronous and short; each failure is an OrreryError that names the file. */
export interface Database extends Disposable {
  all<Row>(sql: string, ...values: SQLInputValue[]): Row[]
  /** The first row. */
  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined
  /** Runs any number of statements without values. */
  script(sql: string): void
  /** Returns how many rows changed. */
  run(sql: string, ...values: SQLInputValue[]): number
  /** All of `work` or nothing, alone among writers (BEGIN IMMEDIATE), durable when it returns. Inside another transaction it joins it. */
  transaction<T>(work: () => T): T
  /** All that `work` reads is of one moment, whatever others write meanwhile. Inside another transaction it joins it. */
  snapshot<T>(work: () => T): T
}

/** What a write-ahead log keeps of the room it once needed. Each thousand pages (4 MB) it is brought into the file, as SQLite does by itself. */
const logBytesKept = 16 << 20
/** How long a call waits for another process that writes. */
const busyTimeoutMs = 20_000

/** The path of a database that is kept in memory alone, and ends with whoever opened it. */
export const inMemory = ':memory:'

/**
 * Opens or creates the file and its folder, brings it to the schema's version; durable at each commit (WAL, synchronous=FULL).
 * @throws OrreryError `newer_version`, `data_unreadable`, `store_unavailable` (locked, disk full)
 */
export function openDatabase(path: string, schema: FileSchema): Database {
  inspectDatabase(path, schema)
  const raw = connect(path)
  try {
    const db = wrap(path, raw)
    if (path !== inMemory) switchToWal(db, path)
    migrate(db, path, schema)
    return db
  } catch (cause) {
    raw.close()
    throw cause
  }
}

function connect(path: string): DatabaseSync {
  try {
    mkdirSync(dirname(path), { recursive: true })
    return new DatabaseSync(path, { timeout: busyTimeoutMs })
  } catch (cause) {
    throw unreadable(path, `it cannot be opened (${cause instanceof Error ? cause.message : String(cause)})`, cause)
  }
}

function wrap(path: string, raw: DatabaseSync): Database {
  const statements = new Map<string, StatementSync>()
  const prepared = (sql: string): StatementSync => {
    let statement = statements.get(sql)
    if (!statement) statements.set(sql, (statement = raw.prepare(sql)))
    return statement
  }
  const attempt = <T>(work: () => T): T => {
    try {
      return work()
    } catch (cause) {
      throw explain(path, cause)
    }
  }
  const within = <T>(begin: string, work: () => T): T => {
    if (raw.isOpen && raw.isTransaction) return work()
    attempt(() => raw.exec(begin))
    try {
      const result = work()
      attempt(() => raw.exec('commit'))
      return result
    } catch (cause) {
      if (raw.isTransaction) raw.exec('rollback')
      throw cause
    }
  }
  return {
    all: <Row>(sql: string, ...values: SQLInputValue[]) => attempt(() => prepared(sql).all(...values) as Row[]),
    get: <Row>(sql: string, ...values: SQLInputValue[]) => attempt(() => prepared(sql).get(...values) as Row | undefined),
    script: (sql) => attempt(() => raw.exec(sql)),
    run: (sql, ...values) => attempt(() => Number(prepared(sql).run(...values).changes)),
    transaction: (work) => within('begin immediate', work),
    snapshot: (work) => within('begin', work),
    [Symbol.dispose]: () => {
      if (raw.isOpen) raw.close()
    },
  }
}

/** The busy timeout does not cover this switch, so two processes that create the file at once must try again. */
function switchToWal(db: Database, path: string): void {
  const pauseMs = 20
  const turn = new Int32Array(new SharedArrayBuffer(4))
  for (let triesLeft = busyTimeoutMs / pauseMs; ; triesLeft--) {
    try {
      const mode = db.get<{ journal_mode: string }>('pragma journal_mode = wal')?.journal_mode
      if (mode !== 'wal') throw unreadable(path, `its file system has no shared memory for a write-ahead log (journal mode ${mode})`)
      db.run('pragma synchronous = full')
      db.run(`pragma journal_size_limit = ${logBytesKept}`)
      return
    } catch (cause) {
      if (triesLeft <= 0 || !(cause instanceof OrreryError) || cause.code !== 'store_unavailable') throw cause
      Atomics.wait(turn, 0, 0, pauseMs)
    }
  }
}

function migrate(db: Database, path: string, schema: FileSchema): void {
  const identity = () => ({
    version: db.get<{ user_version: number }>('pragma user_version')?.user_version ?? 0,
    applicationId: db.get<{ application_id: number }>('pragma application_id')?.application_id ?? 0,
    isEmpty: db.get('select 1 from sqlite_schema') === undefined,
  })
  const isCurrent = (found: ReturnType<typeof identity>) => {
    if (!found.isEmpty) checkIdentity(path, found, schema)
    return found.version === schema.steps.length
  }
  if (isCurrent(identity())) return
  db.transaction(() => {
    const found = identity()
    if (isCurrent(found)) return
    for (const step of schema.steps.slice(found.version)) db.script(step)
    db.run(`pragma application_id = ${schema.applicationId}`)
    db.run(`pragma user_version = ${schema.steps.length}`)
  })
  // Into the main file, so that inspectDatabase, which reads only its header, sees the version at once.
  db.all('pragma wal_checkpoint(passive)')
}

/** https://www.sqlite.org/rescode.html, primary codes. */
const transient = new Map([
  [5, 'another process keeps it locked'],
  [6, 'it is locked'],
  [10, 'the disk does not answer'],
  [13, 'the disk is full'],
])
const permanent = new Map([
  [3, 'access is refused'],
  [8, 'it is read-only'],
  [11, 'it is damaged'],
  [14, 'it cannot be opened'],
  [26, 'it is not a SQLite database'],
])

function explain(path: string, cause: unknown): unknown {
  const { errcode, code, message } = cause as { errcode?: number; code?: string; message?: string }
  if (code === 'ERR_INVALID_STATE') return new OrreryError('invalid_argument', `The file ${path} was used after it was closed: ${message}.`, { path }, cause)
  const primary = (errcode ?? 0) & 0xff
  const passing = transient.get(primary)
  if (passing) return new OrreryError('store_unavailable', `The file ${path} cannot be used now: ${passing} (${message}); try again.`, { path }, cause)
  const lasting = permanent.get(primary)
  return lasting ? unreadable(path, `${lasting} (${message})`, cause) : cause
}

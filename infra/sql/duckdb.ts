import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DuckDBInstance, version, type DuckDBConnection, type DuckDBPreparedStatement } from '@duckdb/node-api'
import { systemClock } from '#infra/clock.ts'
import { sha256OfFile } from '#infra/store/durable-file.ts'
import { requireKey, reservedPrefix } from '#infra/store/object-key.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Sql, SqlObject, SqlOptions, SqlRow, SqlValue } from '#schemas/sql.ts'
import { checkScript, isViewName, refusal } from './script.ts'
import { spillFolders } from './spill-folder.ts'
import { fromDuckdb, toDuckdb } from './values.ts'

/** Version of the library, when it loads on this machine. */
export const duckdbVersion = version

const maxRowsDefault = 1_000_000

interface Query {
  script: string
  /** View name → paths. */
  views: ReadonlyMap<string, readonly string[]>
  parameters: readonly SqlValue[]
  signal: AbortSignal
  /** A folder for what does not fit into memory. */
  spill: string
}

/**
 * Sql by DuckDB in this process, over the Parquet objects of a folder store. Each run has a database of its own in memory that reads the named
 * objects and no other file, spills to `.tmp-sql` in the store, and is gone afterwards. Times are UTC.
 * @param store over the same folder: takes what is written
 */
export function duckdbSql(
  storeRoot: string,
  store: Pick<ObjectStore, 'put'>,
  { clock = systemClock() }: { clock?: Pick<Clock, 'now'> } = {},
): Sql & AsyncDisposable {
  const root = resolve(storeRoot)
  const spills = spillFolders(join(root, `${reservedPrefix}-sql`), () => clock.now())
  const closing = new AbortController()
  const running = new Set<Promise<unknown>>()
  async function inSpill<T>(work: (spill: string) => Promise<T>): Promise<T> {
    await using spill = await spills.open()
    return await work(spill.path)
  }
  async function query<T>(work: (query: Query) => Promise<T>, script: string, inputs: Inputs, { parameters = [], signal }: SqlOptions): Promise<T> {
    const combined = AbortSignal.any(signal ? [signal, closing.signal] : [closing.signal])
    combined.throwIfAborted()
    const views = await locate(root, inputs)
    const working = inSpill((spill) => work({ script, views, parameters, signal: combined, spill }))
    running.add(working)
    try {
      return await working
    } finally {
      running.delete(working)
    }
  }
  return {
    async run(script, inputs, { maxRows = maxRowsDefault, ...options } = {}) {
      if (!Number.isSafeInteger(maxRows) || maxRows < 1)
        throw new OrreryError('invalid_argument', `maxRows is ${maxRows}; pass an integer of at least 1.`, { maxRows })
      const read = (statement: DuckDBPreparedStatement, signal: AbortSignal) => readRows(statement, maxRows, signal)
      return query((asked) => runOnce(root, asked, read), script, inputs, options)
    },
    async write(script, inputs, prefix, options = {}) {
      requireKey(`${prefix}x`)
      return query((asked) => writeOnce(root, store, asked, prefix), script, inputs, options)
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new OrreryError('invalid_argument', 'The SQL engine was closed; open another to run a script.'))
      await Promise.allSettled(running)
    },
  }
}

type Inputs = Record<string, readonly string[]>

/** @throws OrreryError `invalid_argument`, `not_found` */
async function locate(root: string, inputs: Inputs): Promise<Map<string, string[]>> {
  const views = new Map<string, string[]>()
  const seen = new Set<string>()
  for (const [name, keys] of Object.entries(inputs)) {
    if (!isViewName(name) || seen.has(name.toLowerCase()))
      throw refusal(`"${name}" cannot be the name of an input: use letters, digits and "_", and each name once`)
    seen.add(name.toLowerCase())
    if (keys.length === 0) throw refusal(`the input "${name}" has no object; name at least one`)
    const paths = keys.map((key) => join(root, requireKey(key)))
    for (const [i, path] of paths.entries()) {
      const isFile = await stat(path).then(
        (found) => found.isFile(),
        () => false,
      )
      if (!isFile)
        throw new OrreryError('not_found', `There is no object "${keys[i]}" for the input "${name}"; list the store to see what there is.`, {
          key: keys[i],
          input: name,
        })
    }
    views.set(name, paths)
  }
  return views
}

/** Written aside, and put from there: its name follows from its bytes. */
async function writeOnce(root: string, store: Pick<ObjectStore, 'put'>, query: Query, prefix: string): Promise<SqlObject[]> {
  const path = join(query.spill, 'result.parquet')
  const rows = await runOnce(root, query, writeRows, path)
  if (rows === 0) return []
  const content = await contentOf(path)
  const key = `${prefix}${content.sha256}.parquet`
  await store.put(key, createReadStream(path, { signal: query.signal }), content)
  return [{ key, ...content, rows }]
}

async function contentOf(path: string): Promise<{ bytes: number; sha256: string }> {
  await using file = await open(path)
  return { bytes: (await file.stat()).size, sha256: await sha256OfFile(file) }
}

/** @param target the one file that may be written: then the statement copies what the script selects to it */
async function runOnce<T>(
  root: string,
  query: Query,
  work: (statement: DuckDBPreparedStatement, signal: AbortSignal) => Promise<T>,
  target?: string,
): Promise<T> {
  // One thread: with more, sums of floats and unordered aggregates would differ from run to run.
  const settings = { threads: '1', autoinstall_known_extensions: 'false', autoload_known_extensions: 'false', temp_directory: query.spill }
  const instance = await DuckDBInstance.create(':memory:', settings)
  let connection: DuckDBConnection | undefined
  // Again and again: an interrupt just before the query begins on its thread would be forgotten.
  let again: NodeJS.Timeout | undefined
  const interrupt = () => {
    connection?.interrupt()
    again ??= setInterval(interrupt, 20)
  }
  query.signal.addEventListener('abort', interrupt)
  try {
    connection = await instance.connect()
    await checkScript(connection, query.script, [...query.views.keys()])
    await lockDown(connection, root, query.views, target)
    await using selected = await prepared(connection, query.script, query)
    requireColumns(selected.statement)
    if (target === undefined) return await answered(work, selected.statement, query.signal)
    await using copied = await prepared(connection, copyScript(query.script, target), query)
    return await answered(work, copied.statement, query.signal)
  } catch (cause) {
    query.signal.throwIfAborted()
    throw cause
  } finally {
    query.signal.removeEventListener('abort', interrupt)
    clearInterval(again)
    connection?.closeSync()
    instance.closeSync()
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`
/** read_parquet takes patterns; a bracket keeps a special character literal. */
const asPattern = (path: string): string => path.replace(/[*?[]/g, '[$&]')

/** From here on the connection reads these files only, and no setting can be changed. */
async function lockDown(connection: DuckDBConnection, root: string, views: Query['views'], target: string | undefined): Promise<void> {
  // The pattern is checked before it is expanded, the path after: both must be allowed.
  const allowed = [...new Set([...views.values()].flat().flatMap((path) => [path, asPattern(path)])), ...(target === undefined ? [] : [target])]
  await connection.run(`set timezone = 'UTC'`)
  await connection.run(`set allowed_paths = [${allowed.map(quoted).join(', ')}]`)
  await connection.run('set enable_external_access = false')
  await connection.run('set lock_configuration = true')
  for (const [name, paths] of views) {
    const files = paths.map((path) => quoted(asPattern(path))).join(', ')
    // Keys such as data/hotkey=…/ would else be taken for columns.
    const rows = `read_parquet([${files}], hive_partitioning = false, filename = true, file_row_number = true)`
    const place = `substring(filename, ${root.length + 2}) as object_key, file_row_number as object_row`
    await connection.run(`create view "${name}" as select * exclude (filename, file_row_number), ${place} from ${rows}`).catch((cause: unknown) => {
      throw new OrreryError(
        'data_unreadable',
        `The input "${name}" is not Parquet of one schema: ${firstLine(cause)}. Check the objects it names.`,
        { input: name },
        cause,
      )
    })
  }
}

/** One SELECT, checked before: it may end in a comment, but in no semicolon. */
const copyScript = (script: string, target: string): string => `copy (${script.replace(/;\s*$/, '')}\n) to ${quoted(target)} (format parquet, compression zstd)`

async function prepared(
  connection: DuckDBConnection,
  script: string,
  { parameters }: Pick<Query, 'parameters'>,
): Promise<{ statement: DuckDBPreparedStatement } & AsyncDisposable> {
  const statement = await connection.prepare(script).catch((cause: unknown) => Promise.reject(refusal(firstLine(cause), cause)))
  try {
    bind(statement, parameters)
  } catch (cause) {
    statement.destroySync()
    throw cause
  }
  return { statement, [Symbol.asyncDispose]: async () => statement.destroySync() }
}

async function answered<T>(
  work: (statement: DuckDBPreparedStatement, signal: AbortSignal) => Promise<T>,
  statement: DuckDBPreparedStatement,
  signal: AbortSignal,
): Promise<T> {
  try {
    signal.throwIfAborted()
    return await work(statement, signal)
  } catch (cause) {
    signal.throwIfAborted()
    throw cause instanceof OrreryError ? cause : explain(cause)
  }
}

function bind(statement: DuckDBPreparedStatement, parameters: readonly SqlValue[]): void {
  if (statement.parameterCount !== parameters.length) throw refusal(`it has ${statement.parameterCount} parameters, ${parameters.length} were given`)
  for (const [i, parameter] of parameters.entries()) {
    const { value, type } = toDuckdb(parameter)
    statement.bindValue(i + 1, value, type)
  }
}

function requireColumns(statement: DuckDBPreparedStatement): void {
  const names = Array.from({ length: statement.columnCount }, (_, i) => statement.columnName(i))
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw refusal(`two columns are called "${twice}"; give each a name with AS`)
  for (const [i, name] of names.entries())
    if (/^(?:STRUCT|MAP|UNION|BIT)\b/.test(String(statement.columnType(i)))) throw refusal(`column "${name}" has a nested type; select its members`)
}

/** @returns how many */
async function writeRows(statement: DuckDBPreparedStatement): Promise<number> {
  const [[count] = []] = await (await statement.run()).getRows()
  return Number(count ?? 0)
}

async function readRows(statement: DuckDBPreparedStatement, maxRows: number, signal: AbortSignal): Promise<SqlRow[]> {
  const result = await statement.stream()
  const names = result.columnNames()
  const rows: SqlRow[] = []
  for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    signal.throwIfAborted()
    if (rows.length + chunk.rowCount > maxRows)
      throw new OrreryError('too_large', `The result has more than ${maxRows} rows; aggregate, add a LIMIT, or raise maxRows.`, { maxRows })
    for (const cells of chunk.getRows()) rows.push(Object.fromEntries(cells.map((cell, i) => [names[i], fromDuckdb(cell, names[i] ?? '')])))
  }
  return rows
}

const firstLine = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0] ?? ''

function explain(cause: unknown): OrreryError {
  const why = firstLine(cause)
  if (/^(IO|Out of Memory) Error/.test(why))
    return new OrreryError('store_unavailable', `The SQL script could not finish: ${why}. Free memory or disk, then try again.`, {}, cause)
  return refusal(why, cause)
}

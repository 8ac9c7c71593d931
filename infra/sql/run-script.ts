import { DuckDBInstance, type DuckDBConnection, type DuckDBPreparedStatement } from '@duckdb/node-api'
import { OrreryError } from '#schemas/errors.ts'
import type { SqlRow, SqlValue } from '#schemas/sql.ts'
import type { CopyTask, RunTask } from './engine-call.ts'
import { checkScript, firstLine, refusal, repeatable } from './script.ts'
import { withoutEnd } from './statement-end.ts'
import { fromDuckdb, toDuckdb } from './values.ts'

/** In the process of an engine: a script over files, in a database of its own that reads these and no other. */
export async function runScript(task: RunTask, signal: AbortSignal): Promise<SqlRow[]> {
  const rowsMax = task.rowsMax
  return inDatabase(task, { whole: (script) => firstRows(script, rowsMax + 1), signal, work: (statement) => readRows(statement, rowsMax) })
}

/** @returns how many rows */
export async function copyScript(task: CopyTask, signal: AbortSignal): Promise<number> {
  return inDatabase(task, { whole: (script) => copyTo(script, task.target), target: task.target, signal, work: writeRows })
}

interface Work<T> {
  /** A script with what becomes of its rows. */
  whole(script: string): string
  /** The one file that may be written. */
  target?: string
  signal: AbortSignal
  work(statement: DuckDBPreparedStatement): Promise<T>
}

async function inDatabase<T>({ script: given, views, parameters, root, spill }: RunTask | CopyTask, { whole, target, signal, work }: Work<T>): Promise<T> {
  const script = withoutEnd(given)
  // One thread: with more, sums of floats and unordered aggregates would differ from run to run.
  const settings = { threads: '1', autoinstall_known_extensions: 'false', autoload_known_extensions: 'false', temp_directory: spill }
  const instance = await DuckDBInstance.create(':memory:', settings)
  let connection: DuckDBConnection | undefined
  try {
    connection = await instance.connect()
    const names = views.map(([name]) => name)
    await checkScript(connection, script, names, repeatable)
    await lockDown(connection, root, views, target)
    return await interruptedBy(connection, signal, async (running) => {
      {
        await using selected = await prepared(running, script, parameters)
        requireColumns(selected.statement)
      }
      await using used = await prepared(running, whole(script), parameters)
      return await work(used.statement)
    })
  } finally {
    connection?.closeSync()
    instance.closeSync()
  }
}

/** Ends what runs on the connection at the signal, which it throws then; what fails is explained. */
export async function interruptedBy<T>(connection: DuckDBConnection, signal: AbortSignal, work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  // Again and again: an interrupt just before the query begins on its thread would be forgotten.
  let again: NodeJS.Timeout | undefined
  const interrupt = () => {
    connection.interrupt()
    again ??= setInterval(interrupt, 20)
  }
  signal.throwIfAborted()
  signal.addEventListener('abort', interrupt)
  try {
    return await work(connection)
  } catch (cause) {
    signal.throwIfAborted()
    throw cause instanceof OrreryError ? cause : explain(cause)
  } finally {
    signal.removeEventListener('abort', interrupt)
    clearInterval(again)
  }
}

export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`
/** read_parquet takes patterns; a bracket keeps a special character literal. */
export const asPattern = (path: string): string => path.replace(/[*?[]/g, '[$&]')

/** From here on the connection reads and writes these files only, and no setting can be changed. The pattern is checked before it is expanded, the path after: both must be allowed. */
export async function allowOnly(connection: DuckDBConnection, paths: readonly string[]): Promise<void> {
  const allowed = [...new Set(paths.flatMap((path) => [path, asPattern(path)]))]
  await connection.run(`set timezone = 'UTC'`)
  await connection.run(`set allowed_paths = [${allowed.map(quoted).join(', ')}]`)
  await connection.run('set enable_external_access = false')
  await connection.run('set lock_configuration = true')
}

async function lockDown(connection: DuckDBConnection, root: string, views: RunTask['views'], target: string | undefined): Promise<void> {
  await allowOnly(connection, [...views.flatMap(([, paths]) => paths), ...(target === undefined ? [] : [target])])
  for (const [name, paths] of views) {
    const files = paths.map((path) => quoted(asPattern(path))).join(', ')
    // Keys such as data/hotkey=…/ would else be taken for columns.
    const rows = `read_parquet([${files}], hive_partitioning = false, filename = true, file_row_number = true)`
    const place = `substring(filename, ${root.length + 2}) as object_key, file_row_number as object_row`
    await connection
      .run(`create view "${name}" as select * exclude (filename, file_row_number), ${place} from ${rows}`)
      .catch((cause: unknown) => Promise.reject(notParquet(name, cause)))
  }
}

export const notParquet = (name: string, cause: unknown): OrreryError =>
  new OrreryError(
    'data_unreadable',
    `The input "${name}" is not Parquet of one schema: ${firstLine(cause)}. Check the objects it names.`,
    { input: name },
    cause,
  )

/** One SELECT, checked before: it may end in a comment, but in no semicolon (statement-end.ts). */
const operand = (script: string): string => `(${script}\n)`

const copyTo = (script: string, target: string): string => `copy ${operand(script)} to ${quoted(target)} (format parquet, compression zstd)`

/** So that no more are made than are looked at. Rows are not streamed: a stream that fails on its way ends like one that is done (node-api tells no error of it). */
export const firstRows = (script: string, rows: number): string => `select * from ${operand(script)} limit ${rows}`

export async function prepared(
  connection: DuckDBConnection,
  script: string,
  parameters: readonly SqlValue[],
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

function bind(statement: DuckDBPreparedStatement, parameters: readonly SqlValue[]): void {
  if (statement.parameterCount !== parameters.length) throw refusal(`it has ${statement.parameterCount} parameters, ${parameters.length} were given`)
  for (const [i, parameter] of parameters.entries()) {
    const { value, type } = toDuckdb(parameter)
    statement.bindValue(i + 1, value, type)
  }
}

function requireColumns(statement: DuckDBPreparedStatement): void {
  const names = Array.from({ length: statement.columnCount }, (_, i) => statement.columnName(i))
  requireNames(names)
  for (const [i, name] of names.entries()) requireFlat(name, typeOf(statement, i))
}

/** Of a parameter that nothing is known of there is none before it runs. */
function typeOf(statement: DuckDBPreparedStatement, column: number): string {
  try {
    return String(statement.columnType(column))
  } catch {
    return ''
  }
}

export function requireNames(names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw refusal(`two columns are called "${twice}"; give each a name with AS`)
}

function requireFlat(name: string, type: string): void {
  if (/^(?:STRUCT|MAP|UNION|BIT|VARIANT)\b/.test(type)) throw refusal(`column "${name}" has a nested type; select its members`)
}

async function writeRows(statement: DuckDBPreparedStatement): Promise<number> {
  const [[count] = []] = await (await statement.run()).getRows()
  return Number(count ?? 0)
}

async function readRows(statement: DuckDBPreparedStatement, rowsMax: number): Promise<SqlRow[]> {
  const result = await statement.run()
  const names = result.columnNames()
  const rows: SqlRow[] = []
  for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    if (rows.length + chunk.rowCount > rowsMax)
      throw new OrreryError('too_large', `The result has more than ${rowsMax} rows; aggregate, add a LIMIT, or raise maxRows.`, { maxRows: rowsMax })
    for (const cells of chunk.getRows()) rows.push(Object.fromEntries(cells.map((cell, i) => [names[i], fromDuckdb(cell, names[i] ?? '')])))
  }
  return rows
}

function explain(cause: unknown): OrreryError {
  const why = firstLine(cause)
  if (/^(IO|Out of Memory) Error/.test(why))
    return new OrreryError('store_unavailable', `The SQL script could not finish: ${why}. Free memory or disk, then try again.`, {}, cause)
  return refusal(why, cause)
}

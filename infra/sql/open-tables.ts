import { mkdir, rm } from 'node:fs/promises'
import { DuckDBInstance, type DuckDBConnection, type DuckDBPreparedStatement } from '@duckdb/node-api'
import { DeletedRows } from '#schemas/deletion-vector.ts'
import { OrreryError } from '#schemas/errors.ts'
import { isSqlStruct, type SqlRow, type SqlSelection, type SqlValue } from '#schemas/sql.ts'
import { closed, type EngineLimits, type OpenTask, type SelectTask } from './engine-call.ts'
import { allowOnly, asPattern, firstRows, interruptedBy, notParquet, prepared, quoted, requireNames } from './run-script.ts'
import { checkScript, refusal, strangers } from './script.ts'
import { withoutEnd } from './statement-end.ts'
import { toldOfDuckdb } from './values.ts'

/** Databases that stay open, each over the files of one table: those that were asked last. */
const openMax = 3

interface OpenTable {
  names: readonly string[]
  instance: DuckDBInstance
  spill: string
  running: number
  isClosing: boolean
}

/** In the process of an engine: the tables that statements of strangers are asked of. */
export class OpenTables {
  readonly #limits: EngineLimits
  readonly #tables = new Map<string, Promise<OpenTable>>()

  constructor(limits: EngineLimits) {
    this.#limits = limits
  }

  async open(task: OpenTask): Promise<void> {
    const opening = this.#tables.get(task.address) ?? openTable(task, this.#limits)
    this.#tables.delete(task.address)
    this.#tables.set(task.address, opening)
    await opening.catch((cause: unknown) => {
      this.#tables.delete(task.address)
      throw cause
    })
    for (const [address, table] of [...this.#tables].slice(0, -openMax)) {
      this.#tables.delete(address)
      await closeTable(await table)
    }
  }

  async select(task: SelectTask, signal: AbortSignal): Promise<SqlSelection | typeof closed> {
    const table = await this.#tables.get(task.address)
    if (!table || table.isClosing) return closed
    table.running++
    try {
      return await selectFrom(table, task, signal)
    } finally {
      table.running--
      if (table.isClosing) await closeTable(table)
    }
  }
}

/** What still runs in it goes on to its end. */
async function closeTable(table: OpenTable): Promise<void> {
  table.isClosing = true
  if (table.running > 0) return
  table.instance.closeSync()
  await rm(table.spill, { recursive: true, force: true })
}

async function openTable({ names, without, files, spill }: OpenTask, { memoryBytes, spillBytes, threads }: EngineLimits): Promise<OpenTable> {
  await mkdir(spill, { recursive: true })
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(threads),
    memory_limit: `${memoryBytes}B`,
    temp_directory: spill,
    max_temp_directory_size: `${spillBytes}B`,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  try {
    const connection = await instance.connect()
    await allowOnly(
      connection,
      files.map(({ path }) => path),
    )
    const [name = 'documents', ...others] = names
    await createRows(connection, { name, without, files })
    for (const other of others) await connection.run(`create view "${other}" as select * from "${name}"`)
    connection.closeSync()
    return { names, instance, spill, running: 0, isClosing: false }
  } catch (cause) {
    instance.closeSync()
    throw cause
  }
}

const deletedTable = 'orrery_gone'
const keysTable = 'orrery_files'

/** The rows of the files that are not deleted, and where each stands. */
async function createRows(connection: DuckDBConnection, { name, without, files }: Pick<OpenTask, 'without' | 'files'> & { name: string }): Promise<void> {
  await connection.run(
    `create table ${keysTable} as select [${files.map(({ key }) => quoted(key)).join(', ')}]::varchar[] as keys, [${files.map(({ index }) => index).join(', ')}]::integer[] as indexes`,
  )
  await connection.run(`create table ${deletedTable} (file_index ubigint, file_row_number bigint)`)
  const appender = await connection.createAppender(deletedTable)
  let deletedRows = 0
  for (const [index, { deleted }] of files.entries()) {
    for (const row of DeletedRows.ofWords(deleted)) {
      appender.appendUBigInt(BigInt(index))
      appender.appendBigInt(BigInt(row))
      appender.endRow()
      deletedRows++
    }
  }
  appender.closeSync()
  const paths = files.map(({ path }) => quoted(asPattern(path))).join(', ')
  const source = `read_parquet([${paths}], hive_partitioning = false, file_row_number = true)`
  // A virtual column must be asked for by its name.
  const rows = `(select *, file_index from ${source})${deletedRows > 0 ? ` anti join ${deletedTable} using (file_index, file_row_number)` : ''}`
  const of = (list: string, name: string): string => `(select ${list} from ${keysTable})[(file_index + 1)::bigint] as ${name}`
  const place = `${of('indexes', 'object_index')}, ${of('keys', 'object_key')}, file_row_number as object_row`
  const hidden = ['file_row_number', 'file_index', ...without].join(', ')
  await connection
    .run(`create view "${name}" as select * exclude (${hidden}), ${place} from ${rows}`)
    .catch((cause: unknown) => Promise.reject(notParquet(name, cause)))
}

async function selectFrom({ instance, names }: OpenTable, task: SelectTask, signal: AbortSignal): Promise<SqlSelection> {
  const connection = await instance.connect()
  try {
    return await interruptedBy(connection, signal, async () => {
      const script = withoutEnd(task.script)
      await checkScript(connection, script, names, strangers)
      await using selected = await prepared(connection, firstRows(script, task.rowsMax + 1), task.parameters)
      return await readSelection(selected.statement, task)
    })
  } catch (cause) {
    if (isMemory(cause))
      throw new OrreryError('too_large', 'The statement needs more memory than there is for it; aggregate, select fewer columns, or add a LIMIT.', {}, cause)
    throw isDamage(cause) ? damagedTable(cause) : cause
  } finally {
    connection.closeSync()
  }
}

const isMemory = (cause: unknown): boolean => cause instanceof OrreryError && cause.code === 'store_unavailable' && cause.message.includes('Out of Memory')

/** What DuckDB says of a file that is gone, or whose pages are not what was written: it names the path, which is no stranger's business, or nothing. Who has his own error say so gets this one. */
const isDamage = (cause: unknown): boolean =>
  cause instanceof OrreryError &&
  /^The SQL script (?:was refused: Invalid Error:|.*(?:\b(?:open|read) file "|\bParquet file "|No such file))/.test(cause.message)

const damagedTable = (cause: unknown): OrreryError =>
  new OrreryError(
    'data_unreadable',
    'A file of the dataset cannot be read: it is damaged, or gone. Ask for other columns or rows, or again later.',
    { is_table: true },
    cause,
  )

async function readSelection(statement: DuckDBPreparedStatement, { rowsMax, bytesMax, cut }: SelectTask): Promise<SqlSelection> {
  const result = await statement.run()
  const names = result.columnNames()
  requireNames(names)
  const columns = result.columnTypes().map((type, i) => ({ name: names[i] ?? '', type: String(type) }))
  // Of members without a name one would be left.
  const unnamed = columns.find(({ type }) => type.includes('STRUCT("" '))
  if (unnamed) throw refusal(`the members of column "${unnamed.name}" have no names; write {'a': …}, or struct_pack(a := …)`)
  const rows: SqlRow[] = []
  let bytes = 0
  for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    for (const cells of chunk.getRows()) {
      const values = cells.map((cell) => toldOfDuckdb(cell))
      bytes += values.reduce<number>((sum, value) => sum + bytesOf(value), 0)
      if (rows.length < rowsMax && bytes <= bytesMax) rows.push(Object.fromEntries(values.map((value, i) => [names[i], value])))
      else if (cut) return { columns, rows, isCut: true }
      else
        throw new OrreryError('too_large', `The result has more than ${rowsMax} rows or ${bytesMax} bytes; aggregate, select fewer columns, or add a LIMIT.`, {
          rows_max: rowsMax,
          bytes_max: bytesMax,
        })
    }
  }
  return { columns, rows, isCut: false }
}

const numberBytes = 8
/** About what it takes as text. */
function bytesOf(value: SqlValue): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (value instanceof Uint8Array) return value.length
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + bytesOf(item), numberBytes)
  if (!isSqlStruct(value)) return numberBytes
  return Object.entries(value).reduce((sum, [name, item]) => sum + name.length + bytesOf(item), numberBytes)
}

import type { ListedFile } from '#schemas/data-file.ts'
import { OrreryError } from '#schemas/errors.ts'
import { pageUrl } from '#schemas/identity/canonical-url.ts'
import { documentColumns } from '#schemas/parquet/columns.ts'
import type { Sql, SqlRow, SqlValue } from '#schemas/sql.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import type { LiveFiles } from './live-files.ts'
import { DocumentFields, type DocumentsQuery } from './wire.ts'

export interface SearchParts {
  sql: Sql
  files: LiveFiles
  telemetry: Telemetry
}

type Filters = Pick<DocumentsQuery, 'label' | 'host' | 'lang' | 'uri' | 'from' | 'to' | 'q'> & { after?: string | undefined }

/** Each filter's condition; values only ever travel as bound parameters. */
const conditions: Record<keyof Filters, string> = {
  label: 'LOWER(label) = LOWER(?)',
  host: 'host = ?',
  lang: 'lang = ?',
  uri: 'uri = ?',
  from: 'datetime >= ?',
  to: 'datetime < ?',
  q: 'CONTAINS(LOWER(text), LOWER(?))',
  after: 'id > ?',
}

const shown = documentColumns.filter(({ name }) => name in DocumentFields.shape)
const columns = shown.map(({ name }) => name).join(', ')
const excerptChars = 280
const searchMsMax = 30_000
/** Rows of one look; a look that finds too many deleted ones is followed by larger ones. */
const lookRows = { factor: 2, max: 2_000 }

/** Documents of one version that pass all filters, by id. */
export async function searchDocuments(
  parts: SearchParts,
  entry: DatasetEntry,
  filters: Filters & { limit: number },
  signal?: AbortSignal,
): Promise<(DocumentFields & { excerpt: string })[]> {
  const names = (Object.keys(conditions) as (keyof Filters)[]).filter((name) => filters[name] !== undefined)
  const wanted = {
    columns: `${columns}, SUBSTRING(text, 1, ${excerptChars}) AS excerpt`,
    conditions: names.map((name) => conditions[name]),
    parameters: names.map((name) => parameterOf(name, filters[name] ?? '')),
    limit: filters.limit,
  }
  const rows = await select(parts, entry, wanted, signal)
  return rows.map((row) => ({ ...fieldsOf(row), excerpt: String(row['excerpt']) }))
}

type WithTexts = DocumentFields & { text: string; markdown: string | null }

/** @returns with the file that it stands in */
export async function findDocument(
  parts: SearchParts,
  entry: DatasetEntry,
  id: string,
  signal?: AbortSignal,
): Promise<{ document: WithTexts; file: ListedFile } | undefined> {
  const wanted = { columns: `${columns}, text, markdown`, conditions: ['id = ?'], parameters: [id], limit: 1 }
  const [row] = await select(parts, entry, wanted, signal)
  const file = row && (await parts.files.of(entry)).get(String(row['object_key']))
  if (!file) return undefined
  return { file, document: { ...fieldsOf(row), text: String(row['text']), markdown: row['markdown'] === null ? null : String(row['markdown']) } }
}

function parameterOf(name: keyof Filters, value: string): SqlValue {
  if (name === 'from' || name === 'to') return new Date(value)
  return name === 'uri' ? (pageUrl(value) ?? value) : value
}

interface Wanted {
  columns: string
  conditions: readonly string[]
  parameters: readonly SqlValue[]
  limit: number
}

/** The first rows by id that are in the version: it knows which of those that fit are deleted, the files do not. */
async function select(parts: SearchParts, entry: DatasetEntry, { columns, conditions, parameters, limit }: Wanted, signal?: AbortSignal): Promise<SqlRow[]> {
  const files = await parts.files.of(entry)
  const found: SqlRow[] = []
  let last: SqlRow | undefined
  for (let size = limit * lookRows.factor; ; size = Math.min(size * lookRows.factor, Math.max(size, lookRows.max))) {
    const all = last ? [...conditions, beyond] : conditions
    const where = all.length === 0 ? '' : `WHERE ${all.join(' AND ')}`
    const script = `SELECT ${columns}, object_key, object_row FROM documents ${where} ORDER BY id, object_key, object_row LIMIT ?`
    const rows = await runReadable(parts, [...files.keys()], { script, parameters: [...parameters, ...(last ? placeOf(last) : []), size] }, signal)
    for (const row of rows) if (await parts.files.isLive(files.get(String(row['object_key'])), Number(row['object_row']))) found.push(row)
    if (found.length >= limit || rows.length < size) return found.slice(0, limit)
    last = rows.at(-1)
  }
}

/** Copies of one text have one id. */
const beyond = '(id > ? OR (id = ? AND (object_key > ? OR (object_key = ? AND object_row > ?))))'
const placeOf = ({ id = null, object_key: key = null, object_row: row = null }: SqlRow): SqlValue[] => [id, id, key, key, row]

interface Query {
  script: string
  parameters: SqlValue[]
}

/** More files than these are not left out: then it is not they that are wrong. */
const brokenMax = 16

/** A file that the engine cannot read, though it could be read when it was taken in, costs itself. */
async function runReadable({ sql, files: { broken }, telemetry }: SearchParts, files: string[], query: Query, signal?: AbortSignal): Promise<SqlRow[]> {
  const readable = files.filter((key) => broken.get(key) === undefined)
  try {
    return await run(sql, readable, query, signal)
  } catch (error) {
    if (!isOfData(error)) throw error
    const found = await brokenOf(readable, (some) => run(sql, some, query, signal))
    if (found.length === 0 || found.length > brokenMax) throw error
    for (const key of found) {
      broken.keep(key, true)
      telemetry.event('dataset.file_unreadable', { key })
    }
    return run(
      sql,
      readable.filter((key) => broken.get(key) === undefined),
      query,
      signal,
    )
  }
}

/** A script of ours is refused for what the files are. */
const isOfData = (error: unknown): boolean => error instanceof OrreryError && ['data_unreadable', 'invalid_argument', 'not_found'].includes(error.code)

/** By halves; at most one more than `brokenMax`. */
async function brokenOf(files: readonly string[], read: (some: string[]) => Promise<unknown>): Promise<string[]> {
  try {
    await read([...files])
    return []
  } catch (error) {
    if (!isOfData(error)) throw error
    if (files.length === 1) return [...files]
    const half = Math.ceil(files.length / 2)
    const found = await brokenOf(files.slice(0, half), read)
    return found.length > brokenMax ? found : [...found, ...(await brokenOf(files.slice(half), read))]
  }
}

async function run(sql: Sql, files: string[], { script, parameters }: Query, signal?: AbortSignal): Promise<SqlRow[]> {
  if (files.length === 0) return []
  const timeout = AbortSignal.timeout(searchMsMax)
  try {
    return await sql.run(script, { documents: files }, { parameters, signal: signal ? AbortSignal.any([signal, timeout]) : timeout })
  } catch (cause) {
    if (!timeout.aborted) throw cause
    throw new OrreryError('timed_out', `The search took more than ${searchMsMax / 1000} s; narrow it with label, host, from or to.`, {}, cause)
  }
}

function fieldsOf(row: SqlRow): DocumentFields {
  const { text: _, markdown: __, excerpt: ___, object_key: ____, object_row: _____, ...cells } = row
  const plain = Object.fromEntries(Object.entries(cells).map(([column, cell]) => [column, plainCell(cell)]))
  const parsed = shown.filter(({ kind }) => kind === 'json').map(({ name }) => [name, JSON.parse(String(row[name]))])
  // A miner's file may have its labels in capitals (data-universe.ts).
  return DocumentFields.parse({ ...plain, ...Object.fromEntries(parsed), label: String(row['label']).toLowerCase() })
}

function plainCell(cell: SqlValue): SqlValue {
  if (cell instanceof Date) return cell.toISOString()
  return typeof cell === 'bigint' ? Number(cell) : cell
}

import { OrreryError } from '#schemas/errors.ts'
import { pageUrl } from '#schemas/identity/canonical-url.ts'
import { documentColumns } from '#schemas/parquet/columns.ts'
import type { Sql, SqlRow, SqlValue } from '#schemas/sql.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import { DocumentFields, type DocumentsQuery } from './wire.ts'

type Filters = Pick<DocumentsQuery, 'label' | 'host' | 'lang' | 'uri' | 'from' | 'to' | 'q'> & { after?: string | undefined }

/** Each filter's condition; values only ever travel as bound parameters. */
const conditions: Record<keyof Filters, string> = {
  label: 'label = ?',
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

/** Documents of one version that pass all filters, by id. */
export async function searchDocuments(
  sql: Sql,
  entry: DatasetEntry,
  filters: Filters & { limit: number },
  signal?: AbortSignal,
): Promise<(DocumentFields & { excerpt: string })[]> {
  const names = (Object.keys(conditions) as (keyof Filters)[]).filter((name) => filters[name] !== undefined)
  const where = names.length === 0 ? '' : `WHERE ${names.map((name) => conditions[name]).join(' AND ')}`
  const script = `SELECT ${columns}, SUBSTRING(text, 1, ${excerptChars}) AS excerpt FROM documents ${where} ORDER BY id LIMIT ?`
  const rows = await run(sql, entry, script, [...names.map((name) => parameterOf(name, filters[name] ?? '')), filters.limit], signal)
  return rows.map((row) => ({ ...fieldsOf(row), excerpt: String(row['excerpt']) }))
}

type WithTexts = DocumentFields & { text: string; markdown: string | null }

export async function findDocument(sql: Sql, entry: DatasetEntry, id: string, signal?: AbortSignal): Promise<WithTexts | undefined> {
  const [row] = await run(sql, entry, `SELECT ${columns}, text, markdown FROM documents WHERE id = ?`, [id], signal)
  return row && { ...fieldsOf(row), text: String(row['text']), markdown: row['markdown'] === null ? null : String(row['markdown']) }
}

function parameterOf(name: keyof Filters, value: string): SqlValue {
  if (name === 'from' || name === 'to') return new Date(value)
  return name === 'uri' ? (pageUrl(value) ?? value) : value
}

async function run(sql: Sql, { manifest }: DatasetEntry, script: string, parameters: SqlValue[], signal?: AbortSignal): Promise<SqlRow[]> {
  if (manifest.files.length === 0) return []
  const timeout = AbortSignal.timeout(searchMsMax)
  try {
    const files = manifest.files.map(({ key }) => key)
    return await sql.run(script, { documents: files }, { parameters, signal: signal ? AbortSignal.any([signal, timeout]) : timeout })
  } catch (cause) {
    if (!timeout.aborted) throw cause
    throw new OrreryError('timed_out', `The search took more than ${searchMsMax / 1000} s; narrow it with label, host, from or to.`, {}, cause)
  }
}

function fieldsOf(row: SqlRow): DocumentFields {
  const { text: _, markdown: __, excerpt: ___, ...cells } = row
  const plain = Object.fromEntries(Object.entries(cells).map(([column, cell]) => [column, plainCell(cell)]))
  const parsed = shown.filter(({ kind }) => kind === 'json').map(({ name }) => [name, JSON.parse(String(row[name]))])
  return DocumentFields.parse({ ...plain, ...Object.fromEntries(parsed) })
}

function plainCell(cell: SqlValue): SqlValue {
  if (cell instanceof Date) return cell.toISOString()
  return typeof cell === 'bigint' ? Number(cell) : cell
}

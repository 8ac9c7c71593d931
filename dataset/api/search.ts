import { OrreryError } from '#schemas/errors.ts'
import { canonicalUrl } from '#schemas/identity/canonical-url.ts'
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

const columns =
  'id, uri, url, host, title, lang, lang_score, label, source, datetime, published_at, published_by, modified_at, fetched_at, http_status, etag, ' +
  'last_modified, content_type, html_sha256, text_bytes, quality, rights, job_id, hotkey, version'
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

export async function findDocument(sql: Sql, entry: DatasetEntry, id: string, signal?: AbortSignal): Promise<(DocumentFields & { text: string }) | undefined> {
  const [row] = await run(sql, entry, `SELECT ${columns}, text FROM documents WHERE id = ?`, [id], signal)
  return row && { ...fieldsOf(row), text: String(row['text']) }
}

function parameterOf(name: keyof Filters, value: string): SqlValue {
  if (name === 'from' || name === 'to') return new Date(value)
  return name === 'uri' ? (canonicalUrl(value) ?? value) : value
}

async function run(sql: Sql, { manifest }: DatasetEntry, script: string, parameters: SqlValue[], signal?: AbortSignal): Promise<SqlRow[]> {
  if (manifest.files.length === 0) return []
  const timeout = AbortSignal.timeout(searchMsMax)
  try {
    const files = manifest.files.map(({ key }) => key)
    return await sql.run(script, { documents: files }, { parameters, signal: signal ? AbortSignal.any([signal, timeout]) : timeout })
  } catch (cause) {
    if (!timeout.aborted) throw cause
    throw new OrreryError('too_large', `The search took more than ${searchMsMax / 1000} s; narrow it with label, host, from or to.`, {}, cause)
  }
}

function fieldsOf(row: SqlRow): DocumentFields {
  const { text: _, excerpt: __, ...cells } = row
  const plain = Object.fromEntries(Object.entries(cells).map(([column, cell]) => [column, plainCell(cell)]))
  return DocumentFields.parse({ ...plain, quality: JSON.parse(String(row['quality'])), rights: JSON.parse(String(row['rights'])) })
}

function plainCell(cell: SqlValue): SqlValue {
  if (cell instanceof Date) return cell.toISOString()
  return typeof cell === 'bigint' ? Number(cell) : cell
}

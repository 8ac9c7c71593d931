import type { DatasetQuery, Place, Question } from '#dataset/query/dataset-query.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import { OrreryError } from '#schemas/errors.ts'
import { fitRows, readBytesMax, rowItems, type RowItem } from './rows.ts'
import { conditionOf, orderOf } from './where.ts'

/** Of a page of rows. */
const pageBytesMax = 8 * 2 ** 20
const filterMsMax = 15_000
/** Results of a search are counted from the first. */
const searchOffsetMax = 10_000
const searchPageMax = 1000

export interface Slice {
  offset: number
  length: number
}

export interface FoundRows {
  rows: RowItem[]
  total: number
  partial: boolean
}

/** Rows by their place. */
export async function rowsAt(query: DatasetQuery, entry: DatasetEntry, { offset, length }: Slice, signal: AbortSignal): Promise<RowItem[]> {
  if (length === 0 || offset >= entry.manifest.documents) return []
  const documents = await query.rowsAt(entry, offset, length, { textBytesMax: readBytesMax, signal })
  return rowItems(
    documents,
    documents.map((_, n) => offset + n),
  )
}

export async function slice(query: DatasetQuery, entry: DatasetEntry, asked: Slice, signal: AbortSignal): Promise<FoundRows> {
  return { rows: fitRows(await rowsAt(query, entry, asked, signal), pageBytesMax), total: entry.manifest.documents, partial: false }
}

async function rowsOf(query: DatasetQuery, entry: DatasetEntry, places: readonly Place[], signal: AbortSignal): Promise<RowItem[]> {
  if (places.length === 0) return []
  const numbers = await query.rowNumbers(entry, places, signal)
  return fitRows(rowItems(await query.documentsAt(entry, places, { textBytesMax: readBytesMax, signal }), numbers), pageBytesMax)
}

/** Rows with these words, those that say most of them first. */
export async function searchRows(query: DatasetQuery, entry: DatasetEntry, { offset, length }: Slice, words: string, signal: AbortSignal): Promise<FoundRows> {
  if (offset > searchOffsetMax)
    throw new OrreryError('invalid_argument', `Parameter 'offset' of a search must not be greater than ${searchOffsetMax}; look for more words instead`)
  const question: Question = { filters: { q: words }, sort: 'relevance', limit: searchPageMax }
  let after: string | undefined
  for (let skipped = 0; ; skipped += searchPageMax) {
    const limit = Math.min(searchPageMax, Math.max(1, offset + length - skipped))
    const page = await query.page(entry, { ...question, limit, after }, signal)
    const places = page.documents.slice(Math.max(0, offset - skipped), offset + length - skipped)
    if (page.next === null || offset + length <= skipped + limit)
      return { rows: await rowsOf(query, entry, places, signal), total: page.total.documents, partial: page.partial !== null }
    after = page.next
  }
}

export interface Condition {
  where?: string | undefined
  orderby?: string | undefined
}

/** Rows that fit a stranger's condition, by their place unless another order is asked for. */
export async function filterRows(
  query: DatasetQuery,
  entry: DatasetEntry,
  { offset, length }: Slice,
  { where, orderby }: Condition,
  signal: AbortSignal,
): Promise<FoundRows> {
  const condition = where === undefined || where.trim() === '' ? 'true' : conditionOf(where)
  const order = orderby === undefined || orderby.trim() === '' ? [] : [orderOf(orderby)]
  const bounds = { rowsMax: length + 1, bytesMax: 2 ** 20, cut: false, timeoutMs: filterMsMax, signal }
  const { rows: counted } = await query.statement(entry, `SELECT count(*) AS total FROM documents WHERE ${condition}`, bounds).catch(refused)
  const total = Number(counted[0]?.['total'] ?? 0)
  if (length === 0 || offset >= total) return { rows: [], total, partial: false }
  const script = `SELECT object_key, object_row FROM documents WHERE ${condition} ORDER BY ${[...order, 'object_index', 'object_row'].join(', ')} LIMIT ? OFFSET ?`
  const { rows: found } = await query.statement(entry, script, { ...bounds, parameters: [length, offset] }).catch(refused)
  const places = found.map((row) => ({ file: String(row['object_key']), row: Number(row['object_row']) }))
  return { rows: await rowsOf(query, entry, places, signal), total, partial: false }
}

/** Whoever asks here wrote a condition, and no script. */
function refused(error: unknown): never {
  const why = error instanceof OrreryError && error.code === 'invalid_argument' ? error.details['why'] : undefined
  throw typeof why === 'string' ? new OrreryError('invalid_argument', `Parameter 'where' is refused: ${why}`, {}, error) : error
}

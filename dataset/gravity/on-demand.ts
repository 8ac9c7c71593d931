import type { Catalog } from '#schemas/catalog.ts'
import { sourceName } from '#schemas/data-universe.ts'
import { OrreryError } from '#schemas/errors.ts'
import { rowsWithTexts } from '#dataset/api/document-page.ts'
import { requireDataset } from '#dataset/api/lookup.ts'
import type { DatasetQuery, Filters, FoundDocument } from '#dataset/query/dataset-query.ts'

export interface OnDemandWish {
  source: string
  usernames: readonly string[]
  keywords: readonly string[]
  startDate?: number | undefined
  endDate?: number | undefined
  limit: number
  keywordMode: 'any' | 'all'
  url?: string | undefined
}

export interface OnDemandParts {
  catalog: Catalog
  query: DatasetQuery
  datasetName: string
}

/**
 * What there is by keywords, dates and address, newest first, with texts. Data Universe asks its miners there and then; here what they brought is asked.
 * @throws OrreryError `invalid_argument` for a source or a condition that nothing has here
 */
export async function onDemandData({ catalog, query, datasetName }: OnDemandParts, wish: OnDemandWish, signal: AbortSignal) {
  const source = requireSource(wish.source).toLowerCase()
  if (wish.usernames.length > 0) throw new OrreryError('invalid_argument', 'Nothing is found by usernames here; leave them out, and ask by keywords or url.')
  if (wish.startDate !== undefined && wish.endDate !== undefined && wish.startDate >= wish.endDate)
    throw new OrreryError('invalid_argument', 'startDate is not before endDate, so that nothing lies between.')
  const entry = await requireDataset(catalog, datasetName)
  const common: Filters = { source, from: wish.startDate, to: wish.endDate, uri: wish.url }
  const pages = await Promise.all(questionsOf(wish).map((q) => query.page(entry, { filters: { ...common, q }, sort: '-datetime', limit: wish.limit }, signal)))
  const found = newestFirst(pages.flatMap(({ documents }) => documents)).slice(0, wish.limit)
  const rows = await rowsWithTexts(query, entry, found, signal)
  return {
    status: 'success' as const,
    data: rows.map(({ uri, datetime, source: from, label, title, host, lang, author, text, text_bytes }) => ({
      uri,
      datetime: datetime.toISOString(),
      source: sourceName(from),
      label,
      title,
      host,
      lang,
      author,
      content: text,
      content_size_bytes: text_bytes,
    })),
    meta: {
      dataset: datasetName,
      version: entry.version,
      items_returned: rows.length,
      items_found: found.length,
      is_partial: pages.some(({ partial }) => partial !== null),
    },
  }
}

const sources = ['WEB', 'X', 'REDDIT'] as const

/** @throws OrreryError `invalid_argument` for what is no source of documents */
export function requireSource(given: string): (typeof sources)[number] {
  const source = sources.find((name) => name === given.toUpperCase())
  if (source) return source
  throw new OrreryError('invalid_argument', `There is no source "${given}" here, only ${sources.join(', ')}.`, { source: given })
}

/** One question for all keywords, or one for each. */
function questionsOf({ keywords, keywordMode }: OnDemandWish): (string | undefined)[] {
  const quoted = keywords.map((keyword) => `"${keyword.replaceAll('"', ' ')}"`)
  if (quoted.length === 0) return [undefined]
  return keywordMode === 'all' ? [quoted.join(' ')] : quoted
}

function newestFirst(found: readonly FoundDocument[]): FoundDocument[] {
  const byPlace = new Map(found.map((each) => [`${each.file} ${each.row}`, each]))
  return [...byPlace.values()].toSorted((a, b) => b.document.datetime.getTime() - a.document.datetime.getTime() || (a.document.id < b.document.id ? -1 : 1))
}

import type { Catalog } from '#schemas/catalog.ts'
import { sourceName } from '#schemas/data-universe.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Document } from '#schemas/document.ts'
import { OnDemandWish as OnDemandJobWish } from '#schemas/on-demand.ts'
import type { OnDemandRow } from '#schemas/on-demand-rows.ts'
import { rowsWithTexts } from '#dataset/api/document-page.ts'
import { requireDataset } from '#dataset/api/lookup.ts'
import type { DatasetQuery, Filters, FoundDocument } from '#dataset/query/dataset-query.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import type { Asked, AskMiners } from './ask-miners.ts'

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
  ask: AskMiners
}

/** Who asks, and whether miners may be asked in their name. */
export interface OnDemandCaller {
  name: string
  mayAsk: boolean
}

/**
 * What there is by keywords, dates and address, newest first, with texts: what miners brought, and where that has nothing, what they bring when they are asked there and
 * then, as Data Universe does. By usernames miners alone are asked, of Reddit and X.
 * @throws OrreryError `invalid_argument` for a source or a condition that nothing has here
 */
export async function onDemandData(parts: OnDemandParts, wish: OnDemandWish, caller: OnDemandCaller, signal: AbortSignal) {
  const source = requireSource(wish.source)
  if (source === 'WEB' && wish.usernames.length > 0)
    throw new OrreryError('invalid_argument', 'Nothing is found by usernames on the web; leave them out, and ask by keywords or url.')
  if (wish.startDate !== undefined && wish.endDate !== undefined && wish.startDate >= wish.endDate)
    throw new OrreryError('invalid_argument', 'startDate is not before endDate, so that nothing lies between.')
  const entry = await requireDataset(parts.catalog, parts.datasetName)
  const { rows, ...found } = await inCorpus(parts, entry, { ...wish, source }, signal)
  const asked = rows.length > 0 ? none : await fromMiners(parts.ask, { ...wish, source }, caller, signal)
  const { rows: brought, ...onDemand } = asked
  const data = rows.length > 0 ? rows : brought.map(rowBrought)
  return {
    status: 'success' as const,
    data,
    meta: {
      dataset: parts.datasetName,
      version: entry.version,
      items_returned: data.length,
      items_found: Math.max(found.items_found, data.length),
      is_partial: found.is_partial,
      on_demand: onDemand,
    },
  }
}

const none: Asked = { rows: [], job_id: null, submissions: 0, reason: null }
type Wish = OnDemandWish & { source: (typeof sources)[number] }

async function inCorpus({ query }: OnDemandParts, entry: DatasetEntry, wish: Wish, signal: AbortSignal) {
  // Of who wrote what nothing is kept to ask by.
  if (wish.usernames.length > 0) return { rows: [], items_found: 0, is_partial: false }
  const common: Filters = { source: wish.source.toLowerCase(), from: wish.startDate, to: wish.endDate, uri: wish.url }
  const pages = await Promise.all(questionsOf(wish).map((q) => query.page(entry, { filters: { ...common, q }, sort: '-datetime', limit: wish.limit }, signal)))
  const found = newestFirst(pages.flatMap(({ documents }) => documents)).slice(0, wish.limit)
  const rows = (await rowsWithTexts(query, entry, found, signal)).map(
    ({ uri, datetime, source: from, label, title, host, lang, author, text, text_bytes }) => ({
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
    }),
  )
  return { rows, items_found: found.length, is_partial: pages.some(({ partial }) => partial !== null) }
}

/** What can be asked of miners: something by which they find it, in the name of who may. */
async function fromMiners(ask: AskMiners, wish: Wish, { name, mayAsk }: OnDemandCaller, signal: AbortSignal): Promise<Asked> {
  const { source, usernames, keywords, url = null, startDate, endDate, limit, keywordMode } = wish
  const job = { platform: source.toLowerCase(), keywords, url, ...(source !== 'WEB' && { usernames }) }
  const asked = OnDemandJobWish.safeParse({ job, start_date: isoOf(startDate), end_date: isoOf(endDate), limit, keyword_mode: keywordMode })
  if (!asked.success) return { ...none, reason: `Miners were not asked: ${asked.error.issues[0]?.message ?? 'it is no job'}.` }
  if (!mayAsk) return { ...none, reason: 'Miners were not asked: that takes a key of scope tasks.' }
  return ask(asked.data, name, signal)
}

const isoOf = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString())

/** As miners said it: nobody has judged it yet. */
const rowBrought = ({ uri, datetime, source, label, content, content_size_bytes }: OnDemandRow) => ({
  uri,
  datetime: datetime.toISOString(),
  source: sourceName(source as Document['source']),
  label: label ?? '',
  title: '',
  host: URL.parse(uri)?.host ?? '',
  lang: '',
  author: null,
  content,
  content_size_bytes,
})

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

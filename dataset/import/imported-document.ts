import { sha256Hex } from '#schemas/canonical-json.ts'
import { cutLabel } from '#schemas/data-universe.ts'
import { Document } from '#schemas/document.ts'
import { columnTable } from '#schemas/document-columns.ts'
import { pageUrl } from '#schemas/identity/canonical-url.ts'
import { hostOf } from '#schemas/identity/url-parts.ts'
import type { ArchivedDocument, ForeignText, ImportReader } from '#schemas/import-reader.ts'
import { fitsBytes, startOf } from '#schemas/text-bytes.ts'
import { cellOf, type ForeignSchema } from './foreign-schema.ts'
import { foreignTime } from './foreign-time.ts'

/** What an import says of all its documents. */
export interface Importing {
  hotkey: string
  jobId: string
  /** Of those that have none of their own; `isForced`: of all. */
  label: { name: string; isForced: boolean }
  /** Of those that name none; as documents have it. */
  licence: string | undefined
  lang: string | undefined
  /** Whether the rules of quality refuse; undefined: as the schema has it. */
  isJudged: boolean | undefined
  /** When it was begun: what says no time is of then. */
  begunAt: Date
}

/** A text has one address, and no page is there: top-level domain of RFC 2606. */
const noHost = 'import.invalid'

/** @returns the document, or why there is none, as a stable code and the column that it is about */
export async function documentOfRow(
  cells: object,
  schema: ForeignSchema,
  importing: Importing,
  reader: Pick<ImportReader, 'readText'>,
  signal: AbortSignal,
): Promise<Document | { code: string; column?: string }> {
  const text = textOf(cells, schema)
  if (text === undefined) return { code: 'empty', column: schema.text.join(', ') }
  if (!fitsBytes(text, columnTable.text.bytesMax)) return { code: 'too_large', column: 'text' }
  const [asked, title] = [stringOf(cells, schema.url), stringOf(cells, schema.title)]
  const { url, uri } = addressOf(asked, text)
  const foreign: ForeignText = {
    text,
    url: uri,
    title: title ?? '',
    author: stringOf(cells, schema.author) ?? null,
    lang: stringOf(cells, schema.lang) ?? importing.lang,
    licence: stringOf(cells, schema.licence) ?? importing.licence,
    isJudged: importing.isJudged ?? schema.isJudged,
  }
  const read = await reader.readText(foreign, signal)
  if (typeof read === 'string') return { code: read, ...(read === 'blocked' && { column: 'url' }) }
  const { licence, ...own } = read
  const { begunAt } = importing
  const published = notAfter(begunAt, foreignTime(cellOf(cells, schema.published))) ?? null
  const fetched = notAfter(begunAt, foreignTime(cellOf(cells, schema.fetched))) ?? begunAt
  return checked({
    ...own,
    uri,
    url,
    host: hostOf(uri),
    page_type: schema.page_type,
    site_name: schema.site_name,
    markdown: null,
    label: labelOf(stringOf(cells, schema.label), importing),
    source: schema.source,
    datetime: published ?? fetched,
    published_at: published,
    published_by: published ? 'meta' : 'none',
    published_score: published ? 1 : 0,
    modified_at: null,
    fetched_at: fetched,
    http_status: 200,
    etag: null,
    last_modified: null,
    content_type: 'text/plain',
    html_sha256: sha256Hex(text.toWellFormed()),
    rights: { robots: 'not_asked', meta_robots: [], tdm_reservation: null, licence, licence_scope: licence === null ? null : 'page' },
    job_id: importing.jobId,
    hotkey: importing.hotkey,
    version: 1,
  })
}

/** A page of an archive. */
export const documentOfPage = (page: ArchivedDocument, { hotkey, jobId, label }: Importing): Document | { code: string; column?: string } =>
  checked({ ...page, label: label.name, job_id: jobId, hotkey, version: 1 })

/** What was not yet when it came is of no time. */
const notAfter = (now: Date, time: Date | undefined): Date | undefined => (time && time <= now ? time : undefined)

function checked(document: Document): Document | { code: string; column?: string } {
  const { success, data, error } = Document.safeParse(document)
  if (success) return data
  const column = String(error.issues[0]?.path[0])
  return { code: column === 'label' ? 'bad_label' : `${column}_invalid`, column }
}

/** A post of Reddit begins with its title. */
function textOf(cells: object, { name, text, title }: ForeignSchema): string | undefined {
  const body = stringOf(cells, text)
  const heading = name === 'reddit' ? stringOf(cells, title) : undefined
  return heading === undefined || body === undefined || heading === body ? body : `${heading}\n\n${body}`
}

/** Of what is no text nothing is made. Spaces alone are none. */
function stringOf(cells: object, names: readonly string[]): string | undefined {
  const value = cellOf(cells, names)
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}

/** As Data Universe has labels: in lower case, cut. */
function labelOf(own: string | undefined, { label }: Importing): string {
  if (own === undefined || label.isForced) return label.name
  return cutLabel(own.trim().toLowerCase()).replaceAll('\0', '')
}

/** What has no address on the web is known by its text. */
function addressOf(asked: string | undefined, text: string): { url: string; uri: string } {
  const url = asked?.trim() ?? ''
  const uri = fitsBytes(url, columnTable.url.bytesMax) && /^https?:/i.test(url) ? pageUrl(url) : undefined
  if (uri !== undefined && fitsBytes(uri, columnTable.uri.bytesMax)) return { url: startOf(url, columnTable.url.bytesMax), uri }
  const made = `http://${noHost}/${sha256Hex(text.toWellFormed()).slice(0, 32)}`
  return { url: made, uri: made }
}

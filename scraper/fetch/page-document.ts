import { sha256Hex } from '#schemas/canonical-json.ts'
import { dataSource } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import { contentId, normalizeText } from '#schemas/identity/content-id.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import { pageDates } from '../extract/dates.ts'
import { identifyLanguage } from '../extract/language.ts'
import { words } from '../extract/words.ts'
import { judge } from '../filter/filter.ts'
import { qualityFilters } from '../filter/filters.ts'
import { pageRights, rightsRefusal } from '../robots/rights.ts'
import type { ReadOutcome } from './fetch-target.ts'

/** A Document without what the miner adds: whose it is, for which job, and which version. */
export type PageDocument = Omit<Document, 'label' | 'job_id' | 'hotkey' | 'version'>

/** A page that was read: from the web, or (`permission` undefined) from an archive. */
export type Readable = Pick<ReadOutcome, 'fetched' | 'content' | 'policy'> & { permission: ReadOutcome['permission'] | undefined }

/**
 * What becomes of a page: a document, or the reason why not (a rights refusal, `too_deep`, `no_text`, a quality rule's code).
 * Pure: the same answer at the same `nowMs` gives the same document, whoever fetched it.
 * @param nowMs the time of the fetch, by the clock that stamps facts
 * @param obeyRights refuse what its owner does not want to be learnt from, too
 */
export function pageDocument({ fetched, content, permission, policy }: Readable, nowMs: number, obeyRights: boolean): PageDocument | string {
  if (!content) return 'no_text'
  const { page, robots } = content()
  const { headers, url } = fetched
  const rights = pageRights({ url, robotsTxt: permission?.state, policy, robots, licence: page.licence })
  const forbidden = rightsRefusal(rights, robots, { obey: obeyRights, nowMs })
  if (forbidden !== undefined) return forbidden
  if (page.cut !== undefined) return page.cut
  const text = normalizeText(page.text)
  if (text === '') return 'no_text'
  const { lang, score } = identifyLanguage(text, page.lang)
  const { quality, refusal } = judge({ text, words: words(text), lang }, qualityFilters)
  if (refusal !== undefined) return refusal
  const dates = pageDates(page.dates, headers['last-modified'], nowMs)
  const fetchedAt = new Date(nowMs)
  return {
    id: contentId(text),
    uri: url,
    url,
    host: new URL(url).host,
    page_type: 'article',
    title: page.title,
    author: null,
    site_name: null,
    text,
    markdown: null,
    lang,
    lang_score: score,
    languages: lang === 'und' ? {} : { [lang]: 1 },
    source: dataSource.WEB,
    datetime: dates.publishedAt ?? fetchedAt,
    published_at: dates.publishedAt,
    published_by: dates.publishedBy,
    published_score: dates.publishedAt === null ? 0 : 0.5,
    modified_at: dates.modifiedAt,
    fetched_at: fetchedAt,
    http_status: fetched.status,
    etag: headers['etag']?.slice(0, headerChars) ?? null,
    last_modified: headers['last-modified']?.slice(0, headerChars) ?? null,
    content_type: (headers['content-type'] ?? '').slice(0, headerChars),
    html_sha256: sha256Hex(fetched.body),
    text_bytes: Buffer.byteLength(text),
    minhash: minhash(text),
    quality,
    personal_data: {},
    rights,
  }
}

const headerChars = 500

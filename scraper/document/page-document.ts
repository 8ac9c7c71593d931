import { headerValue } from '#infra/net/header-lines.ts'
import { recentValues } from '#infra/recent-values.ts'
import { isDoubtful } from '../charset/charset-doubt.ts'
import { decodeText, type DecodedText } from '../charset/charset.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { dataSource } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import { columnTable, cutCell } from '#schemas/document-columns.ts'
import { pageUrl } from '#schemas/identity/canonical-url.ts'
import { contentId, normalizeText } from '#schemas/identity/content-id.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import { hostOf } from '#schemas/identity/url-parts.ts'
import { qualitySettings, type QualityChoice } from '#schemas/quality.ts'
import { fitsBytes, startOf } from '#schemas/text-bytes.ts'
import { extractPage, type ExtractedPage } from '../extract/extract-page.ts'
import type { TextFlaws } from '../extract/legible.ts'
import { openLanguages, type IdentifyLanguage } from '../extract/language/language.ts'
import type { RefusedScore } from '../filter/filter.ts'
import { openQuality, type Quality } from '../filter/quality.ts'
import { pageTimes } from '../freshness/page-times.ts'
import { readPageRobots } from '../robots/page-robots.ts'
import { isRightsRefusal, pageRights, rightsRefusal, type HostWord } from '../robots/rights.ts'
import type { HostRobots } from '../robots/robots.ts'
import type { Fetched } from '../source/source.ts'
import { needsRendering } from '../render/need.ts'

/** A Document without what the miner adds: whose it is, for which job, and which version. */
export type PageDocument = Omit<Document, 'label' | 'job_id' | 'hotkey' | 'version'>

/** All that a document is made of, as plain data: it goes to another thread. */
export interface PageTask {
  fetched: Fetched
  /** The HTML as a browser shows it; hash and headers stay those of the answer. */
  rendered: string | undefined
  /** undefined: robots.txt was not asked, since the page comes from an archive. */
  robotsTxt: HostRobots['state'] | undefined
  /** undefined: not asked. */
  host: HostWord | undefined
  /** The time of the fetch, by the clock that stamps facts. */
  nowMs: number
  /** Refuse what its owner does not want to be learnt from, too. */
  obeyRights: boolean
  /** Keep the content as Markdown beside the text. */
  keepsMarkdown: boolean
  /** What is asked of its text, where that is not the default. */
  quality?: QualityChoice | undefined
  /** How much of a text that its rules refuse is told, bytes; absent: nothing. What its owner does not want kept is never told. */
  refusedTextBytes?: number
}

/** A text that the quality rules refuse. */
export interface RefusedText {
  lang: string
  /** Each rule that refuses it, by its name. */
  scores: Record<string, RefusedScore>
  /** Its beginning; undefined: not asked for. */
  document?: { title: string; text: string }
}

/** What was made of a page. */
export interface PageReading {
  /** Or why there is none: a rights refusal, `too_deep`, `no_text`, `doubtful_charset`, a quality rule's code. */
  document: PageDocument | string
  /** Identity of its text (contentId), whether it became a document or not. */
  textId: string
  /** Of a text that became no document: its identity with all numbers taken for one. A calendar says the same of each day. */
  textPatternId?: string
  /** What more is known of a quality rule's refusal. */
  refused?: RefusedText
  /** Length of the main text as extracted. */
  textChars: number
  /** The page promises more than it holds: scripts would fill it. */
  needsBrowser: boolean
}

/** One page, read whole. Pure: the same task gives the same document, whoever fetched it. */
export type ReadTask = (task: PageTask) => PageReading

/** What reads pages, and the settings that were compiled before. */
interface Reader {
  identifyLanguage: IdentifyLanguage
  qualityOf: (choice: QualityChoice | undefined) => Quality
}

/** Of the settings that were compiled, by those that jobs have asked for. */
const compiledBytesMax = 2 ** 22
const qualityBytes = 2 ** 16

/** Loads what is needed to read pages, once. */
export async function openTaskReader(languages: Promise<IdentifyLanguage> = openLanguages()): Promise<ReadTask> {
  const compiled = recentValues<string, Quality>({ bytesMax: compiledBytesMax, bytesOf: () => qualityBytes })
  const qualityOf = (choice: QualityChoice = {}): Quality => {
    const key = JSON.stringify(choice)
    const known = compiled.get(key)
    if (known) return known
    const opened = openQuality(qualitySettings(choice))
    compiled.keep(key, opened)
    return opened
  }
  const reader = { identifyLanguage: await languages, qualityOf }
  return (task) => readPage(task, reader)
}

function readPage(task: PageTask, reader: Reader): PageReading {
  const { fetched, rendered } = task
  const { url, headers, body } = fetched
  const decoded = rendered === undefined ? decodeText(body, headerValue(headers, 'content-type')) : asShown(rendered)
  const html = decoded.text
  const page = extractPage(html, url)
  const textChars = page.text.length
  const made = documentOf(page, decoded, task, reader)
  const { document, refused } = typeof made === 'object' && 'reason' in made ? { document: made.reason, refused: made.refused } : { document: made }
  // What may not be used need not be shown either.
  const mayBeShown = rendered === undefined && !(typeof document === 'string' && isRightsRefusal(document))
  const isText = typeof document === 'string' && normalizeText(page.text) !== ''
  const ids =
    typeof document === 'string'
      ? { textId: contentId(page.text), ...(isText && { textPatternId: contentId(page.text.replace(/\p{N}+/gu, '0')) }) }
      : { textId: document.id }
  return { document, ...ids, ...(refused && { refused }), textChars, needsBrowser: mayBeShown && needsRendering(html, textChars).needed }
}

/** For a shard, the Markdown as well as the text. */
const isTooLong = (text: string): boolean => !fitsBytes(text, columnTable.text.bytesMax)

/** A browser gives characters, whatever the bytes were. */
const asShown = (rendered: string): DecodedText => ({ text: rendered, charset: 'utf-8', isGuessed: false })

function documentOf(
  page: ExtractedPage,
  decoded: DecodedText,
  { fetched, robotsTxt, host, nowMs, obeyRights, keepsMarkdown, quality: choice, refusedTextBytes = 0 }: PageTask,
  reader: Reader,
): PageDocument | string | { reason: string; refused: RefusedText } {
  const { headers, url } = fetched
  const uri = pageUrl(url) ?? url
  const robots = readPageRobots(headers, { ...page, robots: page.metaRobots }, url)
  const rights = pageRights({ robotsTxt, host, robots, licence: page.licence, licenceScope: page.licenceScope })
  const forbidden = rightsRefusal(rights, robots, { obey: obeyRights, nowMs })
  if (forbidden !== undefined) return forbidden
  if (page.cut !== undefined) return page.cut
  const whole = normalizeText(page.text)
  if (whole === '') return 'no_text'
  if (isTooLong(whole)) return 'too_large'
  const { lang, score, shares } = reader.identifyLanguage(whole, page.lang)
  if (isDoubtful(whole, decoded, shares)) return 'doubtful_charset'
  const rules = reader.qualityOf(choice)
  const { text: kept, quality, refusal, refused: scores } = rules.judge(whole, lang)
  if (refusal !== undefined) {
    // Replaced before it is cut: half an address is no address to the rules.
    const shown = (text: string) => startOf(rules.replacePersonalData(text).text, refusedTextBytes)
    return { reason: refusal, refused: { lang, scores, ...(refusedTextBytes > 0 && { document: { title: shown(page.title), text: shown(whole) } }) } }
  }
  const { text, counts: personalData } = rules.replacePersonalData(kept)
  if (text === '') return 'no_text'
  if (isTooLong(text)) return 'too_large'
  const markdown = keepsMarkdown ? rules.replacePersonalData(page.markdown().toWellFormed()).text : undefined
  const header = (name: 'etag' | 'last_modified' | 'content_type') => {
    const value = headerValue(headers, name.replace('_', '-'))
    return value === undefined ? null : cutCell(name, value)
  }
  return {
    id: contentId(text),
    uri,
    url,
    host: hostOf(uri),
    page_type: page.pageType,
    title: cutCell('title', rules.replacePersonalData(page.title).text),
    author: page.author === undefined ? null : cutCell('author', rules.replacePersonalData(page.author).text),
    site_name: page.siteName === undefined ? null : cutCell('site_name', page.siteName),
    text,
    markdown: markdown === undefined || isTooLong(markdown) ? null : markdown,
    lang,
    lang_score: score,
    languages: shares,
    source: dataSource.WEB,
    ...pageTimes({ url, lang: page.lang, dates: page.dates, lastModified: headerValue(headers, 'last-modified'), nowMs }),
    http_status: fetched.status,
    etag: header('etag'),
    last_modified: header('last_modified'),
    content_type: header('content_type') ?? '',
    html_sha256: sha256Hex(fetched.body),
    text_bytes: Buffer.byteLength(text),
    minhash: minhash(text),
    quality: { ...quality, ...stored(page.flaws) },
    personal_data: personalData,
    rights,
  }
}

/** To three decimals, as the scores of rules are. */
const stored = (flaws: TextFlaws): Record<string, number> =>
  Object.fromEntries(Object.entries(flaws).map(([name, share]) => [name, Math.round(share * 1000) / 1000]))

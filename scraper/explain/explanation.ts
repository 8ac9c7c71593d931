import { headerValue } from '#infra/net/header-lines.ts'
import type { Document, PageType } from '#schemas/document.ts'
import { contentId, normalizeText } from '#schemas/identity/content-id.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import type { Neighbour } from '#infra/corpus-index/neighbours.ts'
import { qualitySettings } from '#schemas/quality.ts'
import { decodeText } from '../charset/charset.ts'
import type { DateCandidate } from '../extract/dates/dates.ts'
import { pageDates } from '../extract/dates/dates.ts'
import { explainPage, type ExplainedPage } from '../extract/extract-page.ts'
import { openLanguages, type IdentifyLanguage, type Language } from '../extract/language/language.ts'
import type { Found } from '../extract/head/page-names.ts'
import { openTaskReader, type PageTask } from '../document/page-document.ts'
import { openQuality } from '../filter/quality.ts'
import { readPageRobots } from '../robots/page-robots.ts'
import { pageRights } from '../robots/rights.ts'
import { blockReports, round, type BlockReport } from './block-report.ts'

/** What became of a page and why, as plain data. */
export interface Explanation {
  url: string
  bytes: number
  charset: string
  /** `kept`, or the reason why not. */
  verdict: string
  /** What it counts for here; null when no job takes it. */
  label: string | null
  page_type: { value: PageType; why: { sign: string; log_odds: number }[] }
  title: Found | null
  author: Found | null
  site_name: Found | null
  canonical: string | null
  content: { text_chars: number; kept: number; cut: number; blocks: BlockReport[] }
  dates: {
    published: string | null
    by: string
    score: number
    modified: string | null
    candidates: Pick<DateCandidate, 'kind' | 'by' | 'day' | 'score' | 'value' | 'place'>[]
  }
  /** `declared`: what the page itself says. */
  language: Language & { declared: string | null }
  quality: { rule: string; measure: number; verdict: string }[]
  personal_data: Record<string, number>
  rights: Document['rights'] & { licence_why: string }
  /** Null when the page has no text. */
  identity: { id: string; minhash: string; duplicates: Duplicates } | null
  text: string
  markdown: string
}

/** `unknown`: there is no index in this data folder. */
type Duplicates = 'unknown' | (Pick<Neighbour, 'uri' | 'similarity'> & { published: string | null })[]

/** What is near a signature, most similar first. */
export type Known = (signature: Uint8Array, limit: number) => Promise<Pick<Neighbour, 'uri' | 'similarity' | 'publishedAt'>[]>

export interface ExplainOptions {
  /** What this data folder has seen; undefined where it has seen nothing. */
  known: Known | undefined
  label: string | undefined
}

const candidatesMax = 50
const neighboursMax = 10

/** Reads a page as a miner does, and tells each decision on the way. The same task gives the same explanation. */
export async function explain(task: PageTask, { known, label }: ExplainOptions): Promise<Explanation> {
  const { fetched, nowMs } = task
  const { url, headers, body } = fetched
  const languages = openLanguages()
  const readTask = await openTaskReader(languages)
  const { document } = readTask(task)
  const decoded = decodeText(body, headerValue(headers, 'content-type'))
  const explained = explainPage(task.rendered ?? decoded.text, url)
  const { page, content } = explained
  const dates = pageDates(page.dates, { url, lang: page.lang, lastModified: headerValue(headers, 'last-modified'), nowMs })
  const judged = judgements(normalizeText(page.text), page.lang, await languages, task)
  const text = typeof document === 'string' ? judged.text : document.text
  const blocks = blockReports(content.decisions())
  return {
    url,
    bytes: body.length,
    charset: decoded.charset,
    verdict: typeof document === 'string' ? document : 'kept',
    label: label ?? null,
    page_type: { value: page.pageType, why: content.pageTypeWhy().map(({ sign, logOdds }) => ({ sign, log_odds: round(logOdds) })) },
    title: explained.title ?? null,
    author: explained.author ?? null,
    site_name: explained.siteName ?? null,
    canonical: page.canonical ?? null,
    content: { text_chars: text.length, kept: blocks.filter(({ kept }) => kept).length, cut: blocks.filter(({ kept }) => !kept).length, blocks },
    dates: {
      published: dates.publishedAt?.toISOString() ?? null,
      by: dates.publishedBy,
      score: round(dates.publishedScore),
      modified: dates.modifiedAt?.toISOString() ?? null,
      candidates: dates.candidates
        .slice(0, candidatesMax)
        .map(({ kind, by, day, score, value, place }) => ({ kind, by, day, score: round(score), value, place })),
    },
    language: { ...judged.language, declared: page.lang ?? null },
    quality: [...judged.quality, ...Object.entries(page.flaws).map(([rule, measure]) => ({ rule, measure: round(measure), verdict: 'ok' }))],
    personal_data: judged.personalData,
    rights: rightsOf(explained, task),
    identity: text === '' ? null : await identity(text, known),
    text,
    markdown: page.markdown(),
  }
}

function judgements(whole: string, declared: string | undefined, identify: IdentifyLanguage, { quality: choice }: PageTask) {
  const language = identify(whole, declared)
  const rules = openQuality(qualitySettings(choice))
  const { text: kept, quality, refused } = rules.judge(whole, language.lang)
  const { text, counts } = rules.replacePersonalData(kept)
  const rows = Object.entries(quality).map(([rule, measure]) => ({ rule, measure, verdict: refused[rule]?.reason ?? 'ok' }))
  return { language, quality: rows, personalData: counts, text }
}

function rightsOf({ page, licenceWhy }: ExplainedPage, { fetched, robotsTxt, host }: PageTask): Explanation['rights'] {
  const robots = readPageRobots(fetched.headers, { ...page, robots: page.metaRobots }, fetched.url)
  return { ...pageRights({ robotsTxt, host, robots, licence: page.licence, licenceScope: page.licenceScope }), licence_why: licenceWhy }
}

async function identity(text: string, known: ExplainOptions['known']): Promise<NonNullable<Explanation['identity']>> {
  const signature = minhash(text)
  const neighbours = known ? await known(signature, neighboursMax) : []
  const duplicates = neighbours.map(({ uri, similarity, publishedAt }) => ({
    uri,
    similarity: round(similarity),
    published: publishedAt === null ? null : new Date(publishedAt).toISOString(),
  }))
  return { id: contentId(text), minhash: Buffer.from(signature).toString('base64'), duplicates: known ? duplicates : 'unknown' }
}

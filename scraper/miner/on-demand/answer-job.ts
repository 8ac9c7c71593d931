import type { OnDemandBoard } from '#infra/on-demand/board.ts'
import { stackOf } from '#infra/telemetry/stack-of.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { dataSource } from '#schemas/data-universe.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { OnDemandJob } from '#schemas/on-demand.ts'
import { encodeRows } from '#schemas/on-demand-rows.ts'
import type { PostPlatform } from '#schemas/post-columns.ts'
import { rowFault } from '#schemas/on-demand-match.ts'
import type { PostSource } from '../../posts/source.ts'
import type { FoundRow } from './found-rows.ts'
import type { LookAtPage } from './look-at-page.ts'
import { scrapePosts } from './scrape-posts.ts'
import { searchCorpus } from './search-corpus.ts'

export interface AnswerParts {
  board: Pick<OnDemandBoard, 'submit'>
  catalog: Catalog
  store: Pick<ObjectStore, 'get'>
  hotkey: string
  /** Fetches a page that a job names. */
  look: LookAtPage
  /** Platforms that posts are scraped of. */
  posts: ReadonlyMap<PostPlatform, PostSource>
}

/** What became of a job. */
export interface End {
  end: 'submitted' | 'nothing' | 'unserved' | 'late' | 'taken' | 'failed' | 'stopped'
  rows: number
  reason?: string
}

/** Clients wait, and what comes later than half a minute is paid less (protocol: speed). */
const answerMs = 20_000
/** A scraper's service takes its time. */
const postsMs = 60_000

/** Looks for what a job asks for, and submits it. Never rejects. */
export async function answerJob(parts: AnswerParts, job: OnDemandJob, signal: AbortSignal): Promise<End> {
  try {
    const found = await rowsFor(parts, job, signal)
    if (!found) return { end: 'unserved', rows: 0 }
    const { rows, reason } = found
    if (rows.length === 0) return { end: 'nothing', rows: 0, ...(reason !== undefined && { reason }) }
    return await submitted(parts.board, job, rows, signal)
  } catch (error) {
    if (signal.aborted) return { end: 'stopped', rows: 0 }
    return { end: 'failed', rows: 0, reason: error instanceof OrreryError ? `${error.code}: ${error.message}` : stackOf(error) }
  }
}

async function submitted(board: AnswerParts['board'], { id }: OnDemandJob, rows: readonly FoundRow[], signal: AbortSignal): Promise<End> {
  try {
    await board.submit(id, encodeRows(rows), signal)
    return { end: 'submitted', rows: rows.length }
  } catch (error) {
    const code = error instanceof OrreryError ? error.code : undefined
    if (code === 'precondition_failed' || code === 'not_found' || code === 'forbidden') return { end: 'late', rows: 0, reason: code }
    if (code === 'already_exists') return { end: 'taken', rows: 0 }
    throw error
  }
}

/** undefined: of a platform that is not scraped here. `reason`: why there are none. */
async function rowsFor(parts: AnswerParts, job: OnDemandJob, signal: AbortSignal): Promise<{ rows: FoundRow[]; reason?: string } | undefined> {
  const { platform, url } = job.job
  const source = platform === 'web' ? undefined : parts.posts.get(platform)
  if (platform !== 'web' && !source) return undefined
  const until = AbortSignal.any([signal, AbortSignal.timeout(source ? postsMs : answerMs)])
  try {
    if (source) return { rows: await scrapePosts(source, job, until) }
    return url === null ? { rows: await searchCorpus(parts, job, until) } : await pageAt(parts.look, url, job, until)
  } catch (error) {
    signal.throwIfAborted()
    if (until.aborted) return { rows: [], reason: 'too_slow' }
    throw error
  }
}

async function pageAt(look: LookAtPage, url: string, job: OnDemandJob, until: AbortSignal): Promise<{ rows: FoundRow[]; reason?: string }> {
  const page = await look(url, until)
  if (typeof page === 'string') return { rows: [], reason: page }
  const row: FoundRow = { uri: page.uri, datetime: page.datetime, source: dataSource.WEB, label: null, content: page.text }
  const fault = rowFault(job, row)
  return fault === undefined ? { rows: [row] } : { rows: [], reason: `not_asked_for: ${fault}` }
}

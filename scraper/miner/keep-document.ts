import { storeFailure } from '#infra/store/failure.ts'
import type { Clock } from '#schemas/clock.ts'
import type { Document } from '#schemas/document.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Claim } from '#schemas/frontier.ts'
import type { Message, Queue } from '#schemas/queue.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { KnownContents } from '../discovery/known-contents.ts'
import { sameText } from '../discovery/lessons.ts'
import type { ReadOutcome } from '../fetch/fetch-target.ts'
import type { PageDocument, RefusedText } from '../document/page-document.ts'
import type { ReadPage } from '../document/read-page.ts'
import { datedByHistory } from '../freshness/page-history.ts'
import { documentDigest, textDigest } from '../revisit/digests.ts'
import type { Reading, Revisits } from '../revisit/revisit.ts'
import { unavailableAt } from '../robots/page-robots.ts'
import { jobMatcher } from '../jobs/job-match.ts'
import { documentMessage, withdrawalMessage } from '../shard/arrival.ts'
import type { Found } from '../source/found.ts'
import { labelOf, type Jobs } from '../jobs/jobs.ts'

/**
 * What became of a page: `stored` is durable when this is said, `unchanged` is stored already. With more that it leads to, as only a browser could see, and
 * what the next version is held against.
 */
export type Kept = { outcome: 'stored' | 'unchanged' | 'rejected'; found?: Found | undefined } & Pick<Reading, 'content' | 'kept' | 'refusal' | 'goodUntil'> & {
    refused?: RefusedText | undefined
    /** Its text is that of another page of its host, or nearly. */
    isLikeAnother?: boolean
    /** Another host has its text. */
    isElsewhere?: boolean
    /** It is refused, and its text is of no other page of its host: `like`, numbers apart it is. */
    refusedText?: 'other' | 'like'
    /** A browser would show more of it than its bytes hold. */
    needsBrowser?: boolean
  }

/** The step after the links of a page are known: what else it is good for. @throws the signal's reason when aborted */
export type KeepPage = (claim: Claim, read: ReadOutcome, signal: AbortSignal) => Promise<Kept>

export interface KeeperOptions {
  documents: Queue
  jobs: Jobs
  telemetry: Telemetry
  readPage: ReadPage
  revisits: Pick<Revisits, 'isKnown'>
  contents: KnownContents
  hotkey: string
  /** Jobs of which no row more counts. */
  full: ReadonlySet<string>
}

/** Makes a document of each page and puts it on the durable queue, unless its text and its rights are those that are stored of it, or of another page of its host. */
export function documentKeeper(options: KeeperOptions): KeepPage {
  const matches = jobMatcher(options.jobs.list)
  const { contents } = options
  /** Of a text that is refused. */
  const likeness = (claim: Claim, textId: string, patternId: string): Pick<Kept, 'isLikeAnother' | 'refusedText'> => {
    // A text may look like the pattern of others: "Article 0" does.
    const [text, pattern] = [textDigest(textId), textDigest(`pattern ${patternId}`)]
    if (contents.isText(claim, text)) return { isLikeAnother: true }
    const refusedText = contents.isText(claim, pattern) ? 'like' : 'other'
    contents.noteRefused(claim, [text, pattern])
    return { refusedText }
  }
  return async (claim, read, signal) => {
    const {
      document: page,
      refused,
      found,
      textId,
      textPatternId,
      needsBrowser,
    } = await options.readPage({ ...read, quality: options.jobs.of(claim.url)?.web.quality }, signal)
    const rejected = (refusal: string): Kept => ({ outcome: 'rejected', refusal, content: textDigest(`${refusal} ${textId}`), refused, found, needsBrowser })
    if (typeof page === 'string') return { ...rejected(page), ...(textPatternId !== undefined && likeness(claim, textId, textPatternId)) }
    const said = { content: documentDigest(page), goodUntil: unavailableAt(page.rights.meta_robots), found, needsBrowser }
    if (options.revisits.isKnown(claim, said.content)) return { outcome: 'unchanged', ...said }
    if (contents.isText(claim, said.content)) return rejected(sameText)
    const isLikeAnother = contents.isLike(claim, page.minhash)
    const isElsewhere = contents.isElsewhere(claim, said.content)
    const { page: dated, kept } = datedByHistory(page, claim)
    const document = documentOf(options, claim, dated, matches)
    if (typeof document === 'string') return rejected(document)
    const added = await addDocument(options.documents, document)
    if (added === 'too_large') return rejected(added)
    contents.noteText(claim, said.content, page.minhash)
    // The key of a new version is known only when a crash came between its queue and its frontier.
    const isNew = added > 0
    if (isNew) options.telemetry.count('crawl.documents', 1, { label: document.label })
    return { outcome: 'stored', kept, isLikeAnother, isElsewhere, ...said }
  }
}

/** What was stored of a page leaves the next snapshot: durable when this resolves. */
export type Withdraw = (claim: Claim, reason: string) => Promise<void>

export function withdrawer({ documents, telemetry, facts }: Pick<KeeperOptions, 'documents' | 'telemetry'> & { facts: Clock }): Withdraw {
  return async ({ url, label, previous }, reason) => {
    const withdrawal = { uri: url, version: previous?.version ?? 0, reason, at: new Date(facts.now()) }
    if ((await addTo(documents, withdrawalMessage(withdrawal))) > 0) telemetry.count('crawl.withdrawn', 1, { label, reason })
  }
}

async function addTo(documents: Queue, message: Message): Promise<number> {
  try {
    return await documents.add([message])
  } catch (error) {
    throw storeFailure(error, 'the queue of documents') ?? error
  }
}

/**
 * Puts a document on its way. A queue takes no message that is too large, which is the page's own affair.
 * @throws OrreryError `store_unavailable` when the queue fails; what the queue cannot take of the document, as it throws it
 */
export async function addDocument(documents: Queue, document: Document): Promise<number | 'too_large'> {
  try {
    return await addTo(documents, documentMessage(document))
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'too_large') return 'too_large'
    throw error
  }
}

function documentOf({ jobs, hotkey, full }: KeeperOptions, claim: Claim, page: PageDocument, matches: ReturnType<typeof jobMatcher>): Document | string {
  const job = jobs.of(claim.url)
  if (!job) return 'no_job'
  if (full.has(job.id) && (claim.previous?.version ?? 0) === 0) return 'max_rows'
  const document = { ...page, label: labelOf(job), job_id: job.id, hotkey, version: (claim.previous?.version ?? 0) + 1 }
  return matches(document, job.id) === undefined ? document : 'job_mismatch'
}

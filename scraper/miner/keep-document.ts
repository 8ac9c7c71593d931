import { storeFailure } from '#infra/store/failure.ts'
import type { Document } from '#schemas/document.ts'
import type { Claim } from '#schemas/frontier.ts'
import type { Message, Queue } from '#schemas/queue.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { ReadOutcome } from '../fetch/fetch-target.ts'
import type { PageDocument } from '../document/page-document.ts'
import type { ReadPage } from '../document/read-page.ts'
import { datedByHistory } from '../freshness/page-history.ts'
import type { KeptVersion } from '../revisit/page-memory.ts'
import { jobMatcher } from '../jobs/job-match.ts'
import { documentMessage } from '../shard/arrival.ts'
import type { Found } from '../source/found.ts'
import { labelOf, type Jobs } from '../jobs/jobs.ts'

/** What became of a page: `stored` is durable when this is said. */
type Kept = { outcome: 'stored' | 'unchanged' } | { outcome: 'rejected'; reason: string }

/** The step after the links of a page are known: what else it is good for. `found`: more that it leads to; `kept`: what the next version is held against. @throws the signal's reason when aborted */
export type KeepPage = (claim: Claim, read: ReadOutcome, signal: AbortSignal) => Promise<Kept & { found?: Found | undefined; kept?: KeptVersion }>

export interface KeeperOptions {
  documents: Queue
  jobs: Jobs
  telemetry: Telemetry
  readPage: ReadPage
  hotkey: string
}

/** Makes a document of each page and puts it on the durable queue. */
export function documentKeeper(options: KeeperOptions): KeepPage {
  const matches = jobMatcher(options.jobs.list)
  return async (claim, read, signal) => {
    const { document: page, found } = await options.readPage({ ...read, quality: options.jobs.of(claim.url)?.web.quality }, signal)
    if (typeof page === 'string') return { outcome: 'rejected', reason: page, found }
    const { page: dated, kept } = datedByHistory(page, claim)
    const document = documentOf(options, claim, dated, matches)
    if (typeof document === 'string') return { outcome: 'rejected', reason: document, found }
    const isNew = (await addTo(options.documents, documentMessage(document))) > 0
    if (isNew) options.telemetry.count('crawl.documents', 1, { label: document.label })
    // The key of a page never stored before is known only when a crash came between its queue and its frontier.
    return { outcome: isNew || claim.previous === undefined ? 'stored' : 'unchanged', found, kept }
  }
}

async function addTo(documents: Queue, message: Message): Promise<number> {
  try {
    return await documents.add([message])
  } catch (error) {
    throw storeFailure(error, 'the queue of documents') ?? error
  }
}

function documentOf({ jobs, hotkey }: KeeperOptions, claim: Claim, page: PageDocument, matches: ReturnType<typeof jobMatcher>): Document | string {
  const job = jobs.of(claim.url)
  if (!job) return 'no_job'
  const document = { ...page, label: labelOf(job), job_id: job.id, hotkey, version: (claim.previous?.version ?? 0) + 1 }
  return matches(document, job.id) === undefined ? document : 'job_mismatch'
}

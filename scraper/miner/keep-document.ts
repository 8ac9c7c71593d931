import type { Clock } from '#schemas/clock.ts'
import { encodeDocument, type Document } from '#schemas/document.ts'
import type { Claim } from '#schemas/frontier.ts'
import type { Queue } from '#schemas/queue.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { ReadOutcome } from '../fetch/fetch-target.ts'
import { pageDocument } from '../fetch/page-document.ts'
import { decodeMemory } from '../frontier/page-memory.ts'
import { jobMatcher } from '../shard/job-match.ts'
import { labelOf, type Jobs } from './jobs.ts'

/** What became of a page: `stored` is durable when this is said. */
export type Kept = { outcome: 'stored' | 'unchanged' } | { outcome: 'rejected'; reason: string }

/** The step after the links of a page are known: what else it is good for. */
export type KeepPage = (claim: Claim, read: ReadOutcome) => Promise<Kept>

export interface KeeperOptions {
  documents: Queue
  jobs: Jobs
  telemetry: Telemetry
  /** Stamps documents. */
  facts: Clock
  hotkey: string
  /** Refuse pages whose owner does not want them to be learnt from. */
  obeyRights: boolean
}

/** Makes a document of each page and puts it on the durable queue. */
export function documentKeeper(options: KeeperOptions): KeepPage {
  const matches = jobMatcher(options.jobs.list)
  return async (claim, read) => {
    const document = documentOf(options, claim, read, matches)
    if (typeof document === 'string') return { outcome: 'rejected', reason: document }
    const isNew = (await options.documents.add([{ key: `${document.uri}@${document.html_sha256}`, body: encodeDocument(document) }])) > 0
    if (isNew) options.telemetry.count('crawl.documents', 1, { label: document.label })
    // The key of a page never stored before is known only when a crash came between its queue and its frontier.
    return { outcome: isNew || claim.previous === undefined ? 'stored' : 'unchanged' }
  }
}

function documentOf(
  { jobs, facts, hotkey, obeyRights }: KeeperOptions,
  claim: Claim,
  read: ReadOutcome,
  matches: ReturnType<typeof jobMatcher>,
): Document | string {
  const job = jobs.of(claim.url)
  if (!job) return 'no_job'
  const page = pageDocument(read, facts.now(), obeyRights)
  if (typeof page === 'string') return page
  // A page that names no date is as old as its first visit, whatever became of it since.
  const firstSeenAt = decodeMemory(claim.previous?.memory)?.firstSeenAt
  const datetime = page.published_at ?? new Date(Math.min(firstSeenAt ?? Infinity, page.fetched_at.getTime()))
  const document = { ...page, datetime, label: labelOf(job), job_id: job.id, hotkey, version: (claim.previous?.version ?? 0) + 1 }
  return matches(document, job.id) === undefined ? document : 'job_mismatch'
}

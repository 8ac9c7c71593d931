import type { Http } from '#infra/net/http.ts'
import type { Clock } from '#schemas/clock.ts'
import { encodeDocument, type Document } from '#schemas/document.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Claim, Frontier, Visit } from '#schemas/frontier.ts'
import type { Queue } from '#schemas/queue.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { fetchTarget, type FetchOutcome, type FetchServices, type Permission, type ReadOutcome } from '../fetch/fetch-target.ts'
import { pageDocument } from '../fetch/page-document.ts'
import { retryAfterTrouble } from '../fetch/retry.ts'
import { jobMatcher } from '../shard/job-match.ts'
import { noFinds, type Found } from '../source/found.ts'
import { labelOf, type Jobs } from './jobs.ts'
import type { Rejects } from './rejects.ts'
import type { Targets } from './targets.ts'
import { releaseClaim } from './work.ts'

export interface VisitorOptions extends FetchServices {
  frontier: Frontier
  documents: Queue
  rejects: Rejects
  telemetry: Telemetry
  http: Http
  facts: Clock
  jobs: Jobs
  targets: Targets
  hotkey: string
  hostDelayMs: number
  /** Told of each visit that has ended. */
  onVisit(claim: Claim, outcome: Visit['outcome'], wireBytes: number): void
  signal: AbortSignal
}

/** Until the rate of change of a page is estimated: an hour between two visits. */
const revisitMs = 3_600_000

/**
 * Visits one claim and ends it: fetch, find, keep, in that order. What the page links to and the document itself are durable before the frontier hears that
 * the visit is done, so a crash in between costs a second visit and nothing else. Aborted, it gives the claim back.
 */
export function claimVisitor(options: VisitorOptions): (claim: Claim) => Promise<void> {
  const matches = jobMatcher(options.jobs.list)
  const visit = async (claim: Claim): Promise<void> => {
    const outcome = await fetchTarget(claim, claim.previous, options, options.signal)
    if (outcome.kind !== 'read') return settle(options, claim, outcome)
    await addFound(options, outcome.found, outcome.permission)
    const result = outcome.content ? await keep(options, claim, documentOf(options, claim, outcome, matches)) : readThrough(options, outcome)
    await finish(options, claim, { ...result, hostDelayMs: hostDelayMs(options, claim, outcome.permission) }, outcome.wireBytes)
  }
  return async (claim) => {
    try {
      await visit(claim)
    } catch (error) {
      if (options.signal.aborted) await releaseClaim(options.frontier, claim, options.pace)
      else if (error instanceof OrreryError && error.code === 'lease_lost') options.telemetry.count('crawl.leases_lost')
      else throw error
    }
  }
}

type Result = Omit<Visit, 'hostDelayMs'>

/** Puts a new document on the durable queue, or its reason among the rejects. */
async function keep(options: VisitorOptions, claim: Claim, document: Document | string): Promise<Result> {
  if (typeof document === 'string') {
    await reject(options, claim, document, 'extract')
    return { outcome: 'rejected', reason: document }
  }
  const isNew = (await options.documents.add([{ key: `${document.uri}@${document.html_sha256}`, body: encodeDocument(document) }])) > 0
  if (isNew) options.telemetry.count('crawl.documents', 1, { label: document.label })
  // The key of a page never stored before is known only when a crash came between its queue and its frontier.
  const outcome = isNew || claim.previous === undefined ? 'stored' : 'unchanged'
  return { outcome, etag: document.etag ?? undefined, lastModified: document.last_modified ?? undefined, revisitAt: options.pace.now() + revisitMs }
}

/** What was there to be read for its links alone. */
function readThrough({ pace }: VisitorOptions, { fetched }: ReadOutcome): Result {
  const { etag, 'last-modified': lastModified } = fetched.headers
  return { outcome: 'stored', etag, lastModified, revisitAt: pace.now() + revisitMs }
}

function documentOf({ jobs, facts, hotkey }: VisitorOptions, claim: Claim, read: ReadOutcome, matches: ReturnType<typeof jobMatcher>): Document | string {
  const job = jobs.of(claim.url)
  if (!job) return 'no_job'
  const page = pageDocument(read, facts.now())
  if (typeof page === 'string') return page
  const document = { ...page, label: labelOf(job), job_id: job.id, hotkey, version: (claim.previous?.version ?? 0) + 1 }
  return matches(document, job.id) === undefined ? document : 'job_mismatch'
}

/** Ends a visit that gave nothing to read. */
async function settle(options: VisitorOptions, claim: Claim, outcome: Exclude<FetchOutcome, { kind: 'read' }>): Promise<void> {
  const { pace } = options
  const delay = hostDelayMs(options, claim, outcome.permission)
  if (outcome.permission) await addFound(options, noFinds, outcome.permission)
  if (outcome.kind === 'unchanged') {
    const { etag, 'last-modified': lastModified } = outcome.headers
    return finish(options, claim, { outcome: 'unchanged', etag, lastModified, revisitAt: pace.now() + revisitMs, hostDelayMs: delay }, 0)
  }
  if (outcome.kind === 'moved') {
    if (outcome.location !== undefined) await addFound(options, foundAt(claim, outcome.location), outcome.permission)
    await reject(options, claim, 'redirected', 'fetch', { location: outcome.location ?? null })
    return finish(options, claim, { outcome: 'rejected', reason: 'redirected', hostDelayMs: delay }, 0)
  }
  if (outcome.kind === 'trouble') {
    const retry = retryAfterTrouble(outcome.reason, claim.attempt, outcome.retryAfterMs)
    if (retry.retry) {
      options.telemetry.count('crawl.deferred', 1, { reason: outcome.reason })
      return options.frontier.defer(claim, { reason: outcome.reason, until: pace.now() + Math.max(retry.inMs, delay), holdHost: outcome.holdHost })
    }
  }
  await reject(options, claim, outcome.reason, 'fetch')
  await finish(options, claim, { outcome: 'failed', reason: outcome.reason, hostDelayMs: delay }, 0)
}

const foundAt = ({ kind }: Claim, url: string): Found => ({ ...noFinds, [`${kind}s` as const]: [{ url }] })

/** Whatever was asked of a host, the sitemaps its robots.txt names become known with it. */
async function addFound({ frontier, targets }: VisitorOptions, found: Found, permission: Permission): Promise<void> {
  const wanted = targets.found({ ...found, sitemaps: [...found.sitemaps, ...permission.rules.sitemaps.map((url) => ({ url }))] })
  if (wanted.length > 0) await frontier.add(wanted)
}

async function reject({ rejects }: VisitorOptions, { url, label }: Claim, reason: string, stage: string, details: Record<string, unknown> = {}): Promise<void> {
  await rejects.add({ subject: url, reason, stage, details: { label, ...details } })
}

async function finish({ frontier, onVisit }: VisitorOptions, claim: Claim, visit: Visit, wireBytes: number): Promise<void> {
  await frontier.done(claim, visit)
  onVisit(claim, visit.outcome, wireBytes)
}

/** What robots.txt asks for, and never less than our own rest; hosts that this process serves itself need none. */
function hostDelayMs({ http, hostDelayMs: rest }: VisitorOptions, { url }: Claim, permission: Permission | undefined): number {
  const own = http.isVirtual(new URL(url).hostname) ? 0 : rest
  return Math.max(own, permission?.rules.crawlDelayMs ?? 0)
}

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Http } from '#infra/net/http.ts'
import { storeFailure } from '#infra/store/failure.ts'
import { replaceFile } from '#infra/store/replace-file.ts'
import { stackOf } from '#infra/telemetry/stack-of.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { HostTurns } from '#schemas/host-turns.ts'
import { hostnameOf } from '#schemas/identity/url-parts.ts'
import type { Queue } from '#schemas/queue.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { PageDocument, PageReading } from '../document/page-document.ts'
import type { PagePool } from '../document/page-pool.ts'
import { pageTask, type Wishes } from '../document/read-page.ts'
import type { HostRests } from '../limits/host-rest.ts'
import { inNextTurn, whenever } from '../limits/in-turn.ts'
import { fileAsker } from '../robots/file-asker.ts'
import { crawlDelayOf, mayFetch, type Robots } from '../robots/robots.ts'
import { jobMatcher } from '../jobs/job-match.ts'
import { addDocument } from './keep-document.ts'
import { readAnswer } from '../source/read-answer.ts'
import { openWarc, warcPages, type ArchivedPage, type PassedOver } from '../source/warc.ts'
import { labelOf, type Jobs } from '../jobs/jobs.ts'
import type { Rejects } from '../rejects/rejects.ts'
import type { Share } from '../jobs/share.ts'

export interface ImportOptions {
  /** Paths or URLs of WARC files. */
  locations: readonly string[]
  documents: Queue
  jobs: Jobs
  isOurs: Share
  rejects: Pick<Rejects, 'add'>
  http: Http
  robots: Robots
  /** Whose turns and rests the servers of archives have. */
  frontier: HostTurns
  pages: PagePool
  pace: Clock
  facts: Clock
  telemetry: Telemetry
  hotkey: string
  wishes: Wishes
  /** What nobody may keep; absent: anything may be. */
  blocks?: (url: string) => boolean
  pageBytesMax: number
  /** Rest of a server between two parts of its file. */
  hostDelayMs: number
  /** Where it is noted how far each file was read. */
  folder: string
  signal: AbortSignal
}

const Progress = z.object({ next: z.int().nonnegative(), isDone: z.boolean() })
type Progress = z.infer<typeof Progress>
const pagesPerNote = 100
/** Pages that are being read at the same time; they are kept in their order. */
const pagesAhead = 8
/** Damaged records of one file that are rejects of their own; more are counted. */
const faultsToldMax = 100

/**
 * Takes the pages that a job wants out of WARC files, each file once: no request goes to the sites themselves, and nothing they link to becomes known.
 * A crash costs the last 100 pages a second look. A file that cannot be read is among the rejects, and is tried again the next time unless it is none; so is
 * each record of it that is damaged, up to 100. What else holds no page is counted in the event `crawl.archive_read` at its end. A page that brings something
 * to throw is one reject.
 * @returns documents taken
 * @throws the signal's reason when aborted; OrreryError of a store that cannot be written
 */
export async function importArchives(options: ImportOptions): Promise<number> {
  let taken = 0
  for (const location of options.locations) {
    const path = join(options.folder, `${createHash('sha256').update(location).digest('hex').slice(0, 16)}.json`)
    const progress = await readProgress(path)
    if (!progress.isDone) taken += await importArchive(options, location, path, progress.next)
  }
  return taken
}

async function importArchive(options: ImportOptions, location: string, path: string, from: number): Promise<number> {
  const { signal, rejects, jobs, isOurs, pageBytesMax } = options
  const keep = pageKeeper(options)
  const readAhead = pageReader(options)
  const wants = (url: string) => isOurs(url) && jobs.of(url) !== undefined
  const onFault = faultTeller(options)
  const { onPassed, tellFaults, counts } = passedOver(options, location)
  let [taken, next] = [0, from]
  const ahead: { page: ArchivedPage; reading: Promise<Read> }[] = []
  /** Pages that are being kept: they share the syncs of the queue. */
  let keeping: Promise<0 | 1>[] = []
  const note = async (isDone: boolean): Promise<void> => {
    const kept = await Promise.all(keeping)
    keeping = []
    taken += kept.filter((isNew) => isNew === 1).length
    await tellFaults()
    await writeProgress(path, { next, isDone })
  }
  const keepFirst = async (): Promise<void> => {
    const { page, reading } = ahead.shift() as (typeof ahead)[number]
    const kept = keep(page, await reading)
    // Heard of when it is noted.
    kept.catch(() => undefined)
    keeping.push(kept)
    next = page.index + 1
    if (keeping.length === pagesPerNote) await note(false)
  }
  try {
    for await (const page of warcPages(openWarc(location, serverOf(options)), { pageBytesMax, from, wants, onFault, onPassed })) {
      signal.throwIfAborted()
      ahead.push({ page, reading: readAhead(page) })
      if (ahead.length === pagesAhead) await keepFirst()
    }
    while (ahead.length > 0) await keepFirst()
    await note(true)
    options.telemetry.event('crawl.archive_read', { location, taken, passed_over: counts })
  } catch (error) {
    // What came before the tear is good.
    while (ahead.length > 0 && !signal.aborted) await keepFirst()
    await note(error instanceof OrreryError && error.code === 'invalid_record')
    const failure = storeFailure(error)
    if (signal.aborted || failure) throw failure ?? error
    if (!(error instanceof OrreryError)) onFault(location, error)
    const [reason, message] = error instanceof OrreryError ? [error.code, error.message] : ['internal', stackOf(error).split('\n', 1)[0]]
    await rejects.add({ subject: location, reason, stage: 'archive', details: { message } })
  }
  return taken
}

/** Counts what is passed over of a file, and holds what is damaged until it can be told. */
function passedOver({ rejects }: ImportOptions, location: string) {
  const counts: Record<string, number> = {}
  let faults: PassedOver[] = []
  let told = 0
  return {
    counts,
    onPassed(passed: PassedOver): void {
      counts[passed.reason] = (counts[passed.reason] ?? 0) + 1
      if (passed.fault && told + faults.length < faultsToldMax) faults.push(passed)
    },
    async tellFaults(): Promise<void> {
      const telling = faults
      faults = []
      told += telling.length
      for (const { index, reason, fault } of telling) await rejects.add({ subject: location, reason, stage: 'archive', details: { record: index, ...fault } })
    },
  }
}

/** What a page became, or why not. */
type Read = Pick<PageReading, 'document' | 'refused'>

const faultTeller =
  ({ telemetry }: ImportOptions) =>
  (url: string, error: unknown): void =>
    telemetry.event('crawl.visit_failed', { url, kind: 'archive', error: stackOf(error) })

/** What one page brought to throw is told, and is why it is not taken. @throws what is the fault of no page */
const faultReason =
  (options: ImportOptions) =>
  (url: string) =>
  (error: unknown): 'internal' => {
    options.signal.throwIfAborted()
    const failure = storeFailure(error)
    if (failure) throw failure
    faultTeller(options)(url, error)
    return 'internal'
  }

/** Nobody was asked. */
const fromArchive = { permission: undefined, policy: undefined }

/** Begins to read a page. */
function pageReader(options: ImportOptions): (page: ArchivedPage) => Promise<Read> {
  const { pages, jobs, blocks, facts, wishes, signal } = options
  const internal = faultReason(options)
  const documentOf = async ({ url, fetched, fetchedAt, refusal }: ArchivedPage): Promise<Read> => {
    if (refusal !== undefined || blocks?.(url)) return { document: refusal ?? 'blocked' }
    const read = await readAnswer('page', fetched, pages, signal)
    if (typeof read === 'string' || !read.isPage) return { document: typeof read === 'string' ? read : 'no_text' }
    const task = pageTask({ ...fromArchive, fetched, quality: jobs.of(url)?.web.quality }, Math.min(fetchedAt, facts.now()), wishes)
    return await pages.read(task, signal)
  }
  return (page) => {
    const document = documentOf(page).catch((error: unknown) => ({ document: internal(page.url)(error) }))
    // Nobody may be waiting for it when one before it fails.
    document.catch(() => undefined)
    return document
  }
}

/** 1 when the page became a document that was not known. */
function pageKeeper(options: ImportOptions): (page: ArchivedPage, read: Read) => Promise<0 | 1> {
  const { documents, jobs, hotkey, rejects } = options
  const internal = faultReason(options)
  const matches = jobMatcher(jobs.list)
  const documentOf = (url: string, page: PageDocument | string) => {
    const job = jobs.of(url)
    if (typeof page === 'string' || !job) return typeof page === 'string' ? page : 'no_job'
    const document = { ...page, label: labelOf(job), job_id: job.id, hotkey, version: 1 }
    return matches(document, job.id) === undefined ? document : 'job_mismatch'
  }
  return async ({ url }, read) => {
    const document = documentOf(url, read.document)
    const added = typeof document === 'string' ? document : await addDocument(documents, document).catch(internal(url))
    if (typeof added === 'number') return added > 0 ? 1 : 0
    const job = jobs.of(url)
    const { document: kept, ...scores } = read.refused ?? {}
    await rejects.add({ subject: url, reason: added, stage: 'archive', details: { ...(job && { label: labelOf(job) }), ...scores }, document: kept })
    return 0
  }
}

/** A server of archives is a host like any other: its robots.txt decides, and it rests between two requests. */
function serverOf({ http, robots, frontier, pace, hostDelayMs, blocks = () => false, signal }: ImportOptions): Parameters<typeof openWarc>[1] {
  const restMs: HostRests = async (host, crawlDelayMs) => (http.isVirtual(hostnameOf(host)) ? crawlDelayMs : Math.max(hostDelayMs, crawlDelayMs))
  const manners = { http, robots, turns: frontier, pace, turnMs, restMs, mayAsk: (url: string) => !blocks(url) }
  return {
    signal,
    http: {
      ...http,
      async get(location, options) {
        const { href: url, host } = new URL(location)
        return inNextTurn(manners, { url, page: url, signal }, async (end) => {
          const answer = await http.get(url, options)
          end.address = answer.address
          end.hostDelayMs = await restMs(host, crawlDelayOf(robots.known(url)))
          return answer
        })
      },
    },
    async permit(location) {
      const { href: url } = new URL(location)
      const permission = await robots.of(url, signal, fileAsker(manners, { page: url, latest: () => whenever, signal }).robots)
      if (!mayFetch(permission, url))
        throw new OrreryError('forbidden', `robots.txt does not allow ${url} now, so this WARC is not read; download it in a way its host offers.`, {
          url,
        })
    },
  }
}

/** Longer than a part of an archive takes. */
const turnMs = 600_000

/** What is torn or missing means from the beginning: a page that is taken twice is one document. */
async function readProgress(path: string): Promise<Progress> {
  const text = await readFile(path, 'utf8').catch(() => '')
  try {
    return Progress.parse(JSON.parse(text))
  } catch {
    return { next: 0, isDone: false }
  }
}

const writeProgress = (path: string, progress: Progress): Promise<void> => replaceFile(path, JSON.stringify(progress))

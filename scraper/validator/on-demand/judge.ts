import type { ExpiredJob, OnDemandBoard, Submission } from '#infra/on-demand/board.ts'
import { stackOf } from '#infra/telemetry/stack-of.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { onDemandLimits as limits, type OnDemandJob } from '#schemas/on-demand.ts'
import type { OnDemandRow } from '#schemas/on-demand-rows.ts'
import { parsedJson } from '#schemas/parsed-json.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { claimedCells, type ClaimedPost } from '../../posts/claimed-post.ts'
import { comparePost } from '../../posts/compare-post.ts'
import type { FindPosts, Look } from '../../posts/find-posts.ts'
import type { PostThere } from '../../posts/source.ts'
import { likeness } from '../likeness.ts'
import type { Refetch, Refetched } from '../refetch.ts'
import { coverageMs, type OnDemandOutcome, type OnDemandOutcomes } from './outcomes.ts'
import type { SubmissionReader } from './submission-reader.ts'

export interface OnDemandJudgeParts {
  board: Pick<OnDemandBoard, 'expired' | 'stats' | 'read'>
  outcomes: OnDemandOutcomes
  reader: Pick<SubmissionReader, 'draw'>
  refetch: Refetch
  /** Looks at posts of Reddit and X; of those that nobody has credentials for nothing can be found out. */
  findPosts: FindPosts
  pace: Clock
  telemetry: Pick<Telemetry, 'event'>
  /** 0..1, unknown to who submits. */
  random(): number
}

/** Submissions of one miner that are read in one batch, and rows of each that are looked up where they are from. */
const readPerMiner = 3
const rowsLooked = 2
/** Submissions that are read in one round; of the others that they came counts. */
const readPerRound = 1_000
/** Jobs of one batch. */
const batchJobs = 100
/** A submission of no rows has no more bytes. */
const emptyBytesMax = 64
/** A validator that begins looks back so far. */
const backMs = 24 * 3_600_000
/** A page is there yet, and the row has of it what a page that goes on changes has kept. */
const likenessMin = 0.6
/** Less than this of a page is a cutting of it. */
const shareMin = 0.2
const dayMs = 86_400_000
/** Of a post as JSON: forty thousand characters, each escaped, and what stands beside them. */
const postCharsMax = 2 ** 19

export interface OnDemandJudge {
  /**
   * Judges what miners submitted for jobs that expired, once each. Whoever promised has an outcome: `judged` some of each miner that are drawn, `unsampled` the others,
   * `refused` what never came. An empty answer is wrong where somebody's was judged right. What was cut off goes on in the next round.
   * @returns how many outcomes were made. @throws OrreryError as the service refuses it, `store_unavailable`; the signal's reason
   */
  round(signal: AbortSignal): Promise<number>
}

export function onDemandJudge(parts: OnDemandJudgeParts): OnDemandJudge {
  /** The last job that was seen to be over: a clock that is ahead passes over none. */
  let last: Place | undefined
  return {
    async round(signal) {
      const { board, outcomes, pace } = parts
      const until = pace.now()
      let [made, left] = [0, readPerRound]
      for await (const batch of expiredJobs(board, { from: last, until }, signal)) {
        const found = await judgeBatch(parts, batch, left, signal)
        await outcomes.add(found)
        last = placeOf(batch.at(-1)) ?? last
        made += found.length
        left -= found.filter(({ state }) => state === 'judged').length
      }
      await outcomes.setDoable(await board.stats(until - coverageMs, until, signal))
      return made
    },
  }
}

interface Place {
  at: number
  id: string | undefined
}

const placeOf = (expired: ExpiredJob | undefined): Place | undefined => expired && { at: Date.parse(expired.job.expire_at), id: expired.job.id }

/** Jobs that expired behind a place, some at a time. */
async function* expiredJobs(
  board: Pick<OnDemandBoard, 'expired'>,
  { from, until }: { from: Place | undefined; until: number },
  signal: AbortSignal,
): AsyncGenerator<ExpiredJob[]> {
  let place: Place = from && from.at > until - backMs ? from : { at: until - backMs, id: undefined }
  let batch: ExpiredJob[] = []
  while (place.at < until) {
    signal.throwIfAborted()
    const end = Math.min(until, place.at + limits.windowMsMax)
    const jobs = await board.expired({ since: place.at, until: end, afterId: place.id }, signal)
    for (const job of jobs) batch.push(job)
    place = (jobs.length === limits.expiredMax ? placeOf(jobs.at(-1)) : undefined) ?? { at: end, id: undefined }
    if (batch.length < batchJobs) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** One submission, as far as it is known. */
interface Entry {
  job: OnDemandJob
  submission: Submission
  found?: Read | undefined
}

async function judgeBatch(parts: OnDemandJudgeParts, batch: readonly ExpiredJob[], readMax: number, signal: AbortSignal): Promise<OnDemandOutcome[]> {
  const fresh = await freshOf(parts, batch)
  const came = fresh.filter(({ submission }) => bytesOf(submission) > 0)
  const drawn = drawnOf(came, parts.random).slice(0, Math.max(0, readMax))
  for (const each of drawn) each.found = await read(parts, each, signal)
  // Together: of X each time that somebody is asked is a run of a scraper.
  const there = await parts.findPosts(drawn.flatMap(postsOf), signal)
  for (const { job, submission, found } of drawn)
    if (found && found.drawn.length > 0) found.passed = await lookAt({ ...parts, there }, { job, submission, drawn: found.drawn }, signal)
  const hasRows = new Set(fresh.flatMap(({ job, found }) => (found?.passed === true ? [job.id] : [])))
  return fresh.map((each) => outcomeOf(each, hasRows.has(each.job.id)))
}

const postsOf = ({ job: { job }, found }: Entry): Look[] => {
  const { platform } = job
  return platform === 'web' ? [] : (found?.drawn ?? []).map(({ uri }) => ({ platform, uri }))
}

async function freshOf({ outcomes }: OnDemandJudgeParts, batch: readonly ExpiredJob[]): Promise<Entry[]> {
  const fresh: Entry[] = []
  for (const { job, submissions } of batch) {
    const hotkeys = await outcomes.missing(
      job.id,
      submissions.map((each) => each.miner_hotkey),
    )
    const isMissing = new Set(hotkeys)
    for (const submission of submissions) if (isMissing.has(submission.miner_hotkey)) fresh.push({ job, submission })
  }
  return fresh
}

/** All that have no rows, some of each miner's others, and of each job where somebody has nothing one that has something. */
function drawnOf(came: readonly Entry[], random: () => number): Entry[] {
  const isFull = ({ submission }: Entry): boolean => bytesOf(submission) > emptyBytesMax
  const drawn = new Set(came.filter((each) => !isFull(each)))
  for (const own of Map.groupBy(came.filter(isFull), ({ submission }) => submission.miner_hotkey).values())
    for (const each of shuffled(own, random).slice(0, readPerMiner)) drawn.add(each)
  for (const ofJob of Map.groupBy(came, ({ job }) => job.id).values()) {
    const full = ofJob.filter(isFull)
    const [other] = shuffled(full, random)
    if (other && full.length < ofJob.length && !full.some((each) => drawn.has(each))) drawn.add(other)
  }
  return [...drawn]
}

const bytesOf = ({ s3_content_length: bytes }: Submission): number => bytes ?? 0

function outcomeOf({ job, submission, found }: Entry, hasRows: boolean): OnDemandOutcome {
  const createdAt = Date.parse(job.created_at)
  const outcome = {
    hotkey: submission.miner_hotkey,
    jobId: job.id,
    platform: job.job.platform,
    rows: found?.rows ?? 0,
    limit: job.limit,
    ms: Math.max(0, Date.parse(submission.submitted_at) - createdAt),
    createdAt,
  }
  if (bytesOf(submission) === 0) return { ...outcome, state: 'refused', passed: null }
  if (!found) return { ...outcome, state: 'unsampled', passed: null }
  // It said that there was nothing, and there was something.
  return { ...outcome, state: 'judged', passed: found.isEmpty && hasRows ? false : found.passed }
}

/** What was found of a submission that was read. `passed` null: nothing of it could be found out. */
interface Read {
  rows: number
  passed: boolean | null
  isEmpty: boolean
  /** Rows that are to be looked at. */
  drawn: readonly OnDemandRow[]
}

async function read(parts: OnDemandJudgeParts, { job, submission }: Entry, signal: AbortSignal): Promise<Read> {
  const { board, reader, random, telemetry } = parts
  const refused = (why: string): Read => {
    telemetry.event('validator.answer_failed', { job: job.id, hotkey: submission.miner_hotkey, why })
    return { rows: 0, passed: false, isEmpty: false, drawn: [] }
  }
  const bytes = await board.read(submission, signal).catch((error: unknown) => {
    signal.throwIfAborted()
    return error instanceof OrreryError && error.code === 'too_large' ? ('too_large' as const) : undefined
  })
  if (bytes === undefined) return { rows: 0, passed: null, isEmpty: false, drawn: [] }
  if (bytes === 'too_large') return refused('it is too large')
  const { rows, drawn, fault } = await reader.draw(bytes, { job, picks: rowsLooked, seed: Math.floor(random() * 2 ** 32) })
  return fault === undefined ? { rows, passed: null, isEmpty: rows === 0, drawn } : refused(fault)
}

interface LookParts extends OnDemandJudgeParts {
  there: ReadonlyMap<string, PostThere>
}

/** @returns null: nothing of it could be found out */
async function lookAt(
  parts: LookParts,
  { job, submission, drawn }: Pick<Entry, 'job' | 'submission'> & Pick<Read, 'drawn'>,
  signal: AbortSignal,
): Promise<boolean | null> {
  let seen = 0
  for (const row of drawn) {
    const fault = job.job.platform === 'web' ? await pageFault(parts, job, row, signal) : postFault(job.job.platform, row, parts.there)
    if (fault === 'unknown') continue
    seen++
    if (fault === undefined) continue
    parts.telemetry.event('validator.answer_failed', { job: job.id, hotkey: submission.miner_hotkey, uri: row.uri, why: fault })
    return false
  }
  return seen > 0 ? true : null
}

/** Why a row is not what its post says; undefined: it is. */
function postFault(platform: ClaimedPost['platform'], { uri, datetime, label, content }: OnDemandRow, there: LookParts['there']): string | undefined {
  const said = content.length > postCharsMax ? undefined : parsedJson(content)
  const cells = claimedCells(platform, typeof said === 'object' && said !== null ? said : {})
  if ('wrong' in cells) return cells.wrong
  const found = comparePost({ platform, uri, datetimeMs: datetime.getTime(), label, cells }, there.get(uri))
  return found.verdict === 'same' ? undefined : found.verdict === 'unknown' ? 'unknown' : found.reason
}

/** Why a row is not what its page says; undefined: it is. */
async function pageFault({ refetch, telemetry }: OnDemandJudgeParts, job: OnDemandJob, row: OnDemandRow, signal: AbortSignal): Promise<string | undefined> {
  const found = await refetch(row.uri, signal).catch((error: unknown): Refetched => {
    signal.throwIfAborted()
    telemetry.event('validator.page_failed', { url: row.uri, error: stackOf(error) })
    return { state: 'unfetchable', reason: 'internal' }
  })
  if (found.state === 'unfetchable') return 'unknown'
  if (found.state === 'gone') return found.reason
  const { text, published_at: publishedAt } = found.page
  if (row.content.length < text.length * shareMin) return 'a cutting of the page'
  const alike = await likeness(row.content, text)
  if (alike < likenessMin) return `text_${alike.toFixed(2)}`
  return publishedAt && isOutside(job, publishedAt) ? 'date of the page' : undefined
}

/** What the page itself says of its date; a day is what time zones may differ by. */
function isOutside({ start_date: from, end_date: to }: OnDemandJob, at: Date): boolean {
  const ms = at.getTime()
  return (from !== null && ms < Date.parse(from) - dayMs) || (to !== null && ms > Date.parse(to) + dayMs)
}

function shuffled<T>(given: readonly T[], random: () => number): T[] {
  const left = [...given]
  for (let n = left.length - 1; n > 0; n--) {
    const other = Math.floor(random() * (n + 1))
    const [a, b] = [left[n] as T, left[other] as T]
    left[n] = b
    left[other] = a
  }
  return left
}

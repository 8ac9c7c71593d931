import { recentValues } from '#infra/recent-values.ts'
import { rateLimit } from '#infra/net/rate-limits.ts'
import { contentAddress } from '#schemas/canonical-json.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { OnDemandWish, submissionKey, type JobWithSubmissions, type OnDemandJob, type OnDemandJobs } from '#schemas/on-demand.ts'
import { rowFault, sameAddress } from '#schemas/on-demand-match.ts'
import { OnDemandRow } from '#schemas/on-demand-rows.ts'
import { parsedJson } from '#schemas/parsed-json.ts'

export interface AskingParts {
  /** On-demand jobs of this data folder; undefined: nobody takes any here. */
  onDemand(): OnDemandJobs | undefined
  store: Pick<ObjectStore, 'get'>
  pace: Clock
}

/** What miners said. `job_id` null: they were not asked, and `reason` says why. */
export interface Asked {
  rows: readonly OnDemandRow[]
  job_id: string | null
  submissions: number
  reason: string | null
}

/** Asks miners there and then for what the corpus has not. @param caller who pays for it, with their budget */
export type AskMiners = (wish: OnDemandWish, caller: string, signal: AbortSignal) => Promise<Asked>

/** Clients hang up after a minute. */
const waitMs = 45_000
const lookMs = 1_000
/** From the first answer on: others are as good, and may have more. */
const othersMs = 5_000
/** Who asks the same again is answered by the same job. */
const sameMs = 600_000
const sameBytesMax = 2 ** 20
/** What miners are asked for costs them, and some of it money: so many jobs of one caller an hour, and some at once. */
const budget = { perSecond: 30 / 3600, burst: 10 }
const waitingMax = 50
/** Of all that was submitted for one job. */
const [submissionsRead, submissionBytesMax] = [10, 4 * 2 ** 20]

/** A caller's wish becomes an on-demand job, once, and what miners submit for it within three quarters of a minute is the answer, as it comes: validators judge it later. */
export function askingMiners({ onDemand, store, pace }: AskingParts): AskMiners {
  const budgets = rateLimit({ ...budget, now: pace.now })
  const asked = recentValues<string, string>({ bytesMax: sameBytesMax, bytesOf: () => 200, now: pace.now })
  let waiting = 0

  /** @throws OrreryError `rate_limited` */
  async function jobOf(jobs: OnDemandJobs, wish: OnDemandWish, caller: string): Promise<string> {
    const name = contentAddress({ wish, caller })
    const known = asked.get(name)
    if (known !== undefined && (await jobs.get(known))) return known
    budgets.take(caller)
    const { id } = await jobs.create(wish)
    asked.keep(name, id, sameMs)
    return id
  }

  return async (wish, caller, signal) => {
    const jobs = onDemand()
    if (!jobs) return notAsked('Nobody takes on-demand jobs here.')
    if (waiting >= waitingMax) return notAsked(`${waitingMax} wait for miners already; ask again in a minute.`)
    waiting++
    try {
      const id = await jobOf(jobs, wish, caller)
      const found = await answersTo(id, { jobs, pace }, signal)
      if (!found) return notAsked('The job is there no more.')
      const delivered = found.submissions.filter((each) => each.delivered)
      const rows = await rowsOf(found, store)
      const isOver = pace.now() >= Date.parse(found.job.expire_at)
      return {
        rows,
        job_id: id,
        submissions: delivered.length,
        reason: rows.length > 0 ? null : isOver ? 'No miner had any.' : 'No miner has answered yet; ask the same again in a minute.',
      }
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof OrreryError && error.code === 'rate_limited') return notAsked(`Miners were not asked: ${error.message}`)
      throw error
    } finally {
      waiting--
    }
  }
}

const notAsked = (reason: string): Asked => ({ rows: [], job_id: null, submissions: 0, reason })

/** Waits until somebody delivered, and some more for the others, at most until the job is over. */
async function answersTo(id: string, { jobs, pace }: { jobs: OnDemandJobs; pace: Clock }, signal: AbortSignal): Promise<JobWithSubmissions | undefined> {
  let until = pace.now() + waitMs
  for (let isFirst = true; ;) {
    const found = await jobs.get(id)
    if (!found) return undefined
    const isThere = found.submissions.some(({ delivered }) => delivered && delivered.bytes > emptyBytes)
    if (isThere && isFirst) {
      isFirst = false
      until = Math.min(until, pace.now() + othersMs)
    }
    if (pace.now() >= Math.min(until, Date.parse(found.job.expire_at))) return found
    await pace.sleep(lookMs, signal)
  }
}
/** A submission of no rows has no more. */
const emptyBytes = 64

/** What is what was asked for, each address once, the newest first, up to the limit; of who delivered first where two have it. */
async function rowsOf({ job, submissions }: JobWithSubmissions, store: Pick<ObjectStore, 'get'>): Promise<OnDemandRow[]> {
  const rows = new Map<string, OnDemandRow>()
  const delivered = submissions.flatMap(({ hotkey, delivered: it }) => (it && it.bytes <= submissionBytesMax ? [{ hotkey, at: it.at }] : []))
  for (const { hotkey } of delivered.toSorted((a, b) => a.at - b.at).slice(0, submissionsRead))
    for (const row of await submitted(job, hotkey, store)) {
      const address = sameAddress(row.uri)
      if (!rows.has(address)) rows.set(address, row)
    }
  return [...rows.values()].toSorted((a, b) => b.datetime.getTime() - a.datetime.getTime()).slice(0, job.limit)
}

async function submitted(job: OnDemandJob, hotkey: string, store: Pick<ObjectStore, 'get'>): Promise<OnDemandRow[]> {
  const bytes = await store.get(submissionKey(job, hotkey), { start: 0, end: submissionBytesMax }).catch((error: unknown) => {
    if (error instanceof OrreryError && error.code === 'not_found') return new Uint8Array()
    throw error
  })
  const given = parsedJson(Buffer.from(bytes).toString('utf8'))
  const entities = typeof given === 'object' && given !== null ? (given as { data_entities?: unknown }).data_entities : undefined
  if (!Array.isArray(entities)) return []
  // A miner may bring more than was asked for; who brings rows without end is not read to their end.
  return entities.slice(0, 2 * job.limit).flatMap((each) => {
    const row = OnDemandRow.safeParse(each).data
    return row && rowFault(job, row) === undefined ? [row] : []
  })
}

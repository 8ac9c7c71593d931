import { randomUUID } from 'node:crypto'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import {
  OnDemandJob,
  onDemandLimits as limits,
  type JobWithSubmissions,
  type OnDemandJobs,
  type OnDemandPlatform,
  type OnDemandSubmission,
  type OnDemandWish,
  type PlatformStats,
} from '#schemas/on-demand.ts'
import { requireInteger, requireText } from '../sqlite/arguments.ts'
import { clockSkewMs } from '../sqlite/clock-skew.ts'
import { openDatabase, type Database } from '../sqlite/database.ts'
import { fileSchemas } from '../sqlite/schema.ts'

interface JobRow {
  id: string
  job: string
}

interface SubmissionRow {
  job_id: string
  hotkey: string
  promised_at: number
  delivered_at: number | null
  bytes: number | null
  sha256: string | null
}

/** On-demand jobs in a SQLite file that processes share. @throws OrreryError `newer_version`, `data_unreadable` */
export function sqliteOnDemandJobs(path: string, { clock }: { clock: Clock }): OnDemandJobs & AsyncDisposable {
  const db = openDatabase(path, fileSchemas.onDemand)
  dropUnreadable(db)
  const find = (id: string) => db.get<JobRow>('select id, job from jobs where id = ?', id)
  const submission = (id: string, hotkey: string) => db.get<SubmissionRow>('select * from submissions where job_id = ? and hotkey = ?', id, hotkey)
  return {
    create: async (wish) => db.transaction(() => create(db, wish, clock.now())),
    get: async (id) => db.snapshot(() => withSubmissions(db, find(id))),
    async active(since) {
      const now = clock.now()
      // What a clock that was ahead made begins when this one is there.
      const rows = db.all<JobRow>(
        'select id, job from jobs where created_at between ? and ? and expire_at > ? order by created_at, id limit ?',
        Math.max(0, Math.floor(since)),
        now + clockSkewMs,
        now,
        limits.activeMax,
      )
      return rows.map(jobOf)
    },
    async promise(jobId, hotkey) {
      requireText('hotkey', hotkey, 64)
      return db.transaction(() => {
        const now = clock.now()
        const job = jobOf(requireJob(find(jobId), jobId))
        if (now >= Date.parse(job.expire_at) - limits.promiseMsLast)
          throw new OrreryError('precondition_failed', `The job ${jobId} ends at ${job.expire_at}: it is too late to submit for it; take the next.`, { jobId })
        const known = submission(jobId, hotkey)
        if (known && known.delivered_at !== null)
          throw new OrreryError('already_exists', `${hotkey} has delivered for the job ${jobId} already; one miner submits once.`, { jobId })
        if (!known) db.run('insert into submissions (job_id, hotkey, promised_at) values (?, ?, ?)', jobId, hotkey, now)
        return { job, submission: submissionOf(submission(jobId, hotkey) as SubmissionRow) }
      })
    },
    async deliver(jobId, hotkey, { bytes, sha256 }) {
      requireInteger('bytes', bytes, 0)
      return db.transaction(() => {
        const job = jobOf(requireJob(find(jobId), jobId))
        const known = submission(jobId, hotkey)
        if (!known) throw new OrreryError('not_found', `The hotkey ${hotkey} has promised nothing for the job ${jobId}; submit first.`, { jobId })
        if (known.delivered_at !== null) return submissionOf(known)
        const at = Math.min(Math.max(clock.now(), Date.parse(job.created_at)), Date.parse(job.expire_at))
        db.run('update submissions set delivered_at = ?, bytes = ?, sha256 = ? where job_id = ? and hotkey = ?', at, bytes, sha256, jobId, hotkey)
        return submissionOf({ ...known, delivered_at: at, bytes, sha256 })
      })
    },
    async expired({ since, until, limit, afterId = '', hotkey }) {
      requireInteger('limit', limit, 1, limits.minerJobsMax)
      return db.snapshot(() => {
        const rows = db.all<JobRow>(
          `select id, job from jobs where expire_at >= ? and expire_at < ? and (expire_at > ? or id > ?)
             and (? is null or exists (select 1 from submissions where job_id = jobs.id and hotkey = ?)) order by expire_at, id limit ?`,
          Math.floor(since),
          Math.min(Math.floor(until), clock.now() + 1),
          Math.floor(since),
          afterId,
          hotkey ?? null,
          hotkey ?? null,
          limit,
        )
        return rows.flatMap((row) => withSubmissions(db, row, hotkey) ?? [])
      })
    },
    async stats({ since, until, minSubmitters }) {
      requireInteger('minSubmitters', minSubmitters, 1)
      return db.all<PlatformStats & { platform: OnDemandPlatform }>(
        `select platform, count(*) as total_jobs, sum(delivered >= ?) as doable_jobs from
           (select platform, (select count(*) from submissions where job_id = jobs.id and bytes > 0) as delivered from jobs where expire_at >= ? and expire_at < ?)
         group by platform order by platform`,
        minSubmitters,
        Math.floor(since),
        Math.min(Math.floor(until), clock.now() + 1),
      )
    },
    async [Symbol.asyncDispose]() {
      db[Symbol.dispose]()
    },
  }
}

function create(db: Database, wish: OnDemandWish, now: number): OnDemandJob {
  const running = db.get<{ n: number }>('select count(*) as n from jobs where expire_at > ?', now)?.n ?? 0
  if (running >= limits.runningMax)
    throw new OrreryError('rate_limited', `${running} on-demand jobs run already; ask again when some have ended.`, {
      retry_after_seconds: limits.lifeMsUsual / 1000,
    })
  makeRoom(db, now)
  const wished = wish.expire_at === null ? now + limits.lifeMsUsual : Date.parse(wish.expire_at)
  const expireAt = Math.min(Math.max(wished, now + limits.lifeMsMin), now + limits.lifeMsMax)
  const { job, start_date, end_date, limit, keyword_mode } = wish
  const times = { created_at: new Date(now).toISOString(), expire_at: new Date(expireAt).toISOString() }
  const made: OnDemandJob = { id: randomUUID(), ...times, job, start_date, end_date, limit, keyword_mode }
  db.run('insert into jobs values (?, ?, ?, ?, ?)', made.id, now, expireAt, job.platform, JSON.stringify(made))
  return made
}

/** What is over for long goes, and of what is over the oldest, as far as there is no room. */
function makeRoom(db: Database, now: number): void {
  const drop = (ids: string, ...values: number[]): void => {
    db.run(`delete from submissions where job_id in (${ids})`, ...values)
    db.run(`delete from jobs where id in (${ids})`, ...values)
  }
  drop(`select id from jobs where expire_at < ? order by expire_at limit ${droppedMax}`, now - limits.keptMs)
  const kept = db.get<{ n: number }>('select count(*) as n from jobs')?.n ?? 0
  if (kept >= limits.keptMax) drop('select id from jobs where expire_at <= ? order by expire_at limit ?', now, kept - limits.keptMax + 1)
}

const signed = (name: string): string => `substr(coalesce(json_extract(job, '$.${name}'), ''), 1, 1) in ('+', '-')`

/** An earlier version took in times of years that nobody can read: one such job kept all from all others. */
function dropUnreadable(db: Database): void {
  const ids = `select id from jobs where ${['start_date', 'end_date', 'expire_at'].map(signed).join(' or ')}`
  db.transaction(() => {
    db.run(`delete from submissions where job_id in (${ids})`)
    db.run(`delete from jobs where id in (${ids})`)
  })
}

/** At once: nobody who asks for one job waits for the end of all others. */
const droppedMax = 100

function requireJob(row: JobRow | undefined, id: string): JobRow {
  if (row) return row
  throw new OrreryError('not_found', `There is no on-demand job "${id.slice(0, 64)}"; poll for those that run.`, { id: id.slice(0, 64) })
}

function withSubmissions(db: Database, row: JobRow | undefined, hotkey?: string): JobWithSubmissions | undefined {
  if (!row) return undefined
  const found =
    hotkey === undefined
      ? db.all<SubmissionRow>('select * from submissions where job_id = ? order by hotkey', row.id)
      : db.all<SubmissionRow>('select * from submissions where job_id = ? and hotkey = ?', row.id, hotkey)
  return { job: jobOf(row), submissions: found.map(submissionOf) }
}

const jobOf = ({ job }: JobRow): OnDemandJob => OnDemandJob.parse(JSON.parse(job))

const submissionOf = ({ job_id: jobId, hotkey, promised_at: promisedAt, delivered_at: at, bytes, sha256 }: SubmissionRow): OnDemandSubmission => ({
  jobId,
  hotkey,
  promisedAt,
  delivered: at === null ? null : { bytes: bytes ?? 0, sha256: sha256 ?? '', at },
})

import { openDatabase, type Database } from '#infra/sqlite/database.ts'
import type { PortThread } from '#infra/sqlite/port-thread.ts'
import type { IntendedWeights, SubmittedWeights } from '#schemas/chain.ts'
import { fileSchemas } from '#infra/sqlite/schema.ts'
import type { EarnedBucket } from '../row-book/row-book.ts'
import { scorableBytes, unitValue, type ValuedJob } from './index-channel.ts'

/** What a miner's rows are worth beside those of all others. */
interface Worth {
  raw: number
  /** Own rows by job, also of jobs that are not listed. */
  jobs: { jobId: string; rows: number }[]
}

/** A cycle that is under way. */
interface Round {
  /** How many cycles of this validator there were before, and one. */
  number: number
  /** Of the metagraph that is evaluated. */
  block: number
}

/** What a validator keeps between evaluations, and of a cycle that was cut off; on disk. Texts are the caller's, and are given back as they are. */
export interface ScoreBook {
  /** The cycle that was begun and is not ended, and what it found so far. */
  running(): Promise<{ round: Round; outcomes: { hotkey: string; outcome: string }[] } | undefined>
  /** Begins one; what an unfinished one had found is forgotten. */
  begin(round: Round): Promise<void>
  end(): Promise<void>
  /** Takes a part of what a miner earned, each bucket once; nothing counts until `finish`. */
  stage(hotkey: string, buckets: readonly EarnedBucket[]): Promise<void>
  /** Drops what was staged of a miner: of an evaluation that was cut off. */
  unstage(hotkey: string): Promise<void>
  /**
   * Ends the evaluation of a miner in the running cycle, whole or not at all. @param earned `staged`: what was staged takes the place of what it had;
   * `nothing`: it takes no share of any bucket; `kept`: what it had stands
   */
  finish(hotkey: string, done: { outcome: string; earned: 'staged' | 'nothing' | 'kept'; at: number }): Promise<void>
  worth(hotkey: string, jobs: readonly ValuedJob[], nowMs: number): Promise<Worth>
  /** When each miner was evaluated last, ms since epoch. */
  evaluated(): Promise<{ hotkey: string; at: number }[]>
  /** Weights that the chain took, or that were about to be sent to it, and that are not confirmed yet, oldest first. */
  submissions(): Promise<(SubmittedWeights | IntendedWeights)[]>
  keepSubmissions(submissions: readonly IntendedWeights[]): Promise<void>
  /** Forgets all miners but these. */
  keep(hotkeys: readonly string[]): Promise<void>
}

const methods = {
  running: true,
  begin: true,
  end: true,
  stage: true,
  unstage: true,
  finish: true,
  worth: true,
  evaluated: true,
  submissions: true,
  keepSubmissions: true,
  keep: true,
} as const

/** In a thread: a miner may have 350,000 buckets. */
export const threadedScoreBook = (path: string, thread: PortThread): ScoreBook & AsyncDisposable =>
  thread.open<ScoreBook>({ module: import.meta.url, factory: 'openScoreBook', args: [path] }, methods)

/** @throws OrreryError `newer_version`, `data_unreadable`, `store_unavailable` */
export function openScoreBook(path: string): ScoreBook & AsyncDisposable {
  const db = openDatabase(path, fileSchemas.scoring)
  return {
    running: async () => running(db),
    begin: async ({ number, block }) =>
      db.transaction(() => {
        end(db)
        db.run('insert into round values (?, ?)', number, block)
      }),
    end: async () => db.transaction(() => end(db)),
    stage: async (hotkey, buckets) => db.transaction(() => stage(db, numberOf(db, hotkey), buckets)),
    unstage: async (hotkey) => void db.run('delete from staged where miner = (select miner from miners where hotkey = ?)', hotkey),
    finish: async (hotkey, { outcome, earned, at }) =>
      db.transaction(() => {
        const miner = numberOf(db, hotkey)
        if (earned !== 'staged') db.run('delete from staged where miner = ?', miner)
        if (earned !== 'kept') settle(db, miner)
        db.run('insert into outcomes values (?, ?) on conflict do update set outcome = excluded.outcome', miner, outcome)
        db.run('update miners set evaluated_at = ? where miner = ?', at, miner)
      }),
    worth: async (hotkey, jobs, nowMs) => db.snapshot(() => worth(db, hotkey, jobs, nowMs)),
    evaluated: async () =>
      db.all<{ hotkey: string; at: number }>('select hotkey, evaluated_at as at from miners where evaluated_at is not null order by hotkey'),
    submissions: async () =>
      db.all<{ weights: string }>('select weights from submissions order by submission').map(({ weights }) => JSON.parse(weights) as IntendedWeights),
    keepSubmissions: async (submissions) =>
      db.transaction(() => {
        db.run('delete from submissions')
        for (const [at, submitted] of submissions.entries()) db.run('insert into submissions values (?, ?)', at, JSON.stringify(submitted))
      }),
    keep: async (hotkeys) => db.transaction(() => keepOnly(db, new Set(hotkeys))),
    [Symbol.asyncDispose]: async () => db[Symbol.dispose](),
  }
}

function running(db: Database): Awaited<ReturnType<ScoreBook['running']>> {
  const round = db.get<Round>('select number, block from round')
  if (!round) return undefined
  return { round, outcomes: db.all('select hotkey, outcome from outcomes join miners using (miner) order by hotkey') }
}

function end(db: Database): void {
  db.run('delete from round')
  db.run('delete from outcomes')
  db.run('delete from staged')
}

function numberOf(db: Database, hotkey: string): number {
  db.run('insert into miners (hotkey) values (?) on conflict do nothing', hotkey)
  return db.get<{ miner: number }>('select miner from miners where hotkey = ?', hotkey)?.miner ?? 0
}

function stage(db: Database, miner: number, buckets: readonly EarnedBucket[]): void {
  for (const { hour, label, jobId, rows, bytes } of buckets)
    db.run('insert or replace into staged values (?, ?, ?, ?, ?, ?)', miner, hour, label, jobId, rows, bytes)
}

/** Puts what is staged in the place of what a miner had. What is written follows what changed. */
function settle(db: Database, miner: number): void {
  db.run(
    `insert into totals
     select hour, label, sum(bytes) as change from (
       select hour, label, bytes from staged where miner = ?1 union all select hour, label, -bytes from earned where miner = ?1
     ) group by hour, label having change <> 0
     on conflict do update set bytes = bytes + excluded.bytes`,
    miner,
  )
  db.run('delete from totals where bytes = 0 and (hour, label) in (select hour, label from earned where miner = ?)', miner)
  db.run(
    'delete from earned where miner = ?1 and not exists (select 1 from staged where (miner, hour, label, job_id) = (?1, earned.hour, earned.label, earned.job_id))',
    miner,
  )
  db.run(
    `insert into earned select * from staged where miner = ?1 and not exists (
       select 1 from earned where (miner, hour, label, job_id, rows, bytes) = (?1, staged.hour, staged.label, staged.job_id, staged.rows, staged.bytes)
     ) on conflict do update set rows = excluded.rows, bytes = excluded.bytes`,
    miner,
  )
  db.run('delete from staged where miner = ?', miner)
}

interface Stored {
  hour: number
  label: string
  jobId: string
  rows: number
  bytes: number
  total: number
}

/** Rows that are in memory at once. */
const portion = 10_000

/** In the order of the buckets, so that sums of floating point come out the same. */
function worth(db: Database, hotkey: string, jobs: readonly ValuedJob[], nowMs: number): Worth {
  const miner = db.get<{ miner: number }>('select miner from miners where hotkey = ?', hotkey)?.miner ?? 0
  const listed = new Map(jobs.map((job) => [job.id, job]))
  const rowsOf = new Map<string, number>()
  let raw = 0
  let bucket: Stored[] = []
  const close = (): void => {
    const own = bucket.reduce((sum, { bytes }) => sum + bytes, 0)
    const [first] = bucket
    if (first && own > 0) {
      // Each row is weighed by its own job: the bucket's bytes that score are shared by the bytes of the jobs.
      const scorable = scorableBytes(own, first.total)
      for (const { hour, jobId, bytes } of bucket) raw += unitValue(listed.get(jobId), hour, nowMs) * scorable * (bytes / own)
    }
    bucket = []
  }
  for (let last: Stored | undefined; ;) {
    const read: Stored[] = db.all<Stored>(
      `select hour, label, job_id as jobId, rows, earned.bytes as bytes, totals.bytes as total from earned join totals using (hour, label)
       where miner = ? and (hour, label, job_id) > (?, ?, ?) order by hour, label, job_id limit ?`,
      miner,
      last?.hour ?? -1,
      last?.label ?? '',
      last?.jobId ?? '',
      portion,
    )
    for (const row of read) {
      if (bucket[0] && (bucket[0].hour !== row.hour || bucket[0].label !== row.label)) close()
      bucket.push(row)
      rowsOf.set(row.jobId, (rowsOf.get(row.jobId) ?? 0) + row.rows)
    }
    last = read.at(-1)
    if (read.length < portion) break
  }
  close()
  return { raw, jobs: [...rowsOf].map(([jobId, rows]) => ({ jobId, rows })) }
}

function keepOnly(db: Database, hotkeys: ReadonlySet<string>): void {
  for (const { miner, hotkey } of db.all<{ miner: number; hotkey: string }>('select miner, hotkey from miners')) {
    if (hotkeys.has(hotkey)) continue
    db.run('delete from staged where miner = ?', miner)
    settle(db, miner)
    db.run('delete from outcomes where miner = ?', miner)
    db.run('delete from miners where miner = ?', miner)
  }
}

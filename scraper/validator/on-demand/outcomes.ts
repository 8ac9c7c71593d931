import { openDatabase } from '#infra/sqlite/database.ts'
import { portThread, type PortThread } from '#infra/sqlite/port-thread.ts'
import { fileSchemas } from '#infra/sqlite/schema.ts'
import type { Clock } from '#schemas/clock.ts'
import type { OnDemandPlatform, PlatformStats } from '#schemas/on-demand.ts'

/**
 * What became of one submission of a miner. `judged`: its rows were looked at (`passed`; null: we could not find out, which is nobody's fault). `unsampled`: it came,
 * and others were drawn. `refused`: it was promised and never came, or was no submission.
 */
export interface OnDemandOutcome {
  hotkey: string
  jobId: string
  platform: OnDemandPlatform
  state: 'judged' | 'unsampled' | 'refused'
  /** Of what was judged; else null. */
  passed: boolean | null
  /** Rows that were returned, none twice; they may be more than `limit`. 0 of what was not read. */
  rows: number
  /** Rows that were asked for. */
  limit: number
  /** From the creation of the job until the whole submission was there. */
  ms: number
  /** Of the job, ms since epoch. */
  createdAt: number
}

/** Jobs of a platform that enough miners delivered for, and those that one miner promised to answer and answered, over three hours. */
interface OnDemandCoverage {
  platform: OnDemandPlatform
  doable: number
  promised: number
  delivered: number
}

export interface OnDemandOutcomes {
  /** Each submission has one outcome: the first that is added. Durable. */
  add(outcomes: readonly OnDemandOutcome[]): Promise<void>
  /** Those of a miner that were added behind a cursor (0: all that are kept), oldest first, 1,000 at most; where they end. */
  since(hotkey: string, cursor: number): Promise<{ outcomes: OnDemandOutcome[]; cursor: number }>
  /** Of these miners, those that have no outcome of the job yet. */
  missing(jobId: string, hotkeys: readonly string[]): Promise<string[]>
  /** What could be done in the three hours before now. */
  setDoable(stats: readonly PlatformStats[]): Promise<void>
  /** Of the three hours before `setDoable`: while we cannot ask, nobody comes to have answered nothing. */
  coverage(hotkey: string): Promise<OnDemandCoverage[]>
}

/** The stretch of time that coverage is of (OD_COVERAGE_WINDOW_HOURS of the reference). */
export const coverageMs = 3 * 3_600_000
const keptMs = 7 * 86_400_000
const answeredMax = 1000

interface Row {
  turn: number
  hotkey: string
  job_id: string
  platform: OnDemandPlatform
  state: OnDemandOutcome['state']
  passed: number | null
  count: number
  wanted: number
  ms: number
  created_at: number
}

/** Outcomes of the last seven days in a SQLite file of a validator. @throws OrreryError `newer_version`, `data_unreadable` */
export function sqliteOutcomes(path: string, { clock }: { clock: Clock }): OnDemandOutcomes & AsyncDisposable {
  const db = openDatabase(path, fileSchemas.outcomes)
  return {
    async add(outcomes) {
      db.transaction(() => {
        db.run('delete from outcomes where created_at < ?', clock.now() - keptMs)
        for (const { hotkey, jobId, platform, state, passed, rows, limit, ms, createdAt } of outcomes)
          db.run(
            `insert into outcomes (hotkey, job_id, platform, state, passed, count, wanted, ms, created_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)
             on conflict do nothing`,
            hotkey,
            jobId,
            platform,
            state,
            passed === null ? null : Number(passed),
            rows,
            limit,
            ms,
            createdAt,
          )
      })
    },
    async since(hotkey, cursor) {
      const rows = db.all<Row>('select * from outcomes where hotkey = ? and turn > ? order by turn limit ?', hotkey, cursor, answeredMax)
      return { outcomes: rows.map(outcomeOf), cursor: rows.at(-1)?.turn ?? cursor }
    },
    async missing(jobId, hotkeys) {
      return hotkeys.filter((hotkey) => !db.get('select 1 from outcomes where hotkey = ? and job_id = ?', hotkey, jobId))
    },
    async setDoable(stats) {
      db.transaction(() => {
        db.run('delete from doable')
        for (const { platform, doable_jobs } of stats) db.run('insert into doable values (?, ?, ?)', platform, doable_jobs, clock.now())
      })
    },
    async coverage(hotkey) {
      return db.all<OnDemandCoverage>(
        `select doable.platform, jobs as doable, count(state) as promised, count(iif(state <> 'refused', 1, null)) as delivered
         from doable left join outcomes on hotkey = ?1 and outcomes.platform = doable.platform and created_at >= at - ?2
         group by doable.platform order by doable.platform`,
        hotkey,
        coverageMs,
      )
    },
    async [Symbol.asyncDispose]() {
      db[Symbol.dispose]()
    },
  }
}

const outcomeOf = ({ hotkey, job_id: jobId, platform, state, passed, count, wanted, ms, created_at: createdAt }: Row): OnDemandOutcome => ({
  hotkey,
  jobId,
  platform,
  state,
  passed: passed === null ? null : passed === 1,
  rows: count,
  limit: wanted,
  ms,
  createdAt,
})

const methods = { add: true, since: true, missing: true, setDoable: true, coverage: true } as const

/** Outcomes in a thread. */
export const threadedOutcomes = (path: string, { clock, thread = portThread(`the outcomes ${path}`, clock) }: { clock: Clock; thread?: PortThread }) =>
  thread.open<OnDemandOutcomes>({ module: import.meta.url, factory: 'sqliteOutcomes', args: [path] }, methods)

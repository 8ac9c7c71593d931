import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { openDatabase, type Database } from '../sqlite/database.ts'
import { fileSchemas } from '../sqlite/schema.ts'
import { namedObjects } from './named-objects.ts'

/** How long what nothing names stays, for who reads it still, and for who is just about to name it. */
const graceMsDefault = 4 * 3_600_000
/** Of the time of grace: a look is due so often, */
const looksPerGrace = 4
/** and in one of them no more of it passes than this, whatever the clock says. */
const stridesPerGrace = 2
/** Objects that are looked up at once. */
const batchKeys = 1000
/** Above every character of a key. */
const last = '\u{10ffff}'

/** What is swept: the objects of one owner. */
export interface SweepScope {
  /** Beginnings of keys, each ending with `/`, under which nobody else puts anything, and the owner nothing while it is swept. */
  prefixes: readonly string[]
  /** Forgets the history whose time is over, before it is asked what is named. @param now ms since epoch, which a clock that jumped ahead does not reach at once */
  expire(now: number): Promise<void>
  /** All manifests that are kept, as JSON values: they and their lists name what stays (named-objects.ts). Where there is none, nothing goes. */
  manifests(): AsyncIterable<unknown>
}

/** Entries of a line that stay whatever their time is. */
export const keptNewest = 10

interface SweepReport {
  listed: number
  unnamed: number
  deleted: number
  deleted_bytes: number
}

export interface Sweep extends Disposable {
  /** Whether it is time for `run`: a quarter of the time of grace after the last, whatever came of that, but at once after one that was aborted. */
  isDue(): boolean
  /**
   * Deletes what nothing has named for the time of grace: noted at one look, still unnamed at another when that has passed. Lists each prefix once, reads
   * each list once, and keeps in memory a batch of keys. Cut off anywhere, it has deleted only what it may, and the next goes on.
   * @throws OrreryError `not_found` when a list that a manifest names is missing (nothing is deleted then), `store_unavailable`
   */
  run(scope: SweepScope, signal: AbortSignal): Promise<SweepReport>
}

export interface SweepOptions {
  store: ObjectStore
  /** Its notes, a file of its own. */
  path: string
  clock: Pick<Clock, 'now'>
  graceMs?: number
}

/** @throws OrreryError `newer_version`, `data_unreadable`, `store_unavailable` */
export function openSweep({ store, path, clock, graceMs = graceMsDefault }: SweepOptions): Sweep {
  const db = openDatabase(path, fileSchemas.sweep)
  db.run('pragma temp_store = file')
  const lastLook = () => db.get<{ wall: number; steady: number }>('select wall, steady from looks')
  const noteLook = (steady: number) =>
    db.run('insert into looks values (1, ?, ?) on conflict do update set wall = excluded.wall, steady = excluded.steady', clock.now(), steady)
  return {
    isDue() {
      const look = lastLook()
      const now = clock.now()
      return !look || now < look.wall || now - look.wall >= graceMs / looksPerGrace
    },
    async run(scope, signal) {
      const former = lastLook()
      const now = steadyTime(former, clock.now(), graceMs / stridesPerGrace)
      const report: SweepReport = { listed: 0, unnamed: 0, deleted: 0, deleted_bytes: 0 }
      try {
        await scope.expire(now)
        if (await nameAll(db, scope, store, signal)) {
          for (const prefix of scope.prefixes) await sweepPrefix({ db, store, prefix, now, graceMs, report, signal })
        }
      } catch (error) {
        // It waits as one that succeeded does: its owner may come by every second. No time of grace passes.
        if (!signal.aborted) noteLook(former?.steady ?? now)
        throw error
      }
      db.transaction(() => {
        // A clock that went back makes nothing older.
        db.run('update unnamed set since = ? where since > ?', now, now)
        noteLook(now)
      })
      return report
    },
    [Symbol.dispose]: () => db[Symbol.dispose](),
  }
}

/**
 * A time that follows the clock, but no further in one look than a stride: a clock that jumps ahead a year brings no time of grace to its end. It goes back with
 * the clock.
 */
const steadyTime = (look: { steady: number } | undefined, wall: number, strideMs: number): number => (look ? Math.min(wall, look.steady + strideMs) : wall)

/** Fills the table of what is named, on disk when it is large. @returns false when there is no manifest */
async function nameAll(db: Database, scope: SweepScope, store: ObjectStore, signal: AbortSignal): Promise<boolean> {
  db.script('drop table if exists temp.named; create temp table named (key text primary key) without rowid')
  const add = (keys: readonly string[]) => db.run('insert or ignore into temp.named select value from json_each(?)', JSON.stringify(keys))
  const lists = new Set<string>()
  const isNews = (key: string): boolean => !lists.has(key) && lists.add(key).has(key)
  let isNamed = false
  let keys: string[] = []
  for await (const manifest of scope.manifests()) {
    signal.throwIfAborted()
    isNamed = true
    for await (const key of namedObjects(manifest, store, isNews, signal)) {
      if (keys.push(key) < batchKeys) continue
      add(keys)
      keys = []
    }
  }
  add(keys)
  return isNamed
}

interface PrefixSweep {
  db: Database
  store: ObjectStore
  prefix: string
  now: number
  graceMs: number
  report: SweepReport
  signal: AbortSignal
}

async function sweepPrefix(sweep: PrefixSweep): Promise<void> {
  const { store, prefix, report, signal } = sweep
  if (!prefix.endsWith('/')) throw new OrreryError('invalid_argument', `"${prefix}" is no folder of keys; end it with "/".`)
  let after = prefix
  let batch = new Map<string, number>()
  for await (const { key, bytes } of store.list(prefix)) {
    signal.throwIfAborted()
    batch.set(key, bytes)
    report.listed++
    if (batch.size < batchKeys) continue
    await sweepBatch(sweep, batch, after, key)
    after = key
    batch = new Map()
  }
  await sweepBatch(sweep, batch, after, `${prefix}${last}`)
}

/** @param batch all objects with `after` < key ≤ `upTo`, with their bytes */
async function sweepBatch(
  { db, store, now, graceMs, report, signal }: PrefixSweep,
  batch: ReadonlyMap<string, number>,
  after: string,
  upTo: string,
): Promise<void> {
  const keys = JSON.stringify([...batch.keys()])
  const unnamed = 'select value from json_each(?) where value not in (select key from temp.named)'
  const due = db.transaction(() => {
    // Notes of what is named again, or there no more.
    db.run(`delete from unnamed where key > ? and key <= ? and key not in (${unnamed})`, after, upTo, keys)
    report.unnamed += db.all(unnamed, keys).length
    db.run(`insert or ignore into unnamed select value, ? from json_each(?) where value not in (select key from temp.named)`, now, keys)
    return db.all<{ key: string }>('select key from unnamed where key > ? and key <= ? and since <= ?', after, upTo, now - graceMs)
  })
  for (const { key } of due) {
    signal.throwIfAborted()
    await store.delete(key)
    report.deleted++
    report.deleted_bytes += batch.get(key) ?? 0
  }
  if (due.length > 0) db.run('delete from unnamed where key in (select value from json_each(?))', JSON.stringify(due.map(({ key }) => key)))
}

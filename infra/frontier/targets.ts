import type { Claim, Deferral, Visit } from '#schemas/frontier.ts'
import type { Database } from '../sqlite/database.ts'
import type { Tallies, TargetClasses, TargetState } from './labels.ts'
import { byUrgency, FrontierQueue, type Entry } from './queue.ts'
import { Fingerprinter, toInteger } from './seen-set.ts'

/**
 * What becomes of a URL by what happens to it; null = that cannot happen, and who says that it has is told so (`lease_lost`). Before its first claim a URL is
 * an entry of the queue and has no row, which is as good as `ready`. A claim may be ended late: after its lease ran out, as long as nobody else has the URL.
 */
export const lifeCycle = {
  /** In the queue. */
  ready: { raised: 'ready', changed: 'ready', due: null, lent: 'leased', expired: null, visited: 'later', finished: 'finished', deferred: 'later' },
  /** Waits for ready_at. One that is put off after trouble hears of no change; one that was put off untried is ready when it is found nearer (add.ts). */
  later: { raised: 'later', changed: 'ready', due: 'ready', lent: null, expired: null, visited: null, finished: null, deferred: null },
  /** With a crawler. */
  leased: { raised: 'leased', changed: 'leased', due: null, lent: null, expired: 'ready', visited: 'later', finished: 'finished', deferred: 'later' },
  /** Visited, and not again unless it changes. */
  finished: { raised: 'finished', changed: 'ready', due: null, lent: null, expired: null, visited: null, finished: null, deferred: null },
} as const satisfies Record<TargetState, Record<TargetEvent, TargetState | null>>

/** `raised`: in priority, or brought nearer. `changed`: a list says so. `visited`: and to be again. */
export type TargetEvent = 'raised' | 'changed' | 'due' | 'lent' | 'expired' | 'visited' | 'finished' | 'deferred'

/** What is known of a URL that was ever claimed, raised or brought nearer; all others are entries in the queue and nothing else. */
export interface TargetRow {
  url: string
  asked: string | null
  host: number
  lane: number
  class: number
  priority: number
  depth: number
  state: TargetState
  ready_at: number | null
  /** That failed since the last visit that was finished. */
  tries: number
  token: string | null
  expires_at: number | null
  etag: string | null
  last_modified: string | null
  memory: string | null
  visited_at: number | null
  version: number
}

/** Of a claim that may be ended. */
export type HeldRow = TargetRow & { state: 'ready' | 'leased' }

type LentRow = Pick<TargetRow, 'asked' | 'depth' | 'tries' | 'etag' | 'last_modified' | 'memory' | 'version'>

interface TargetParts {
  seed: readonly [number, number]
  classes: TargetClasses
  tallies: Tallies
  /** Longest time from a visit to the next. */
  revisitMaxMs: number
}

/** The URLs' own states, and the queue of those that are ready. */
export class FrontierTargets {
  readonly queue: FrontierQueue
  readonly #db: Database
  readonly #classes: TargetClasses
  readonly #tallies: Tallies
  readonly #revisitMaxMs: number
  readonly #fingerprinter: Fingerprinter

  constructor(db: Database, { seed, classes, tallies, revisitMaxMs }: TargetParts) {
    this.#db = db
    this.#classes = classes
    this.#tallies = tallies
    this.#revisitMaxMs = revisitMaxMs
    this.#fingerprinter = new Fingerprinter(seed)
    this.queue = new FrontierQueue(db, (entry) => this.#isLive(entry))
  }

  find(url: string): TargetRow | undefined {
    const row = this.#db.get<TargetRow>(
      `select url, asked, host, lane, class, priority, depth, state, ready_at, tries, token, expires_at, etag, last_modified, memory, visited_at, version
       from targets where fp = ?`,
      this.#key(url),
    )
    return row?.url === url ? row : undefined
  }

  /** Entries of one host in any order; returns the lanes they belong to. */
  enqueue(host: number, entries: readonly Entry[]): Set<number> {
    const lanes = new Set<number>()
    for (const [classId, queued] of Map.groupBy(entries, (entry) => entry.classId)) {
      const { lane, isList } = this.#classes.byId(classId)
      this.queue.push({ host, lane, isList }, queued.toSorted(byUrgency))
      lanes.add(lane)
    }
    return lanes
  }

  /** Keyed hash of a URL (Entry.tie). */
  tieOf(url: string): number {
    this.#fingerprinter.read(url)
    return this.#fingerprinter.lo
  }

  /** Gives a URL that was nothing but an entry a row of its own. */
  materialize(host: number, { url, asked, priority, depth, classId }: Entry): TargetRow {
    const { lane } = this.#classes.byId(classId)
    this.#db.run(
      'insert into targets (fp, url, asked, host, lane, class, priority, depth) values (?, ?, ?, ?, ?, ?, ?, ?)',
      this.#key(url),
      url,
      asked ?? null,
      host,
      lane,
      classId,
      priority,
      depth,
    )
    const unvisited = { ready_at: null, tries: 0, token: null, expires_at: null, etag: null, last_modified: null, memory: null, visited_at: null, version: 0 }
    return { url, asked: asked ?? null, host, lane, class: classId, priority, depth, state: 'ready', ...unvisited }
  }

  rank(url: string, priority: number, depth: number): void {
    this.#db.run('update targets set priority = ?, depth = ? where fp = ?', priority, depth, this.#key(url))
  }

  /** Its lease ran out, which is a try that failed. The token stays: the late crawler may still finish it, as long as nobody else was lent the target. */
  expire(row: TargetRow): void {
    this.#db.run('update targets set tries = tries + 1 where fp = ?', this.#key(row.url))
    this.makeReady(row)
  }

  /** Into the queue, where it was not, or not with that priority. */
  makeReady(row: TargetRow): void {
    if (row.state !== 'ready') {
      this.#db.run(`update targets set state = 'ready', ready_at = null where fp = ?`, this.#key(row.url))
      this.#tally(row, 'ready')
    }
    this.queue.push({ host: row.host, lane: row.lane, isList: this.#classes.byId(row.class).isList }, [this.#entryOf(row)])
  }

  /** Takes the top of a queue out of it. */
  lend(host: number, entry: Entry, token: string, expiresAt: number): Claim {
    const { url, priority } = entry
    const { kind, label, lane, isList } = this.#classes.byId(entry.classId)
    this.queue.pop({ host, lane, isList })
    const row = this.#db.get<LentRow>(
      `insert into targets (fp, url, asked, host, lane, class, priority, depth, state, token, expires_at)
       values (?, ?, ?, ?, ?, ?, ?, ?, 'leased', ?, ?)
       on conflict (fp) do update set state = 'leased', token = excluded.token, expires_at = excluded.expires_at, priority = excluded.priority
       returning asked, depth, tries, etag, last_modified, memory, version`,
      this.#key(url),
      url,
      entry.asked ?? null,
      host,
      lane,
      entry.classId,
      priority,
      entry.depth,
      token,
      expiresAt,
    ) as LentRow
    this.#tally({ class: entry.classId, state: 'ready' }, lifeCycle.ready.lent)
    const { depth, tries, version, memory } = row
    const validators = { etag: row.etag ?? undefined, lastModified: row.last_modified ?? undefined }
    const previous = version === 0 && memory === null ? undefined : { ...validators, version, ...(memory !== null && { memory }) }
    return { url, ...(row.asked !== null && { asked: row.asked }), kind, label, priority, depth, token, expiresAt, attempt: tries + 1, previous }
  }

  /** So many as are due by now, those that are due longest first, by host: they belong into the queue. */
  ripen(now: number, limit: number): Map<number, Entry[]> {
    const byHost = new Map<number, Entry[]>()
    if (!this.#db.get(`select 1 from targets where state = 'later' and ready_at <= ? limit 1`, now)) return byHost
    for (const row of this.#db.all<Pick<TargetRow, 'url' | 'asked' | 'host' | 'class' | 'priority' | 'depth'>>(
      `update targets set state = ?, ready_at = null
       where fp in (select fp from targets where state = 'later' and ready_at <= ? order by ready_at limit ?) returning url, asked, host, class, priority, depth`,
      lifeCycle.later.due,
      now,
      limit,
    )) {
      this.#tally({ class: row.class, state: 'later' }, lifeCycle.later.due)
      const entry = this.#entryOf(row)
      const entries = byHost.get(row.host)
      if (entries) entries.push(entry)
      else byHost.set(row.host, [entry])
    }
    return byHost
  }

  /** Until then a page may wait. */
  waitMost(now: number, restMost: number): number {
    return Math.max(now + this.#revisitMaxMs, restMost)
  }

  /**
   * No page waits longer than from one visit to the next, and none that was put off longer than a rest: a clock that was ahead said so. What it said of the
   * time between is good: so far apart were the visit and the next.
   */
  restrain(now: number, restMost: number, limit: number): void {
    const revisitMost = now + this.#revisitMaxMs
    this.#db.run(
      `update targets set visited_at = min(visited_at, ?1),
         ready_at = iif(outcome = 'deferred' or visited_at is null, ?3, min(?2, ?1 + max(0, ready_at - visited_at)))
       where fp in (select fp from targets where state = 'later' and ready_at > max(?2, ?3) limit ?4)`,
      now,
      revisitMost,
      restMost,
      limit,
    )
  }

  finish(row: HeldRow, visit: Visit, now: number): void {
    const { kind, label } = this.#classes.byId(row.class)
    this.#tallies.visited(label, kind === 'page' ? visit.outcome : 'lists')
    const validators = validatorsAfter(visit, row)
    const state = lifeCycle[row.state][visit.revisitAt === undefined ? 'finished' : 'visited']
    this.#db.run(
      `update targets set state = ?, ready_at = ?, tries = 0, token = null, expires_at = null, outcome = ?, reason = ?, etag = ?, last_modified = ?, memory = ?,
       visited_at = ?, version = ? where fp = ?`,
      state,
      visit.revisitAt ?? null,
      visit.outcome,
      visit.reason ?? null,
      validators.etag,
      validators.last_modified,
      visit.memory ?? row.memory,
      now,
      row.version + (visit.outcome === 'stored' ? 1 : 0),
      this.#key(row.url),
    )
    this.#tally(row, state)
  }

  defer(row: HeldRow, { reason, until, isTry = false }: Deferral, now: number): void {
    const state = lifeCycle[row.state].deferred
    // A lease that ran out is counted once, when that is seen to: here, or before (`expire`).
    const hasFailed = row.state === 'leased' && (isTry || (row.expires_at ?? 0) <= now)
    this.#db.run(
      `update targets set state = ?, ready_at = ?, tries = ?, token = null, expires_at = null, outcome = 'deferred', reason = ? where fp = ?`,
      state,
      until,
      row.tries + (hasFailed ? 1 : 0),
      reason,
      this.#key(row.url),
    )
    this.#tally(row, state)
  }

  #tally({ class: classId, state }: Pick<TargetRow, 'class' | 'state'>, next: TargetState): void {
    const { kind, label } = this.#classes.byId(classId)
    if (kind !== 'page' || state === next) return
    this.#tallies.move(label, state, -1)
    this.#tallies.move(label, next, 1)
  }

  /** An entry says so much as its URL's row, where that is ready as well. Priorities are told apart as floats, like those of the seen-set. */
  #isLive({ url, priority, depth }: Entry): boolean {
    const row = this.#db.get<Pick<TargetRow, 'state' | 'priority' | 'depth'>>('select state, priority, depth from targets where fp = ?', this.#key(url))
    return !row || (row.state === 'ready' && row.depth === depth && Math.fround(row.priority) === Math.fround(priority))
  }

  #entryOf({ url, asked, priority, depth, class: classId }: Pick<TargetRow, 'url' | 'asked' | 'priority' | 'depth' | 'class'>): Entry {
    return { url, asked: asked ?? undefined, priority, depth, classId, tie: this.tieOf(url) }
  }

  #key(url: string): bigint {
    this.#fingerprinter.read(url)
    return toInteger(this.#fingerprinter.lo, this.#fingerprinter.hi)
  }
}

/** Its claim, if it is the last, may be ended. */
export const isHeld = (row: TargetRow): row is HeldRow => lifeCycle[row.state].deferred !== null

type Validators = Pick<TargetRow, 'etag' | 'last_modified'>

/** A new version has the validators it came with, or none; an unchanged one keeps those it had when the answer did not repeat them. */
function validatorsAfter({ outcome, etag, lastModified, isWithdrawn = false }: Visit, before: Validators): Validators {
  if (isWithdrawn) return { etag: null, last_modified: null }
  if (outcome === 'stored') return { etag: etag ?? null, last_modified: lastModified ?? null }
  if (outcome === 'unchanged') return { etag: etag ?? before.etag, last_modified: lastModified ?? before.last_modified }
  return before
}

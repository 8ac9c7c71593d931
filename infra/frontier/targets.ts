import type { Claim, TargetKind, Visit } from '#schemas/frontier.ts'
import type { Database } from '../sqlite/database.ts'
import { Fingerprinter, toInteger } from './fingerprint.ts'
import type { TargetClasses } from './classes.ts'
import { byUrgency, type Entry } from './entry.ts'
import { FrontierQueue } from './runs.ts'
import type { TargetState, Tallies } from './tallies.ts'

/** What is known of a URL that was ever claimed, raised or brought nearer; all others are entries in the queue and nothing else. */
export interface TargetRow {
  url: string
  host: number
  lane: number
  kind: TargetKind
  label: string
  priority: number
  depth: number
  state: TargetState
  ready_at: number | null
  attempt: number
  token: string | null
  etag: string | null
  last_modified: string | null
  memory: string | null
  visited_at: number | null
  version: number
}

type LentRow = Pick<TargetRow, 'depth' | 'attempt' | 'etag' | 'last_modified' | 'memory' | 'version'>

/** The URLs' own states, and the queue of those that are ready. */
export class FrontierTargets {
  readonly queue: FrontierQueue
  readonly #db: Database
  readonly #classes: TargetClasses
  readonly #tallies: Tallies
  readonly #fingerprinter: Fingerprinter

  constructor(db: Database, { seed, classes, tallies }: { seed: readonly [number, number]; classes: TargetClasses; tallies: Tallies }) {
    this.#db = db
    this.#classes = classes
    this.#tallies = tallies
    this.#fingerprinter = new Fingerprinter(seed)
    this.queue = new FrontierQueue(db, (entry) => this.#isLive(entry))
  }

  find(url: string): TargetRow | undefined {
    const row = this.#db.get<TargetRow>(
      `select url, host, lane, kind, label, priority, depth, state, ready_at, attempt, token, etag, last_modified, memory, visited_at, version
       from targets where fp = ?`,
      this.#key(url),
    )
    return row?.url === url ? row : undefined
  }

  /** Entries of one host in any order; returns the best of each lane. */
  enqueue(host: number, entries: readonly Entry[]): Map<number, Entry> {
    const byLane = new Map<number, Entry[]>()
    for (const entry of entries) {
      const { lane } = this.#classes.byId(entry.classId)
      const queued = byLane.get(lane)
      if (queued) queued.push(entry)
      else byLane.set(lane, [entry])
    }
    const best = new Map<number, Entry>()
    for (const [lane, queued] of byLane) {
      queued.sort(byUrgency)
      this.queue.push(host, lane, queued)
      if (queued[0]) best.set(lane, queued[0])
    }
    return best
  }

  /** Gives a URL that was nothing but an entry a row of its own. */
  materialize(host: number, { url, priority, depth, classId }: Entry): TargetRow {
    const { kind, label, lane } = this.#classes.byId(classId)
    this.#db.run(
      'insert into targets (fp, url, host, lane, kind, label, priority, depth) values (?, ?, ?, ?, ?, ?, ?, ?)',
      this.#key(url),
      url,
      host,
      lane,
      kind,
      label,
      priority,
      depth,
    )
    const unvisited = { ready_at: null, attempt: 0, token: null, etag: null, last_modified: null, memory: null, visited_at: null, version: 0 }
    return { url, host, lane, kind, label, priority, depth, state: 'ready', ...unvisited }
  }

  rank(url: string, priority: number, depth: number): void {
    this.#db.run('update targets set priority = ?, depth = ? where fp = ?', priority, depth, this.#key(url))
  }

  /** Into the queue, where it was not: it is due, its lease ran out, or it was raised. */
  makeReady(row: TargetRow): Entry {
    if (row.state !== 'ready') {
      this.#db.run(`update targets set state = 'ready', ready_at = null where fp = ?`, this.#key(row.url))
      this.#tally(row, 'ready')
    }
    const entry = { url: row.url, priority: row.priority, depth: row.depth, classId: this.#classes.of(row.label, row.kind).id }
    this.queue.push(row.host, row.lane, [entry])
    return entry
  }

  /** Takes the top of a queue out of it. */
  lend(host: number, entry: Entry, token: string, expiresAt: number): Claim {
    const { url, priority } = entry
    const { kind, label, lane } = this.#classes.byId(entry.classId)
    this.queue.pop(host, lane)
    const row = this.#db.get<LentRow>(
      `insert into targets (fp, url, host, lane, kind, label, priority, depth, state, attempt, token, expires_at)
       values (?, ?, ?, ?, ?, ?, ?, ?, 'leased', 1, ?, ?)
       on conflict (fp) do update set state = 'leased', attempt = attempt + 1, token = excluded.token, expires_at = excluded.expires_at, priority = excluded.priority
       returning depth, attempt, etag, last_modified, memory, version`,
      this.#key(url),
      url,
      host,
      lane,
      kind,
      label,
      priority,
      entry.depth,
      token,
      expiresAt,
    ) as LentRow
    this.#tally({ kind, label, state: 'ready' }, 'leased')
    const { depth, attempt, version, memory } = row
    const validators = { etag: row.etag ?? undefined, lastModified: row.last_modified ?? undefined }
    const previous = version === 0 && memory === null ? undefined : { ...validators, version, ...(memory !== null && { memory }) }
    return { url, kind, label, priority, depth, token, expiresAt, attempt, previous }
  }

  /** Into the queue what is due by now; returns what came in. */
  ripen(now: number): { host: number; lane: number; entry: Entry }[] {
    const due = this.#db.all<{ url: string }>(`select url from targets where state = 'later' and ready_at <= ? order by ready_at, url`, now)
    return due.flatMap(({ url }) => {
      const row = this.find(url)
      return row ? [{ host: row.host, lane: row.lane, entry: this.makeReady(row) }] : []
    })
  }

  finish(row: TargetRow, visit: Visit, now: number): void {
    if (row.kind === 'page') this.#tallies.visited(row.label, visit.outcome)
    const isGood = visit.outcome === 'stored' || visit.outcome === 'unchanged'
    // A new version has the validators it came with, or none; an unchanged one keeps those it had when the answer did not repeat them.
    const kept = visit.outcome === 'stored' ? { etag: null, last_modified: null } : row
    const state = visit.revisitAt === undefined ? 'finished' : 'later'
    this.#db.run(
      `update targets set state = ?, ready_at = ?, attempt = 0, token = null, expires_at = null, outcome = ?, reason = ?, etag = ?, last_modified = ?, memory = ?,
       visited_at = ?, version = ? where fp = ?`,
      state,
      visit.revisitAt ?? null,
      visit.outcome,
      visit.reason ?? null,
      (isGood ? visit.etag : undefined) ?? kept.etag,
      (isGood ? visit.lastModified : undefined) ?? kept.last_modified,
      visit.memory ?? row.memory,
      now,
      row.version + (visit.outcome === 'stored' ? 1 : 0),
      this.#key(row.url),
    )
    this.#tally(row, state)
  }

  defer(row: TargetRow, reason: string, until: number): void {
    this.#db.run(
      `update targets set state = 'later', ready_at = ?, token = null, expires_at = null, outcome = 'deferred', reason = ? where fp = ?`,
      until,
      reason,
      this.#key(row.url),
    )
    this.#tally(row, 'later')
  }

  #tally({ kind, label, state }: Pick<TargetRow, 'kind' | 'label' | 'state'>, next: TargetState): void {
    if (kind !== 'page' || state === next) return
    this.#tallies.move(label, state, -1)
    this.#tallies.move(label, next, 1)
  }

  /** An entry says so much as its URL's row, where that is ready as well. Priorities are told apart as floats, like those of the seen-set. */
  #isLive({ url, priority }: Entry): boolean {
    const row = this.#db.get<{ state: TargetState; priority: number }>('select state, priority from targets where fp = ?', this.#key(url))
    return !row || (row.state === 'ready' && Math.fround(row.priority) === Math.fround(priority))
  }

  #key(url: string): bigint {
    this.#fingerprinter.read(url)
    return toInteger(this.#fingerprinter.lo, this.#fingerprinter.hi)
  }
}

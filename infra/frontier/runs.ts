import type { Database } from '../sqlite/database.ts'
import { EntryWriter, readEntry, type Entry } from './entry.ts'

/** The first entry of a run, as it stands in the table. */
interface RunRow {
  host: number
  lane: number
  /** −priority, so that the order of the key is the order of visits. */
  rank: number
  url: string
  /** Of its body; 0 = it has none. */
  id: number
  class: number
  depth: number
  /** Where the next entry begins in the run's body; −1 for the last. */
  next: number
}

/** Entries that one run holds: a claim reads a whole run, an add writes one. */
const entriesPerRun = 64

/**
 * What is ready of each host and lane, in sorted runs: an add appends a few runs, however many URLs it brings, and a claim takes the first entry of the best
 * run. An entry may have become stale (the URL was raised, put off or visited since): whoever takes it asks `isLive`. All under the caller's transaction.
 * A body is entries in order (entry.ts).
 */
export class FrontierQueue {
  readonly #db: Database
  readonly #isLive: (entry: Entry) => boolean
  readonly #writer = new EntryWriter()
  /** What `top` found last, as long as it is the first. */
  #top: RunRow | undefined

  constructor(db: Database, isLive: (entry: Entry) => boolean) {
    this.#db = db
    this.#isLive = isLive
  }

  /** @param entries the highest priority first, then the smallest URL; at least one */
  push(host: number, lane: number, entries: readonly Entry[]): void {
    for (let start = 0; start < entries.length; start += entriesPerRun) this.#pushRun(host, lane, entries.slice(start, start + entriesPerRun))
  }

  /** The best entry that is live; what is stale before it goes away. */
  top(host: number, lane: number): Entry | undefined {
    for (;;) {
      const run = this.#first(host, lane)
      this.#top = run
      if (!run) return undefined
      const entry = { url: run.url, priority: 0 - run.rank, depth: run.depth, classId: run.class }
      if (this.#isLive(entry)) return entry
      this.#advance(run)
    }
  }

  /** Takes away what `top` gave. */
  pop(host: number, lane: number): void {
    const run = this.#top?.host === host && this.#top.lane === lane ? this.#top : this.#first(host, lane)
    if (run) this.#advance(run)
  }

  #first(host: number, lane: number): RunRow | undefined {
    return this.#db.get<RunRow>('select * from runs where host = ? and lane = ? order by rank, url, id limit 1', host, lane)
  }

  #pushRun(host: number, lane: number, [first, ...rest]: readonly Entry[]): void {
    if (!first) return
    if (rest.length === 0) return this.#insert(host, lane, 0, first, -1)
    this.#writer.clear()
    for (const entry of rest) this.#writer.add(entry)
    const body = this.#db.get<{ id: number }>('insert into bodies (body) values (?) returning id', this.#writer.written())
    if (body) this.#insert(host, lane, body.id, first, 0)
  }

  /** The same entry alone twice is as good as once. */
  #insert(host: number, lane: number, id: number, { priority, url, classId, depth }: Entry, next: number): void {
    this.#top = undefined
    this.#db.run('insert or ignore into runs values (?, ?, ?, ?, ?, ?, ?, ?)', host, lane, 0 - priority, url, id, classId, depth, next)
  }

  #advance({ host, lane, rank, url, id, next }: RunRow): void {
    this.#top = undefined
    this.#db.run('delete from runs where host = ? and lane = ? and rank = ? and url = ? and id = ?', host, lane, rank, url, id)
    if (next < 0) return void (id > 0 && this.#db.run('delete from bodies where id = ?', id))
    const body = this.#db.get<{ body: Uint8Array }>('select body from bodies where id = ?', id)?.body
    if (!body) return
    const { entry, end } = readEntry(Buffer.from(body.buffer, body.byteOffset, body.byteLength), next)
    this.#insert(host, lane, id, entry, end < body.length ? end : -1)
  }
}

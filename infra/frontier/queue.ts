import { compareText } from '#schemas/compare-text.ts'
import type { Database } from '../sqlite/database.ts'

/** A URL that waits for its first visit, or was put back into the queue. */
export interface Entry {
  url: string
  /** Target.asked. */
  asked: string | undefined
  priority: number
  depth: number
  classId: number
  /** Keyed hash of the URL (u32): the order of equals, which nobody outside can know. */
  tie: number
}

const headBytes = 20

/**
 * Entries as bytes, one after the other: u16 bytes of the URL, u16 class, u16 depth, u16 bytes of `asked` (0: there is none), f64 priority, u32
 * tie, all little-endian, then the URL and `asked` in UTF-8.
 * What `written` gives is only good until the next use.
 */
class EntryWriter {
  #buffer = Buffer.allocUnsafe(1 << 16)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** What came since the last `clear`. */
  written(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  clear(): void {
    this.#length = 0
  }

  add({ url, asked = '', priority, depth, classId, tie }: Entry): void {
    const at = this.#length
    // A code unit takes three bytes at most.
    this.#reserve(headBytes + (url.length + asked.length) * 3)
    const bytes = this.#buffer.write(url, at + headBytes)
    const askedBytes = asked === '' ? 0 : this.#buffer.write(asked, at + headBytes + bytes)
    this.#buffer.writeUInt16LE(bytes, at)
    this.#buffer.writeUInt16LE(classId, at + 2)
    this.#buffer.writeUInt16LE(depth, at + 4)
    this.#buffer.writeUInt16LE(askedBytes, at + 6)
    this.#buffer.writeDoubleLE(priority, at + 8)
    this.#buffer.writeUInt32LE(tie, at + 16)
    this.#length += headBytes + bytes + askedBytes
  }

  /** Room for a number; returns where `setUint32` may put it. */
  reserveUint32(): number {
    this.#reserve(4)
    this.#length += 4
    return this.#length - 4
  }

  setUint32(at: number, value: number): void {
    this.#buffer.writeUInt32LE(value, at)
  }

  #reserve(bytes: number): void {
    while (this.#length + bytes > this.#buffer.length) this.#buffer = Buffer.concat([this.#buffer, Buffer.allocUnsafe(this.#buffer.length)])
  }
}

/** The entry that begins there, and where the next one does. */
function readEntry(bytes: Buffer, at: number): { entry: Entry; end: number } {
  const urlEnd = at + headBytes + bytes.readUInt16LE(at)
  const end = urlEnd + bytes.readUInt16LE(at + 6)
  const entry = {
    url: bytes.toString('utf8', at + headBytes, urlEnd),
    asked: end > urlEnd ? bytes.toString('utf8', urlEnd, end) : undefined,
    classId: bytes.readUInt16LE(at + 2),
    depth: bytes.readUInt16LE(at + 4),
    priority: bytes.readDoubleLE(at + 8),
    tie: bytes.readUInt32LE(at + 16),
  }
  return { entry, end }
}

/** Near before far, then the highest priority, then by keyed hash; where even that is the same, by the URL. */
export function byUrgency(a: Entry, b: Entry): number {
  return a.depth - b.depth || b.priority - a.priority || a.tie - b.tie || compareText(a.url, b.url)
}

/** The first entry of a run, as it stands in the table. */
interface RunRow {
  host: number
  lane: number
  is_list: 0 | 1
  depth: number
  /** −priority, so that the order of the key is the order of visits. */
  rank: number
  tie: number
  url: string
  asked: string | null
  /** Of its body; 0 = it has none. */
  id: number
  class: number
  /** Where the next entry begins in the run's body; −1 for the last. */
  next: number
}

/** Where an entry waits: pages of a host have a queue of their own in each lane, and so have its sitemaps and feeds. */
export interface Place {
  host: number
  lane: number
  isList: boolean
}

/** Entries that one run holds: a claim reads a whole run, an add writes one. */
const entriesPerRun = 64

/**
 * What is ready in each place, in sorted runs: an add appends a few runs, however many URLs it brings, and a claim takes the first entry of the best
 * run. An entry may have become stale (the URL was raised, put off or visited since): whoever takes it asks `isLive`. All under the caller's transaction.
 * A body is entries in order (EntryWriter).
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

  /** @param entries by urgency; at least one */
  push(place: Place, entries: readonly Entry[]): void {
    for (let start = 0; start < entries.length; start += entriesPerRun) this.#pushRun(place, entries.slice(start, start + entriesPerRun))
  }

  /** The best entry that is live; what is stale before it goes away. */
  top(place: Place): Entry | undefined {
    for (;;) {
      const run = this.#first(place)
      this.#top = run
      if (!run) return undefined
      const { url, asked, rank, depth, class: classId, tie } = run
      const entry = { url, asked: asked ?? undefined, priority: 0 - rank, depth, classId, tie }
      if (this.#isLive(entry)) return entry
      this.#advance(run)
    }
  }

  /** Takes away what `top` gave. */
  pop(place: Place): void {
    const { host, lane, isList } = place
    const isKnown = this.#top?.host === host && this.#top.lane === lane && this.#top.is_list === Number(isList)
    const run = isKnown ? this.#top : this.#first(place)
    if (run) this.#advance(run)
  }

  /** In which something of the host waits, or did. */
  lanes(host: number): number[] {
    const lanes: number[] = []
    const next = (after: number) => this.#db.get<{ lane: number }>('select lane from runs where host = ? and lane > ? order by lane limit 1', host, after)
    for (let found = next(0); found; found = next(found.lane)) lanes.push(found.lane)
    return lanes
  }

  #first({ host, lane, isList }: Place): RunRow | undefined {
    return this.#db.get<RunRow>(
      'select * from runs where host = ? and lane = ? and is_list = ? order by depth, rank, tie, url, id limit 1',
      host,
      lane,
      Number(isList),
    )
  }

  #pushRun(place: Place, [first, ...rest]: readonly Entry[]): void {
    if (!first) return
    if (rest.length === 0) return this.#insert(place, 0, first, -1)
    this.#writer.clear()
    for (const entry of rest) this.#writer.add(entry)
    const body = this.#db.get<{ id: number }>('insert into bodies (body) values (?) returning id', this.#writer.written())
    if (body) this.#insert(place, body.id, first, 0)
  }

  /** The same entry alone twice is as good as once. */
  #insert({ host, lane, isList }: Place, id: number, { depth, priority, tie, url, asked, classId }: Entry, next: number): void {
    this.#top = undefined
    this.#db.run(
      'insert or ignore into runs values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      host,
      lane,
      Number(isList),
      depth,
      0 - priority,
      tie,
      url,
      id,
      classId,
      next,
      asked ?? null,
    )
  }

  #advance({ host, lane, is_list, depth, rank, tie, url, id, next }: RunRow): void {
    this.#top = undefined
    this.#db.run(
      'delete from runs where host = ? and lane = ? and is_list = ? and depth = ? and rank = ? and tie = ? and url = ? and id = ?',
      host,
      lane,
      is_list,
      depth,
      rank,
      tie,
      url,
      id,
    )
    if (next < 0) return void (id > 0 && this.#db.run('delete from bodies where id = ?', id))
    const body = this.#db.get<{ body: Uint8Array }>('select body from bodies where id = ?', id)?.body
    if (!body) return
    const { entry, end } = readEntry(Buffer.from(body.buffer, body.byteOffset, body.byteLength), next)
    this.#insert({ host, lane, isList: is_list === 1 }, id, entry, end < body.length ? end : -1)
  }
}

/** What waits, at most, for whoever claims, some 25,000 entries: more would be sorted in for too long at a time. A process that only adds then does it itself. */
const waitingBytesMax = 2 * 2 ** 20

/**
 * New URLs as they came, one row for all that a transaction adds: it touches the end of one table, where runs and lines would touch a page for each host.
 * Who claims sorts them in first, host by host; whatever came together by then is one run of its host.
 *
 * A row is groups, each: u32 host, u32 bytes, little-endian, and so many bytes of entries (EntryWriter).
 */
export class FrontierInbox {
  readonly #db: Database
  readonly #writer = new EntryWriter()
  #waitingBytes = 0

  constructor(db: Database) {
    this.#db = db
  }

  /** More than should wait. */
  get isFull(): boolean {
    return this.#waitingBytes >= waitingBytesMax
  }

  put(host: number, entries: readonly Entry[]): void {
    const [hostAt, bytesAt] = [this.#writer.reserveUint32(), this.#writer.reserveUint32()]
    const start = this.#writer.length
    for (const entry of entries) this.#writer.add(entry)
    this.#writer.setUint32(hostAt, host)
    this.#writer.setUint32(bytesAt, this.#writer.length - start)
    this.#waitingBytes += this.#writer.length - start
  }

  write(): void {
    if (this.#writer.length > 0) this.#db.run('insert into inbox (groups) values (?)', this.#writer.written())
    this.#writer.clear()
  }

  /** Takes out all there is: the entries of each host, hosts in the order in which pages of `runs` stand. */
  empty(): [number, Entry[]][] {
    this.write()
    this.#waitingBytes = 0
    const rows = this.#db.all<{ groups: Uint8Array }>('select groups from inbox order by id')
    if (rows.length === 0) return []
    this.#db.run('delete from inbox')
    const hosts = new Map<number, Entry[]>()
    for (const { groups } of rows) collect(Buffer.from(groups.buffer, groups.byteOffset, groups.byteLength), hosts)
    return [...hosts].toSorted(([a], [b]) => a - b)
  }

  forget(): void {
    this.#writer.clear()
    this.#waitingBytes = 0
  }
}

function collect(groups: Buffer, hosts: Map<number, Entry[]>): void {
  for (let at = 0; at < groups.length;) {
    const host = groups.readUInt32LE(at)
    const end = at + 8 + groups.readUInt32LE(at + 4)
    const entries = hosts.get(host) ?? []
    hosts.set(host, entries)
    for (at += 8; at < end;) {
      const read = readEntry(groups, at)
      entries.push(read.entry)
      at = read.end
    }
  }
}

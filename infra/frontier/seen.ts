import type { Database } from '../sqlite/database.ts'
import { Fingerprinter, SeenSet, type Seen } from './seen-set.ts'

/** Bytes of an entry of the log. */
const entryBytes = 20
const depthMost = 255
/** Rows of the log that are read at once. */
const rowsPerRead = 512

/** What is to be remembered of a URL. */
interface SeenTarget {
  priority: number
  classId: number
  depth: number
  modifiedAt: number | undefined
}

/**
 * Which URLs a frontier knows, in the memory of each of its processes. What a process added is in the log, so that the others catch up with it.
 *
 * `log.first` is how many URLs were known before the row; its `entries` are 20 bytes each, little-endian: u32 lo, u32 hi of the fingerprint (Fingerprinter,
 * the seed is in `counters`), f32 priority, u16 class, u8 depth (255 = 255 or more), u8 0, u32 host, as they were when the URL was added.
 */
export class FrontierSeen {
  readonly #db: Database
  readonly #fingerprinter: Fingerprinter
  readonly #set = new SeenSet()
  /** By number of the host. */
  #ofHost = new Uint32Array(64)
  /** Entries of this transaction, still to be written. */
  #fresh = Buffer.alloc(1280)
  #freshBytes = 0

  constructor(db: Database, seed: readonly [number, number]) {
    this.#db = db
    this.#fingerprinter = new Fingerprinter(seed)
  }

  /** Memory of it, bytes. */
  get bytes(): number {
    return this.#set.bytes + this.#ofHost.byteLength
  }

  /** How many URLs of a host are known. */
  countOf(host: number): number {
    return this.#ofHost[host] ?? 0
  }

  get count(): number {
    return this.#set.count
  }

  /** What is known of a URL, or undefined. Of one that another process added, only after `catchUp`. */
  find(url: string): Seen | undefined {
    this.#fingerprinter.read(url)
    return this.#set.find(this.#fingerprinter.lo, this.#fingerprinter.hi) ? this.#set.read() : undefined
  }

  /** When a URL last changed, to the second, as this process was told (ms since epoch). */
  changedAt(url: string, now: number): number | undefined {
    const atMs = (this.find(url)?.freshAt ?? 0) * 1000
    return atMs > 0 && atMs <= now ? atMs : undefined
  }

  /** False when the URL is known and nothing of this is more than is known of it. */
  isNews(url: string, priority: number, depth: number, modifiedAt: number | undefined, now: number): boolean {
    this.#fingerprinter.read(url)
    if (!this.#set.find(this.#fingerprinter.lo, this.#fingerprinter.hi)) return true
    return this.#set.isNews(priority, Math.min(depth, depthMost), secondsSaid(modifiedAt), Math.floor(now / 1000))
  }

  /** Reads what others have added. The first time that is all there is. */
  catchUp(): void {
    for (;;) {
      const rows = this.#db.all<{ entries: Uint8Array }>('select entries from log where first >= ? order by first limit ?', this.#set.count, rowsPerRead)
      for (const { entries } of rows) this.#read(entries)
      if (rows.length < rowsPerRead) return
    }
  }

  /** A URL that `find` does not know, within the transaction that adds it. */
  add(url: string, host: number, { priority, classId, depth, modifiedAt }: SeenTarget): void {
    this.#fingerprinter.read(url)
    const { lo, hi } = this.#fingerprinter
    const seen = { priority, classId, depth: Math.min(depth, depthMost), freshAt: secondsDone(modifiedAt) }
    this.#set.insert(lo, hi, seen)
    if (this.#freshBytes === this.#fresh.length) this.#fresh = Buffer.concat([this.#fresh, Buffer.alloc(this.#fresh.length)])
    const at = this.#freshBytes
    this.#fresh.writeUInt32LE(lo, at)
    this.#fresh.writeUInt32LE(hi, at + 4)
    this.#fresh.writeFloatLE(Math.fround(priority), at + 8)
    this.#fresh.writeUInt16LE(classId, at + 12)
    this.#fresh.writeUInt8(seen.depth, at + 14)
    this.#fresh.writeUInt32LE(host, at + 16)
    this.#countAt(host)
    this.#freshBytes += entryBytes
  }

  /** What was said of a known URL and has been seen to. */
  update(url: string, { priority, depth, modifiedAt }: Omit<SeenTarget, 'classId'>, now: number): void {
    const seen = this.find(url)
    if (!seen) return
    this.#set.write({
      classId: seen.classId,
      priority: Math.max(seen.priority, priority),
      depth: Math.min(seen.depth, depth),
      // What is still to come was seen to by a clock that was ahead.
      freshAt: Math.max(seen.freshAt * 1000 > now ? 0 : seen.freshAt, secondsDone(modifiedAt)),
    })
  }

  /** Makes what was added part of the transaction. */
  write(): void {
    if (this.#freshBytes === 0) return
    const first = this.#set.count - this.#freshBytes / entryBytes
    this.#db.run('insert into log values (?, ?)', first, this.#fresh.subarray(0, this.#freshBytes))
    this.#freshBytes = 0
  }

  /** After a transaction that failed: what was added in it is not known after all. */
  forget(): void {
    this.#set.clear()
    this.#ofHost.fill(0)
    this.#freshBytes = 0
  }

  #countAt(host: number): void {
    if (host >= this.#ofHost.length) {
      const larger = new Uint32Array(Math.max(host + 1, this.#ofHost.length * 2))
      larger.set(this.#ofHost)
      this.#ofHost = larger
    }
    this.#ofHost[host] = (this.#ofHost[host] ?? 0) + 1
  }

  #read(entries: Uint8Array): void {
    const view = new DataView(entries.buffer, entries.byteOffset, entries.byteLength)
    const seen = { priority: 0, classId: 0, depth: 0, freshAt: 0 }
    for (let at = 0; at < entries.byteLength; at += entryBytes) {
      seen.priority = view.getFloat32(at + 8, true)
      seen.classId = view.getUint16(at + 12, true)
      seen.depth = view.getUint8(at + 14)
      this.#set.insert(view.getUint32(at, true), view.getUint32(at + 4, true), seen)
      this.#countAt(view.getUint32(at + 16, true))
    }
  }
}

const secondsMost = 2 ** 32 - 1
/** What has been seen to is rounded down and what is said is rounded up, so that a part of a second is never lost. What changed before 1970 has not changed. */
const secondsDone = (ms: number | undefined): number => (ms === undefined ? 0 : Math.min(secondsMost, Math.max(0, Math.floor(ms / 1000))))
const secondsSaid = (ms: number | undefined): number => (ms === undefined ? 0 : Math.min(secondsMost, Math.max(0, Math.ceil(ms / 1000))))

import type { Database } from '../sqlite/database.ts'
import { EntryWriter, readEntry, type Entry } from './entry.ts'

/** Entries that wait, at most, for a process that only adds; it then sorts them in itself. */
const entriesMax = 50_000

/**
 * New URLs as they came, one row for all that a transaction adds: it touches the end of one table, where runs and heads would touch a page for each host.
 * Who claims sorts them in first, host by host; whatever came together by then is one run of its host.
 *
 * A row is groups, each: u32 host, u32 bytes, little-endian, and so many bytes of entries (entry.ts).
 */
export class FrontierInbox {
  readonly #db: Database
  readonly #writer = new EntryWriter()
  #waiting = 0

  constructor(db: Database) {
    this.#db = db
  }

  /** More than should wait. */
  get isFull(): boolean {
    return this.#waiting >= entriesMax
  }

  put(host: number, entries: readonly Entry[]): void {
    const [hostAt, bytesAt] = [this.#writer.reserveUint32(), this.#writer.reserveUint32()]
    const start = this.#writer.length
    for (const entry of entries) this.#writer.add(entry)
    this.#writer.setUint32(hostAt, host)
    this.#writer.setUint32(bytesAt, this.#writer.length - start)
    this.#waiting += entries.length
  }

  write(): void {
    if (this.#writer.length > 0) this.#db.run('insert into inbox (groups) values (?)', this.#writer.written())
    this.#writer.clear()
  }

  /** Takes out all there is: the entries of each host, hosts in the order in which pages of `runs` stand. */
  empty(): [number, Entry[]][] {
    this.write()
    this.#waiting = 0
    const rows = this.#db.all<{ groups: Uint8Array }>('select groups from inbox order by id')
    if (rows.length === 0) return []
    this.#db.run('delete from inbox')
    const hosts = new Map<number, Entry[]>()
    for (const { groups } of rows) collect(Buffer.from(groups.buffer, groups.byteOffset, groups.byteLength), hosts)
    return [...hosts].toSorted(([a], [b]) => a - b)
  }

  forget(): void {
    this.#writer.clear()
    this.#waiting = 0
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

import { recentValues } from '#infra/recent-values.ts'
import { inMemory, openDatabase } from '#infra/sqlite/database.ts'
import { fileSchemas } from '#infra/sqlite/schema.ts'
import { waitForNobody } from '#infra/sqlite/when-free.ts'
import { OrreryError } from '#schemas/errors.ts'
import { hostOf } from '#schemas/identity/url-parts.ts'
import { doubleHash } from './double-hash.ts'

/** What marks are of: each kind of a host is bounded by itself. */
const markKinds = { variants: 1, contents: 2, shapes: 3 }
type MarkKind = keyof typeof markKinds

/**
 * Numbers that are remembered of hosts: host, kind, topic, mark → value. All are whole and below 2^53 (doubleHash); a host is the name and port of a URL.
 *
 * Contract: bounded per host and kind, and over all hosts; kept in SQLite. What is put is seen at once by `get`, and survives kill -9 from the end of this turn
 * of the event loop on. It never waits: while another process has the file nothing is remembered. So any mark may be missing, and whoever asks must do without.
 */
export interface HostMarks {
  get(url: string, kind: MarkKind, topic: number, mark: number): number | undefined
  /** False: nothing was remembered, such as a new mark of a host that has as many of this kind as it may. */
  put(url: string, kind: MarkKind, topic: number, mark: number, value: number): boolean
  drop(url: string, kind: MarkKind, topic: number, mark: number): void
}

export interface MarkBounds {
  /** Marks of one kind of one host. */
  hostMarksMax: number
  /** Marks of all hosts, about 40 bytes each: beyond them those groups go that have not grown for longest. */
  marksMax: number
}

const boundsDefault: MarkBounds = { hostMarksMax: 250_000, marksMax: 4_000_000 }
/** Of one group, before anything else is done. */
const forgottenAtOnce = 1000
const hostCacheBytes = 2 ** 20

/**
 * @param path of the file; absent: in memory
 * @throws OrreryError `newer_version`, `data_unreadable`
 */
export function openHostMarks(path: string = inMemory, { hostMarksMax, marksMax }: MarkBounds = boundsDefault): HostMarks & Disposable {
  const db = openDatabase(path, fileSchemas.marks)
  // A power cut may cost the last marks, not the file, and no visit waits for a sync.
  db.run('pragma synchronous = normal')
  waitForNobody(db)
  const hosts = recentValues<string, number>({ bytesMax: hostCacheBytes })
  let isWriting = false
  let isClosed = false
  const start = orMissing(() => db.get<{ marks: number; grown: number }>('select total(marks) as marks, ifnull(max(grown), 0) as grown from groups'))
  let [total, turn] = [start?.marks ?? 0, start?.grown ?? 0]

  const keyOf = (url: string): number => {
    const host = hostOf(url)
    const known = hosts.get(host)
    if (known !== undefined) return known
    const key = doubleHash(host)
    hosts.keep(host, key)
    return key
  }
  const commit = (): void => {
    if (!isWriting || isClosed) return
    isWriting = false
    try {
      db.script('commit')
    } catch {
      // A disk that is full has ended the transaction: what was put in this turn is forgotten.
      orMissing(() => db.script('rollback'))
    }
  }
  /** All that is written in one turn of the event loop is one transaction. */
  const write = (work: () => boolean): boolean =>
    orMissing(() => {
      if (!isWriting) {
        db.script('begin immediate')
        isWriting = true
        setImmediate(commit)
      }
      return work()
    }) ?? false
  const forgetOldest = (): void => {
    const oldest = db.get<{ host: number; kind: number }>('select host, kind from groups order by grown limit 1')
    if (!oldest) return
    const gone = db.run(
      'delete from marks where (host, kind, topic, mark) in (select host, kind, topic, mark from marks where host = ? and kind = ? limit ?)',
      oldest.host,
      oldest.kind,
      forgottenAtOnce,
    )
    total -= gone
    if (gone < forgottenAtOnce) db.run('delete from groups where host = ? and kind = ?', oldest.host, oldest.kind)
    else db.run('update groups set marks = marks - ? where host = ? and kind = ?', gone, oldest.host, oldest.kind)
  }
  const count = (host: number, kind: number): void => {
    if (++total > marksMax) forgetOldest()
    db.run('insert into groups values (?, ?, 1, ?) on conflict do update set marks = marks + 1, grown = excluded.grown', host, kind, ++turn)
  }
  const find = (host: number, kind: number, topic: number, mark: number): number | undefined =>
    db.get<{ value: number }>('select value from marks where host = ? and kind = ? and topic = ? and mark = ?', host, kind, topic, mark)?.value

  return {
    get: (url, kind, topic, mark) => orMissing(() => find(keyOf(url), markKinds[kind], topic, mark)),
    put: (url, kind, topic, mark, value) =>
      write(() => {
        const [host, kindId] = [keyOf(url), markKinds[kind]]
        const known = find(host, kindId, topic, mark)
        if (known === value) return true
        if (known === undefined) {
          const { marks = 0 } = db.get<{ marks: number }>('select marks from groups where host = ? and kind = ?', host, kindId) ?? {}
          if (marks >= hostMarksMax) return false
          count(host, kindId)
        }
        db.run('insert into marks values (?, ?, ?, ?, ?) on conflict do update set value = excluded.value', host, kindId, topic, mark, value)
        return true
      }),
    drop: (url, kind, topic, mark) =>
      void write(() => {
        const [host, kindId] = [keyOf(url), markKinds[kind]]
        const gone = db.run('delete from marks where host = ? and kind = ? and topic = ? and mark = ?', host, kindId, topic, mark)
        total -= gone
        if (gone > 0) db.run('update groups set marks = marks - 1 where host = ? and kind = ?', host, kindId)
        return true
      }),
    [Symbol.dispose]() {
      commit()
      isClosed = true
      db[Symbol.dispose]()
    },
  }
}

/** Undefined when another process has the file now. */
function orMissing<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'store_unavailable') return undefined
    throw error
  }
}

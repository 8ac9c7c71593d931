import { recentValues } from '#infra/recent-values.ts'
import { inMemory, openDatabase } from '#infra/sqlite/database.ts'
import { fileSchemas } from '#infra/sqlite/schema.ts'
import { unlessTaken, waitForNobody } from '#infra/sqlite/when-free.ts'
import { hostOf } from '#schemas/identity/url-parts.ts'
import { doubleHash } from './double-hash.ts'

/** What marks are of: each kind of a host is bounded by itself. */
const markKinds = { variants: 1, contents: 2, shapes: 3 }
type MarkKind = keyof typeof markKinds

/**
 * Numbers that are remembered of hosts: host, kind, topic, mark → value. All are whole and below 2^53 (doubleHash); a host is the name and port of a URL.
 *
 * Contract: bounded per host and kind, and over all hosts; kept in SQLite. What is put is seen at once by `get`, and written with all else of its quarter of a
 * second, so kill -9 costs the last marks. It never waits: while another process has the file what is put stays in memory, as far as there is room. So any mark
 * may be missing, and whoever asks must do without.
 */
export interface HostMarks {
  get(url: string, kind: MarkKind, topic: number, mark: number): number | undefined
  /** False: nothing was remembered: a new mark of a host that has as many of this kind as it may. */
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
const writeEveryMs = 250
/** What waits to be written: so many are written at once, and of more than that nothing is remembered as long as the file is not to be had. */
const [waitingMany, waitingMost] = [2000, 20_000]
const [hostsBytes, groupsBytes, recentBytes, freshBytes] = [2 ** 20, 2 ** 20, 4 * 2 ** 20, 8 * 2 ** 20]
/** Marks of a host that had none, and what they take. */
const [freshMost, freshGroupBytes] = [1000, 24_000]

interface Mark {
  host: number
  kind: number
  topic: number
  mark: number
  /** undefined: dropped. */
  value: number | undefined
}

/** What the marks that wait to be written change of how many a host has of a kind. */
interface Growth {
  host: number
  kind: number
  by: number
  isNew: boolean
}

/**
 * @param path of the file; absent: in memory
 * @throws OrreryError `newer_version`, `data_unreadable`
 */
export function openHostMarks(path: string = inMemory, { hostMarksMax, marksMax }: MarkBounds = boundsDefault): HostMarks & Disposable {
  const db = openDatabase(path, fileSchemas.marks)
  // A power cut may cost the last marks, not the file, and no visit waits for a sync.
  db.run('pragma synchronous = normal')
  waitForNobody(db)
  const hosts = recentValues<string, number>({ bytesMax: hostsBytes })
  /** How many marks a host has of a kind. */
  const groups = recentValues<number, number>({ bytesMax: groupsBytes })
  /** What was asked for or put lately; -1: nothing is known. */
  const recent = recentValues<number, number>({ bytesMax: recentBytes })
  /** All marks of hosts that had none when they were first asked about: of what is not among them the file need not be asked. */
  const fresh = recentValues<number, Set<number>>({ bytesMax: freshBytes, bytesOf: () => freshGroupBytes })
  const waiting = new Map<number, Mark>()
  const growths = new Map<number, Growth>()
  let timer: NodeJS.Timeout | undefined
  const start = unlessTaken(() => db.get<{ marks: number; grown: number }>('select total(marks) as marks, ifnull(max(grown), 0) as grown from groups'))
  let [total, turn] = [start?.marks ?? 0, start?.grown ?? 0]

  const hostKey = (url: string): number => {
    const host = hostOf(url)
    const known = hosts.get(host)
    if (known !== undefined) return known
    const key = doubleHash(host)
    hosts.keep(host, key)
    return key
  }
  const forgetOldest = (): boolean => {
    const oldest = db.get<{ host: number; kind: number }>('select host, kind from groups order by grown limit 1')
    if (!oldest) return false
    const gone = db.run(
      'delete from marks where (host, kind, topic, mark) in (select host, kind, topic, mark from marks where host = ? and kind = ? limit ?)',
      oldest.host,
      oldest.kind,
      forgottenAtOnce,
    )
    total -= gone
    groups.drop(groupOf(oldest))
    if (gone < forgottenAtOnce) db.run('delete from groups where host = ? and kind = ?', oldest.host, oldest.kind)
    else db.run('update groups set marks = marks - ? where host = ? and kind = ?', gone, oldest.host, oldest.kind)
    return true
  }
  const writeAll = (): void => {
    for (const { host, kind, topic, mark, value } of waiting.values()) {
      if (value === undefined) db.run('delete from marks where host = ? and kind = ? and topic = ? and mark = ?', host, kind, topic, mark)
      else db.run('insert into marks values (?, ?, ?, ?, ?) on conflict do update set value = excluded.value', host, kind, topic, mark, value)
    }
    for (const { host, kind, by, isNew } of growths.values()) {
      const grown = isNew ? ++turn : 0
      db.run('insert into groups values (?, ?, ?, ?) on conflict do update set marks = marks + ?3, grown = max(grown, ?4)', host, kind, by, grown)
    }
    for (;;) if (total <= marksMax || !forgetOldest()) break
  }
  const write = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (waiting.size === 0) return
    const isWritten = unlessTaken(() => (db.transaction(writeAll), true)) ?? false
    if (!isWritten) return
    waiting.clear()
    growths.clear()
  }
  const countOf = (group: number, { host, kind }: Mark): number => {
    const known = groups.get(group)
    if (known !== undefined) return known
    const row = unlessTaken(() => db.get<{ marks: number }>('select total(marks) as marks from groups where host = ? and kind = ?', host, kind))
    if (!row) return 0
    const marks = row.marks + (growths.get(group)?.by ?? 0)
    groups.keep(group, marks)
    if (marks === 0) fresh.keep(group, new Set())
    return marks
  }
  const find = (key: number, asked: Mark): number | undefined => {
    const { host, kind, topic, mark } = asked
    const group = groupOf(asked)
    if (countOf(group, asked) === 0 || fresh.get(group)?.has(key) === false) return undefined
    const known = recent.get(key)
    if (known !== undefined) return known === -1 ? undefined : known
    const row = unlessTaken(() =>
      db.get<{ value: number }>('select value from marks where host = ? and kind = ? and topic = ? and mark = ?', host, kind, topic, mark),
    )
    recent.keep(key, row?.value ?? -1)
    return row?.value
  }
  const markOf = (url: string, kind: MarkKind, topic: number, mark: number, value?: number): { key: number; asked: Mark } => {
    const asked = { host: hostKey(url), kind: markKinds[kind], topic, mark, value }
    return { key: keyOf(asked), asked }
  }
  const change = (key: number, changed: Mark, by: number): void => {
    const { host, kind, value } = changed
    waiting.set(key, changed)
    recent.keep(key, value ?? -1)
    if (by !== 0) {
      const group = groupOf(changed)
      groups.keep(group, countOf(group, changed) + by)
      if (by > 0 && (fresh.get(group)?.add(key).size ?? 0) > freshMost) fresh.drop(group)
      total += by
      const { by: before, isNew } = growths.get(group) ?? { by: 0, isNew: false }
      growths.set(group, { host, kind, by: before + by, isNew: isNew || by > 0 })
    }
    if (waiting.size >= waitingMany) write()
    else timer ??= setTimeout(write, writeEveryMs).unref()
  }

  return {
    get(url, kind, topic, mark) {
      const { key, asked } = markOf(url, kind, topic, mark)
      const changed = waiting.get(key)
      return changed ? changed.value : find(key, asked)
    },
    put(url, kind, topic, mark, value) {
      const { key, asked } = markOf(url, kind, topic, mark, value)
      const changed = waiting.get(key)
      const known = changed ? changed.value : find(key, asked)
      if (known === value) return true
      if (known === undefined && countOf(groupOf(asked), asked) >= hostMarksMax) return false
      if (!changed && waiting.size >= waitingMost) return false
      change(key, asked, known === undefined ? 1 : 0)
      return true
    },
    drop(url, kind, topic, mark) {
      const { key, asked } = markOf(url, kind, topic, mark)
      const changed = waiting.get(key)
      if ((changed ? changed.value : find(key, asked)) !== undefined) change(key, asked, -1)
    },
    [Symbol.dispose]() {
      write()
      db[Symbol.dispose]()
    },
  }
}

/** What a mark is remembered by in memory, below 2^53; two of the some ten thousand that are there share one hardly ever, and are then mistaken for each other. */
const keyOf = ({ host, kind, topic, mark }: Mark): number => mixed(mixed(host, topic), mark + kind)
const groupOf = ({ host, kind }: Pick<Mark, 'host' | 'kind'>): number => mixed(host, kind)

/** MurmurHash3's steps over the halves of two whole numbers below 2^53. */
function mixed(a: number, b: number): number {
  let h = Math.imul((a >>> 0) ^ 0x9e3779b9, 0xcc9e2d51)
  h = Math.imul((h ^ (h >>> 15) ^ (a / 2 ** 32)) | 0, 0x1b873593)
  h = Math.imul((h ^ (h >>> 13) ^ b) | 0, 0x85ebca6b)
  const low = Math.imul((h ^ (h >>> 16) ^ (b / 2 ** 32)) | 0, 0xc2b2ae35)
  return ((h >>> 11) & 0x1f_ffff) * 2 ** 32 + ((low ^ (low >>> 16)) >>> 0)
}

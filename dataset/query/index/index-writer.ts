import { createHash } from 'node:crypto'
import { openDatabase, type Database } from '#infra/sqlite/database.ts'
import { fileSchemas } from '#infra/sqlite/schema.ts'
import { DeletedRows } from '#schemas/deletion-vector.ts'
import { qualityScore } from '#schemas/quality-score.ts'
import { pageUrl } from '#schemas/identity/canonical-url.ts'
import { sourceName } from '#schemas/data-universe.ts'
import { foldText } from '../words/words.ts'
import { weighWords } from '../words/weights.ts'
import { indexPath } from './index-folder.ts'
import { rowChecksum } from './row-checksum.ts'
import { packDocument, type ShownDocument } from './packed-document.ts'
import { Segments, type WordLists } from './segments.ts'

/** A row is in the newest version until it is not. */
export const stays = 2 ** 31 - 1

/** A file as a version lists it. `deletes`: sha256 of its deletion vector, '' for none. */
export interface ClaimedFile {
  key: string
  bytes: number
  rows: number
  deletes: string
}

/** What the index takes in of a row. */
export interface TakenRow {
  position: number
  document: ShownDocument
  text: string
}

/** The groups of a version by miner and job; `list`: what it has of them, by content. */
export interface ClaimedGroup {
  hotkey: string
  job: string
  list: string
}

/**
 * The writing half of an index; of one process at a time. Versions are taken in from older to newer; what of one is in already is not taken in again, so a call that was cut off, or a process,
 * may begin that version anew and ends with the same content.
 */
export interface IndexWriter {
  /** The version that is in it, 0 for none; the oldest it may be asked of; rows there were and rows that no version has any more. */
  state(): Promise<IndexState>
  /** Groups that differ from what is in it, by their place among those given; those that are none of them go. */
  begin(version: number, groups: readonly ClaimedGroup[]): Promise<{ place: number; owner: number }[]>
  /** Files of a group that differ, by their place among those given. `isLast`: what was not given of the group goes. */
  files(version: number, owner: number, files: readonly ClaimedFile[], isLast: boolean): Promise<{ place: number; file: number }[]>
  /** Rows of a file that the version has no more go. @param deleted words of a DeletedRows @returns those that it has and the index has not */
  rows(version: number, file: number, deleted: Uint32Array): Promise<Uint32Array>
  add(version: number, file: number, rows: readonly TakenRow[]): Promise<void>
  /** All rows of the file were added. */
  done(file: number, deletes: string): Promise<void>
  /** All files of the version are done. */
  finish(version: number, groups: readonly ClaimedGroup[]): Promise<void>
  /** Forgets some rows that only versions before had. @returns whether there are more */
  forget(before: number): Promise<boolean>
  /** Brings segments together, a step at a time. @returns whether there is more to do */
  tidy(): Promise<boolean>
}

export interface IndexState {
  followed: number
  oldest: number
  rows: number
  gone: number
}

export const indexWriterMethods = { state: true, begin: true, files: true, rows: true, add: true, done: true, finish: true, forget: true, tidy: true } as const

/** Rows that are held until they are written together, with the words of their texts. */
const heldMax = { rows: 2000, chars: 16 * 2 ** 20 }
const forgottenAtOnce = 5000
const uriDigits = 12

interface HeldRow extends TakenRow {
  version: number
  file: number
}

/** @param folder of the index */
export function openIndexWriter(folder: string, generation: number): IndexWriter & AsyncDisposable {
  const db = openDatabase(indexPath(folder, generation), fileSchemas.rows)
  const writer = new Writer(db)
  return {
    state: async () => writer.state(),
    begin: async (version, groups) => writer.begin(version, groups),
    files: async (version, owner, files, isLast) => writer.files(version, owner, files, isLast),
    rows: async (version, file, deleted) => writer.rows(version, file, DeletedRows.ofWords(deleted)),
    add: async (version, file, rows) => writer.add(version, file, rows),
    done: async (file, deletes) => writer.done(file, deletes),
    finish: async (version, groups) => writer.finish(version, groups),
    forget: async (before) => writer.forget(before),
    tidy: async () => writer.tidy(),
    [Symbol.asyncDispose]: async () => db[Symbol.dispose](),
  }
}

/** What a page is found by: 48 bits of the sha256 of its canonical URL. */
export const uriNumber = (uri: string): number =>
  Number.parseInt(
    createHash('sha256')
      .update(pageUrl(uri) ?? uri)
      .digest('hex')
      .slice(0, uriDigits),
    16,
  )

class Writer {
  readonly #db: Database
  readonly #segments: Segments
  #held: HeldRow[] = []
  #heldChars = 0
  /** Places of the groups of the version that is taken in which differ. */
  #changed: number[] = []
  /** Files whose last rows are among those held. */
  #ended: { file: number; deletes: string }[] = []

  constructor(db: Database) {
    this.#db = db
    this.#segments = new Segments(db)
  }

  state(): IndexState {
    const rows = this.#db.get<{ rows: number }>('select coalesce(max(number), 0) as rows from rows')?.rows ?? 0
    return { followed: this.#fact('followed'), oldest: this.#fact('oldest'), rows, gone: this.#fact('gone') }
  }

  begin(version: number, groups: readonly ClaimedGroup[]): { place: number; owner: number }[] {
    this.#held = []
    this.#ended = []
    this.#heldChars = 0
    const known = new Map(
      this.#db.all<{ number: number; hotkey: string; job: string; list: string }>('select * from groups').map((group) => [nameOf(group), group]),
    )
    const changed: { place: number; owner: number }[] = []
    for (const [place, group] of groups.entries()) {
      const found = known.get(nameOf(group))
      known.delete(nameOf(group))
      if (found?.list !== group.list) changed.push({ place, owner: found?.number ?? this.#newGroup(group) })
    }
    for (const { number } of known.values()) {
      this.#retireUnseen(version, number)
      this.#db.run('delete from groups where number = ?', number)
    }
    this.#changed = changed.map(({ place }) => place)
    return changed
  }

  /** Its list stands for nothing until the version is in. */
  #newGroup({ hotkey, job }: ClaimedGroup): number {
    return this.#db.get<{ number: number }>(`insert into groups (hotkey, job, list) values (?, ?, '') returning number`, hotkey, job)?.number ?? 0
  }

  files(version: number, owner: number, files: readonly ClaimedFile[], isLast: boolean): { place: number; file: number }[] {
    const changed: { place: number; file: number }[] = []
    this.#db.transaction(() => {
      for (const [place, { key, bytes, rows, deletes }] of files.entries()) {
        const found = this.#db.get<{ number: number; deletes: string }>('select number, deletes from files where owner = ? and key = ?', owner, key)
        if (found) this.#db.run('update files set seen = ? where number = ?', version, found.number)
        if (found?.deletes === deletes) continue
        const insert = `insert into files (owner, key, bytes, rows, deletes, seen, live) values (?, ?, ?, ?, '?', ?, x'') returning number`
        const file = found?.number ?? this.#db.get<{ number: number }>(insert, owner, key, bytes, rows, version)?.number ?? 0
        changed.push({ place, file })
      }
    })
    if (isLast) this.#retireUnseen(version, owner)
    return changed
  }

  #retireUnseen(version: number, owner: number): void {
    for (const { number } of this.#db.all<{ number: number }>('select number from files where owner = ? and seen < ?', owner, version)) {
      this.#db.transaction(() => {
        this.#db.run('update rows set until = ? where file = ? and until = ?', version, number, stays)
        this.#db.run(`update files set live = x'', deletes = '?' where number = ?`, number)
      })
    }
  }

  rows(version: number, file: number, deleted: DeletedRows): Uint32Array {
    const { rows, live } = this.#file(file)
    const wanted: number[] = []
    this.#db.transaction(() => {
      const left = live.words.slice()
      for (let position = 0; position < rows; position++) {
        const [isIn, isWanted] = [live.has(position), !deleted.has(position)]
        if (isWanted && !isIn) wanted.push(position)
        if (isWanted || !isIn) continue
        this.#db.run('update rows set until = ? where file = ? and position = ? and until = ?', version, file, position, stays)
        left[position >> 5] = (left[position >> 5] as number) & ~(1 << (position & 31))
      }
      this.#db.run('update files set live = ? where number = ?', bytesOf(left), file)
    })
    return Uint32Array.from(wanted)
  }

  #file(file: number): { rows: number; live: DeletedRows } {
    const { rows, live } = this.#db.get<{ rows: number; live: Uint8Array }>('select rows, live from files where number = ?', file) ?? {
      rows: 0,
      live: new Uint8Array(),
    }
    return { rows, live: DeletedRows.ofWords(new Uint32Array(Uint8Array.from(live).buffer)) }
  }

  add(version: number, file: number, rows: readonly TakenRow[]): void {
    for (const row of rows) {
      this.#held.push({ ...row, version, file })
      this.#heldChars += row.text.length
    }
    if (this.#held.length >= heldMax.rows || this.#heldChars >= heldMax.chars) this.#write()
  }

  done(file: number, deletes: string): void {
    this.#ended.push({ file, deletes })
  }

  finish(version: number, groups: readonly ClaimedGroup[]): void {
    this.#write()
    this.#db.transaction(() => {
      for (const place of this.#changed) {
        const { hotkey, job, list } = groups[place] as ClaimedGroup
        this.#db.run('update groups set list = ? where hotkey = ? and job = ?', list, hotkey, job)
      }
      if (this.#fact('oldest') === 0) this.#keepFact('oldest', version)
      this.#keepFact('followed', version)
    })
  }

  /** All that is held, rows and words, or nothing of it. */
  #write(): void {
    const words: WordLists = new Map()
    this.#db.transaction(() => {
      const positions = new Map<number, number[]>()
      for (const row of this.#held) {
        this.#insert(row, words)
        const added = positions.get(row.file)
        if (added) added.push(row.position)
        else positions.set(row.file, [row.position])
      }
      for (const [file, added] of positions) {
        const live = this.#file(file).live.union(DeletedRows.of(added))
        this.#db.run('update files set live = ? where number = ?', bytesOf(live.words), file)
      }
      for (const { file, deletes } of this.#ended) this.#db.run('update files set deletes = ? where number = ?', deletes, file)
      if (words.size > 0) this.#segments.add(words)
    })
    this.#held = []
    this.#heldChars = 0
    this.#ended = []
  }

  #insert({ version, file, position, document, text }: HeldRow, words: WordLists): void {
    const { id, uri, label, host, lang, rights, source, datetime, fetched_at, text_bytes, quality, title } = document
    const written = {
      file,
      position,
      since: version,
      uri: uriNumber(uri),
      label: this.#nameNumber('label', label),
      host: this.#nameNumber('host', host),
      lang: this.#nameNumber('lang', lang),
      licence: rights.licence === null ? 0 : this.#nameNumber('licence', rights.licence),
      source: this.#nameNumber('source', sourceName(source)),
      datetime: datetime.getTime(),
      fetched_at: fetched_at.getTime(),
      text_bytes,
      quality: qualityScore(quality),
      id: Buffer.from(id, 'hex'),
    }
    const names = Object.keys(written)
    const row = this.#db.get<{ number: number }>(
      `insert into rows (${names.join(', ')}, until, checksum) values (${names.map(() => '?').join(', ')}, ?, ?) returning number`,
      // oxlint-disable-next-line orrery/no-spread-call -- its columns
      ...Object.values(written),
      stays,
      rowChecksum(written),
    )
    if (!row) return
    this.#db.run('insert into documents values (?, ?)', row.number, packDocument(document, excerptOf(text)))
    for (const [word, weight] of weighWords(title, text)) {
      const list = words.get(word)
      if (list) {
        list.rows.push(row.number)
        list.weights.push(weight)
      } else words.set(word, { rows: [row.number], weights: [weight] })
    }
  }

  #nameNumber(field: string, value: string): number {
    const found = this.#db.get<{ number: number }>('select number from names where field = ? and value = ?', field, value)
    if (found) return found.number
    return (
      this.#db.get<{ number: number }>('insert into names (field, value, folded) values (?, ?, ?) returning number', field, value, foldText(value))?.number ?? 0
    )
  }

  forget(before: number): boolean {
    return this.#db.transaction(() => {
      const gone = this.#db.all<{ number: number }>('select number from rows where until <= ? limit ?', before, forgottenAtOnce)
      for (const { number } of gone) {
        this.#db.run('delete from documents where number = ?', number)
        this.#db.run('delete from rows where number = ?', number)
      }
      this.#keepFact('gone', this.#fact('gone') + gone.length)
      this.#keepFact('oldest', before)
      if (gone.length < forgottenAtOnce) this.#db.run(`delete from files where deletes = '?' and not exists (select 1 from rows where file = files.number)`)
      return gone.length === forgottenAtOnce
    })
  }

  tidy(): boolean {
    return this.#segments.tidy()
  }

  #fact(name: 'followed' | 'oldest' | 'gone'): number {
    return Number(this.#db.get<{ value: string }>('select value from facts where name = ?', name)?.value ?? 0)
  }

  #keepFact(name: 'followed' | 'oldest' | 'gone', value: number): void {
    this.#db.run('insert into facts values (?, ?) on conflict do update set value = excluded.value', name, String(value))
  }
}

const nameOf = ({ hotkey, job }: Pick<ClaimedGroup, 'hotkey' | 'job'>): string => `${hotkey}/${job}`

const bytesOf = (words: Uint32Array): Uint8Array => new Uint8Array(words.buffer, words.byteOffset, words.byteLength)

const excerptUnits = 280
/** The beginning of a text, in whole characters. */
const excerptOf = (text: string): string => text.slice(0, excerptUnits).replace(/[\ud800-\udbff]$/, '')

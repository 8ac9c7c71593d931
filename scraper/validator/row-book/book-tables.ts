import { dirname } from 'node:path'
import { openDatabase, type Database } from '#infra/sqlite/database.ts'
import { fileSchemas } from '#infra/sqlite/schema.ts'
import type { RowGroup } from '#schemas/data-file.ts'
import { decodeDeletionVector, DeletedRows, encodeDeletionVector } from '#schemas/deletion-vector.ts'
import { limits } from '#schemas/data-universe.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { RowIdentity } from '#schemas/row-identity.ts'
import { decodeRowList, identityAt, otherLabel, type RowList } from '#schemas/row-list.ts'
import { drawPicks } from './draw.ts'
import { findRepeats, setRepeats } from './repeats.ts'
import type { BookTotals, DrawnPlace, EarnedBucket, FileProofs, KnownFile, ListedRows, TakenClaim } from './row-book.ts'
import { counts, isGone, isWordless, packColumns, rowFlags, unpackColumns, type BookColumns } from './row-columns.ts'
import { Sights } from './sights.ts'

interface StoredFile {
  file: number
  rows: number
  block: number
  labels: string
}

const noTotals: BookTotals = { rows: 0, textBytes: 0, wordless: 0, repeats: 0, foreign: 0, counted: 0 }

/** Each change of it is whole or not at all. */
export class BookTables implements Disposable {
  readonly #db: Database
  readonly #sights: Sights
  /** Numbers of the miners that show something, and did not lie of it. */
  readonly #there: Set<number>
  /** Numbers that stand for nobody any more. */
  readonly #forgotten: Set<number>

  constructor(path: string) {
    this.#db = openDatabase(path, fileSchemas.found)
    // Of one evaluation: gone with the process.
    this.#db.script(
      `create temp table ranked (
         miner integer, place integer, job_id text, hour integer, label text, rows integer, bytes integer, primary key (miner, place)
       ) without rowid`,
    )
    this.#forgotten = new Set(this.#db.all<{ miner: number }>("select miner from miners where hotkey like '% %'").map(({ miner }) => miner))
    this.#sights = openSights(dirname(path), this.#db, (miner) => this.#forgotten.has(miner))
    const there = 'select distinct miner from files join miners using (miner) where liar = 0'
    this.#there = new Set(this.#db.all<{ miner: number }>(there).map(({ miner }) => miner))
  }

  files(hotkey: string): KnownFile[] {
    return this.#db.all<KnownFile>(
      'select sha256, key, job_id as jobId, bytes, rows, written_at as writtenAt, deletes from files where miner = ? order by file',
      this.#minerOf(hotkey),
    )
  }

  add(hotkey: string, { list: listBytes, ...file }: ListedRows, block: number): string | undefined {
    let list: RowList
    let gone: DeletedRows
    try {
      list = decodeRowList(listBytes, file)
      gone = file.deletes ? decodeDeletionVector(file.deletes.blob, file.rows) : DeletedRows.none
    } catch (error) {
      if (error instanceof OrreryError && error.code === 'invalid_record') return error.message
      throw error
    }
    const disagreement = disagreementOf(list, file)
    if (disagreement !== undefined) return disagreement
    this.#db.run('insert into miners (hotkey) values (?) on conflict do nothing', hotkey)
    const miner = this.#minerOf(hotkey)
    const columns: BookColumns = { ...list, flags: new Uint8Array(file.rows) }
    for (const row of gone) columns.flags[row] = rowFlags.gone
    const overtaken = this.#sights.see(columns, this.#seeing(miner, block))
    this.#db.transaction(() => {
      for (const other of overtaken) this.#db.run('update miners set stale = 1 where miner = ?', other)
      this.#db.run(
        `insert into files (miner, sha256, key, job_id, bytes, rows, written_at, deletes, block, labels, groups, digests, columns)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        miner,
        file.sha256,
        file.key,
        file.jobId,
        file.bytes,
        file.rows,
        file.writtenAt,
        file.deletes?.sha256 ?? null,
        block,
        JSON.stringify(file.labels.map(([label]) => label)),
        JSON.stringify(file.groups),
        list.digests,
        packColumns(columns),
      )
      this.#changed(miner)
    })
    if (!this.#isLiar(miner)) this.#there.add(miner)
    return undefined
  }

  setDeletes(hotkey: string, sha256: string, deletes: ListedRows['deletes']): boolean {
    const stored = this.#stored(hotkey, sha256)
    const columns = this.#columns(stored.file)
    const gone = deletes ? decodeDeletionVector(deletes.blob, stored.rows) : DeletedRows.none
    for (let row = 0; row < stored.rows; row++) {
      if (isGone(columns, row) && !gone.has(row)) return false
      if (gone.has(row)) columns.flags[row] = (columns.flags[row] as number) | rowFlags.gone
    }
    this.#db.transaction(() => {
      this.#db.run('update files set deletes = ?, columns = ? where file = ?', deletes?.sha256 ?? null, packColumns(columns), stored.file)
      this.#changed(this.#minerOf(hotkey))
    })
    return true
  }

  drop(hotkey: string, files: readonly string[]): void {
    const miner = this.#minerOf(hotkey)
    this.#db.transaction(() => {
      for (const sha256 of files) {
        this.#db.run('delete from buckets where file in (select file from files where miner = ? and sha256 = ?)', miner, sha256)
        this.#db.run('delete from files where miner = ? and sha256 = ?', miner, sha256)
      }
      if (files.length > 0) this.#changed(miner)
    })
  }

  taken(hotkey: string): TakenClaim | undefined {
    const found = this.#db.get<{ taken: string | null }>('select taken from miners where hotkey = ?', hotkey)
    return found?.taken ? (JSON.parse(found.taken) as TakenClaim) : undefined
  }

  take(hotkey: string, claim: TakenClaim): void {
    this.#db.run('insert into miners (hotkey, taken) values (?1, ?2) on conflict do update set taken = ?2', hotkey, JSON.stringify(claim))
    const miner = this.#minerOf(hotkey)
    if (!this.#db.get('select 1 from files where miner = ?', miner)) this.#there.delete(miner)
  }

  unsettled(): { hotkey: string; rows: number }[] {
    return this.#db.all(
      'select hotkey, sum(rows) as rows from miners join files using (miner) where totals is null or stale <> 0 group by miner order by miner',
    )
  }

  settle(hotkey: string): BookTotals {
    const found = this.#db.get<{ miner: number; stale: number; totals: string | null }>('select miner, stale, totals from miners where hotkey = ?', hotkey)
    if (!found) return noTotals
    if (found.totals !== null && found.stale === 0) return JSON.parse(found.totals) as BookTotals
    const files = this.#db.all<StoredFile>('select file, rows, block, labels from files where miner = ? order by written_at, sha256', found.miner)
    const repeats = findRepeats(files.map(({ file, rows }) => ({ rows, columns: () => this.#columns(file) })))
    const totals = { ...noTotals }
    let first = 0
    for (const stored of files) {
      const columns = this.#columns(stored.file)
      if (found.stale !== 0) this.#overtake(this.#sights.see(columns, this.#seeing(found.miner, stored.block)))
      setRepeats(columns, repeats.subarray(first, (first += stored.rows)))
      this.#storeSettled(stored, columns, totals)
    }
    this.#db.run('update miners set totals = ?, stale = 0 where miner = ?', JSON.stringify(totals), found.miner)
    return totals
  }

  earned(hotkey: string, from: number, count: number): EarnedBucket[] {
    const miner = this.#minerOf(hotkey)
    if (from === 0) this.#rank(miner)
    const buckets = this.#db.all<EarnedBucket>(
      'select job_id as jobId, hour, label, rows, bytes from ranked where miner = ? and place > ? order by place limit ?',
      miner,
      from,
      count,
    )
    if (buckets.length < count) this.#db.run('delete from ranked where miner = ?', miner)
    return buckets
  }

  #rank(miner: number): void {
    this.#db.run('delete from ranked where miner = ?', miner)
    this.#db.run(
      `insert into ranked select ?1, row_number() over (order by sum(buckets.bytes) desc, job_id, hour, label) as place, job_id, hour, label,
         sum(buckets.rows), sum(buckets.bytes)
       from files join buckets using (file) where miner = ?1 group by job_id, hour, label order by place limit ?2`,
      miner,
      limits.indexBuckets,
    )
  }

  draw(hotkey: string, seed: string, rowsWanted: number): DrawnPlace[] {
    const miner = this.#minerOf(hotkey)
    const files = this.#db.all<{ file: number; sha256: string; rows: number; bytes: number }>(
      'select file, sha256, counted as rows, counted_bytes as bytes from files where miner = ? and counted > 0 order by sha256',
      miner,
    )
    const total = files.reduce((sum, { rows }) => sum + rows, 0)
    const wanted = Math.min(rowsWanted, total)
    const places: DrawnPlace[] = []
    const drawn = new Set<string>()
    // What was drawn of few rows comes again and again before the last of them: a bounded number of times.
    const picks = drawPicks(seed, files)
    for (let tries = wanted * 200; places.length < wanted && tries > 0; tries--) {
      const pick = picks.next().value
      const stored = pick && files[pick.file]
      if (!stored) break
      const columns = this.#columns(stored.file)
      const row = pick.by === 'rows' ? nthRow(columns, pick.nth) : rowAtByte(columns, pick.nth)
      if (drawn.has(`${pick.file} ${row}`)) continue
      drawn.add(`${pick.file} ${row}`)
      places.push({ file: stored.sha256, row, block: this.#sights.blocksOf(columns, [row], this.#seeing(miner, 0))[0] ?? 0 })
    }
    return places
  }

  proofs(hotkey: string, sha256: string): FileProofs {
    const { file } = this.#stored(hotkey, sha256)
    const found = this.#db.get<{ digests: Uint8Array; groups: string }>('select digests, groups from files where file = ?', file)
    return { digests: found?.digests ?? new Uint8Array(), groups: JSON.parse(found?.groups ?? '[]') as RowGroup[] }
  }

  identities(hotkey: string, sha256: string, rows: readonly number[]): (RowIdentity & { label: string })[] {
    const { file, labels } = this.#stored(hotkey, sha256)
    const columns = this.#columns(file)
    const names = JSON.parse(labels) as string[]
    return rows.map((row) => ({ ...identityAt(columns, row), label: names[columns.label[row] as number] ?? '' }))
  }

  unpaid(hotkey: string): { file: string; rows: Uint8Array }[] {
    return this.files(hotkey).flatMap(({ sha256, rows }) => {
      const columns = this.#columns(this.#stored(hotkey, sha256).file)
      const unpaid = Array.from({ length: rows }, (_, row) => row).filter((row) => !isGone(columns, row) && !counts(columns, row))
      return unpaid.length === 0 ? [] : [{ file: sha256, rows: encodeDeletionVector(DeletedRows.of(unpaid)) }]
    })
  }

  hotkeys(): string[] {
    return this.#db
      .all<{ hotkey: string }>('select hotkey from miners where taken is not null or miner in (select miner from files)')
      .map(({ hotkey }) => hotkey)
  }

  /** Its number goes with it: what it was the first for is noted under that, and stands for nobody any more. */
  forget(hotkey: string, isLiar: boolean): void {
    const miner = this.#minerOf(hotkey)
    this.#db.transaction(() => {
      this.#db.run('delete from buckets where file in (select file from files where miner = ?)', miner)
      this.#db.run('delete from files where miner = ?', miner)
      this.#db.run("update miners set hotkey = hotkey || ' ' || miner, taken = null, totals = null, stale = 0, liar = 0 where miner = ?", miner)
      if (isLiar) this.#db.run('insert into miners (hotkey, liar) values (?, 1)', hotkey)
      this.#db.run("update miners set stale = 1 where json_extract(totals, '$.foreign') > 0")
    })
    this.#there.delete(miner)
    this.#forgotten.add(miner)
  }

  passed(hotkey: string): void {
    // What it shows is noted from now on.
    if (this.#db.run('update miners set liar = 0, stale = 1 where hotkey = ? and liar = 1', hotkey) > 0) this.#there.add(this.#minerOf(hotkey))
  }

  lastLook(): number {
    return this.#db.get<{ block: number }>('select block from looks')?.block ?? 0
  }

  setLook(block: number): void {
    this.#db.run('insert into looks values (1, ?1) on conflict do update set block = ?1', block)
  }

  [Symbol.dispose](): void {
    this.#sights[Symbol.dispose]()
    this.#db[Symbol.dispose]()
  }

  #overtake(miners: Iterable<number>): void {
    for (const miner of miners) this.#db.run('update miners set stale = 1 where miner = ?', miner)
  }

  #seeing(miner: number, block: number) {
    return { miner, block, isLiar: this.#isLiar(miner), isThere: (other: number) => this.#there.has(other) }
  }

  #isLiar(miner: number): boolean {
    return this.#db.get('select 1 from miners where miner = ? and liar = 1', miner) !== undefined
  }

  #minerOf(hotkey: string): number {
    return this.#db.get<{ miner: number }>('select miner from miners where hotkey = ?', hotkey)?.miner ?? 0
  }

  #stored(hotkey: string, sha256: string): StoredFile {
    const found = this.#db.get<StoredFile>('select file, rows, block, labels from files where miner = ? and sha256 = ?', this.#minerOf(hotkey), sha256)
    if (found) return found
    throw new OrreryError('not_found', `No file ${sha256} of ${hotkey} is known here; take its claim in first.`, { hotkey, sha256 })
  }

  #columns(file: number): BookColumns {
    return unpackColumns(this.#db.get<{ columns: Uint8Array }>('select columns from files where file = ?', file)?.columns ?? new Uint8Array())
  }

  #changed(miner: number): void {
    this.#db.run('update miners set totals = null where miner = ?', miner)
  }

  #storeSettled({ file, labels: spelled }: StoredFile, columns: BookColumns, totals: BookTotals): void {
    const labels = JSON.parse(spelled) as string[]
    const buckets = new Map<number, { rows: number; bytes: number }>()
    let [counted, countedBytes] = [0, 0]
    for (let row = 0; row < columns.uri.length; row++) {
      if (isGone(columns, row)) continue
      const [flags, textBytes] = [columns.flags[row] as number, columns.textBytes[row] as number]
      totals.rows++
      totals.textBytes += textBytes
      if (isWordless(columns, row)) totals.wordless++
      if ((flags & rowFlags.twin) !== 0) totals.repeats++
      if ((flags & rowFlags.own) === 0) totals.foreign++
      if (!counts(columns, row)) continue
      counted++
      countedBytes += textBytes
      const id = (columns.hour[row] as number) * (otherLabel + 1) + (columns.label[row] as number)
      const bucket = buckets.get(id) ?? { rows: 0, bytes: 0 }
      bucket.rows++
      bucket.bytes += textBytes
      buckets.set(id, bucket)
    }
    totals.counted += counted
    this.#db.transaction(() => {
      this.#db.run('update files set columns = ?, counted = ?, counted_bytes = ? where file = ?', packColumns(columns), counted, countedBytes, file)
      this.#db.run('delete from buckets where file = ?', file)
      for (const [id, { rows, bytes }] of buckets) {
        const label = labels[id % (otherLabel + 1)] ?? ''
        this.#db.run('insert into buckets values (?, ?, ?, ?, ?)', file, Math.floor(id / (otherLabel + 1)), label, rows, bytes)
      }
    })
  }
}

/** What was lost is learnt again, from what is claimed now. */
function openSights(folder: string, db: Database, isForgotten: (miner: number) => boolean): Sights {
  try {
    return new Sights(folder, db, isForgotten)
  } catch (error) {
    if (!(error instanceof OrreryError && error.code === 'data_unreadable')) throw error
    db.script('delete from runs; delete from buckets; delete from files; update miners set taken = null, totals = null, stale = 0; delete from looks')
    return new Sights(folder, db, isForgotten)
  }
}

/** Where a list says something else than the snapshot that names it. */
function disagreementOf(list: RowList, { textBytes, labels, hours }: Omit<ListedRows, 'list'>): string | undefined {
  const ofLabel = new Uint32Array(labels.length)
  let [bytes, others, first, last] = [0, 0, Infinity, -Infinity]
  for (let row = 0; row < list.rows; row++) {
    bytes += list.textBytes[row] as number
    first = Math.min(first, list.hour[row] as number)
    last = Math.max(last, list.hour[row] as number)
    const label = list.label[row] as number
    if (label < ofLabel.length) ofLabel[label] = (ofLabel[label] as number) + 1
    else others++
  }
  if (bytes !== textBytes) return `its rows have ${bytes} bytes of text, its snapshot says ${textBytes}`
  if (others > 0 || labels.some(([, rows], place) => rows !== ofLabel[place])) return 'its rows have other labels than its snapshot says'
  if (list.rows > 0 && (first !== hours?.first || last !== hours.last)) return `its rows are of the hours ${first} to ${last}, its snapshot says others`
  return undefined
}

function nthRow(columns: BookColumns, nth: number): number {
  let left = nth
  for (let row = 0; row < columns.uri.length; row++) if (counts(columns, row) && left-- === 0) return row
  throw new RangeError(`there is no row ${nth} of those that count`)
}

function rowAtByte(columns: BookColumns, nth: number): number {
  let left = nth
  for (let row = 0; row < columns.uri.length; row++) {
    if (!counts(columns, row)) continue
    left -= columns.textBytes[row] as number
    if (left < 0) return row
  }
  throw new RangeError(`there is no byte ${nth} of the rows that count`)
}

import { dirname } from 'node:path'
import { openDatabase, type Database } from '#infra/sqlite/database.ts'
import { fileSchemas } from '#infra/sqlite/schema.ts'
import type { RowGroup } from '#schemas/data-file.ts'
import { decodeDeletionVector, DeletedRows, encodeDeletionVector } from '#schemas/deletion-vector.ts'
import { limits } from '#schemas/data-universe.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { RowIdentity } from '#schemas/row-identity.ts'
import { decodeRowList, identityAt, otherLabel, type RowList } from '#schemas/row-list.ts'
import { disagreementOf } from './disagreement.ts'
import { drawPicks } from './draw.ts'
import { findRepeats, setRepeats } from './repeats.ts'
import type { BookTotals, DrawnPlace, EarnedBucket, FileProofs, KnownFile, ListedRows, TakenClaim } from './row-book.ts'
import { counts, isGone, isWordless, nthRow, packColumns, rowAtByte, rowFlags, unpackColumns, type BookColumns } from './row-columns.ts'
import { Showings } from './showings.ts'
import { Sights, type Seeing, type Seen } from './sights.ts'

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
  readonly #showings: Showings
  readonly #hotkeys = new Map<number, string>()

  constructor(path: string) {
    this.#db = openDatabase(path, fileSchemas.found)
    // Of one evaluation: gone with the process.
    this.#db.script(
      `create temp table ranked (
         miner integer, place integer, job_id text, hour integer, label text, rows integer, bytes integer, primary key (miner, place)
       ) without rowid`,
    )
    this.#showings = new Showings(this.#db)
    this.#sights = openSights(dirname(path), this.#db, (showing) => this.#showings.minerOf(showing))
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
    const seeing = this.#seeing(miner, block, this.#isLiar(miner) ? 0 : this.#showings.open(miner, block))
    const seen = this.#sights.see(columns, seeing)
    this.#db.transaction(() => {
      this.#noteSeen(seeing, seen)
      this.#db.run(
        `insert into files (miner, showing, sha256, key, job_id, bytes, rows, written_at, deletes, block, labels, groups, digests, columns)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        miner,
        seeing.showing,
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
    if (!seeing.isLiar) this.#there.add(miner)
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
        const open = 'select 1 from files join showings using (showing) where files.miner = ? and sha256 = ? and held = 0'
        if (this.#db.get(open, miner, sha256)) this.#showings.withdrawn(miner)
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
    const renewed = this.#showings.renew(miner, claim.block)
    if (renewed) this.#renew(miner, renewed)
  }

  /** What was withdrawn before its miner passed with it is noted nowhere any more; the rest keeps its blocks. */
  #renew(miner: number, { ended, begun }: { ended: number; begun: number }): void {
    for (const { file, block } of this.#db.all<{ file: number; block: number }>('select file, block from files where showing = ?', ended)) {
      const isKept = (showing: number): boolean => showing !== ended
      const seeing = { ...this.#seeing(miner, block, begun), isKept }
      this.#noteSeen(seeing, this.#sights.see(this.#columns(file), seeing))
      this.#db.run('update files set showing = ? where file = ?', begun, file)
    }
    this.#db.transaction(() => this.#showings.forget([ended]))
  }

  unsettled(block: number): { hotkey: string; rows: number }[] {
    this.#db.transaction(() => this.#showings.review(block))
    this.#sights.tidy(this.#showings.standing())
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
    const showing = this.#isLiar(found.miner) ? 0 : this.#showings.openNow(found.miner)
    let first = 0
    for (const stored of files) {
      const columns = this.#columns(stored.file)
      const seeing = this.#seeing(found.miner, stored.block, showing)
      if (found.stale !== 0) this.#noteSeen(seeing, this.#sights.see(columns, seeing))
      setRepeats(columns, repeats.subarray(first, (first += stored.rows)))
      this.#storeSettled(stored, columns, totals)
    }
    this.#db.transaction(() => {
      if (found.stale !== 0) this.#db.run('update files set showing = ? where miner = ?', showing, found.miner)
      this.#db.run('update miners set totals = ?, stale = 0 where miner = ?', JSON.stringify(totals), found.miner)
    })
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
      places.push({ file: stored.sha256, row, block: this.#sights.blocksOf(columns, [row], this.#seeing(miner, 0, 0))[0] ?? 0 })
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

  /** Its showings go with it: what it was the first for stands for nobody any more. */
  forget(hotkey: string, isLiar: boolean): void {
    const miner = this.#minerOf(hotkey)
    this.#db.transaction(() => {
      this.#db.run('delete from buckets where file in (select file from files where miner = ?)', miner)
      this.#db.run('delete from files where miner = ?', miner)
      this.#showings.forgetAllOf(miner)
      this.#db.run('delete from miners where miner = ?', miner)
      if (isLiar) this.#db.run('insert into miners (hotkey, liar) values (?, 1)', hotkey)
    })
    this.#there.delete(miner)
    this.#hotkeys.delete(miner)
  }

  passed(hotkey: string): void {
    this.#showings.hold(this.#minerOf(hotkey))
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

  #noteSeen({ miner, showing }: Seeing, { overtaken, behind, noted }: Seen): void {
    for (const other of overtaken) this.#db.run('update miners set stale = 1 where miner = ?', other)
    this.#showings.noteBehind(miner, behind)
    this.#showings.noteSights(showing, noted)
  }

  #seeing(miner: number, block: number, showing: number): Seeing {
    const youngFrom = this.#showings.youngFrom()
    return {
      miner,
      block,
      showing,
      isLiar: this.#isLiar(miner),
      isThere: (other) => this.#there.has(other),
      precedes: (other) => this.#hotkeyOf(other) < this.#hotkeyOf(miner),
      isKept: (noted) => noted >= youngFrom,
    }
  }

  #isLiar(miner: number): boolean {
    return this.#db.get('select 1 from miners where miner = ? and liar = 1', miner) !== undefined
  }

  #minerOf(hotkey: string): number {
    return this.#db.get<{ miner: number }>('select miner from miners where hotkey = ?', hotkey)?.miner ?? 0
  }

  #hotkeyOf(miner: number): string {
    const known = this.#hotkeys.get(miner) ?? this.#db.get<{ hotkey: string }>('select hotkey from miners where miner = ?', miner)?.hotkey ?? ''
    this.#hotkeys.set(miner, known)
    return known
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
function openSights(folder: string, db: Database, minerOf: (showing: number) => number | undefined): Sights {
  try {
    return new Sights(folder, db, minerOf)
  } catch (error) {
    if (!(error instanceof OrreryError && error.code === 'data_unreadable')) throw error
    db.script(
      'delete from runs; delete from buckets; delete from files; delete from showings; delete from behind; update miners set taken = null, totals = null, stale = 0; delete from looks',
    )
    return new Sights(folder, db, minerOf)
  }
}

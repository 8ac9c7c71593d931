import { openDatabase } from '#infra/sqlite/database.ts'
import type { PortThread } from '#infra/sqlite/port-thread.ts'
import { fileSchemas } from '#infra/sqlite/schema.ts'
import { countFlags, packFacts, unpackFacts, type FlagCounts, type RowFacts } from './file-facts.ts'
import type { Failure } from './failure.ts'

/** What was found in one immutable file, of the rows that its deletion vector leaves. */
export interface FoundFile {
  sha256: string
  jobId: string
  /** sha256 of the deletion vector, null for none. */
  deletes: string | null
  /** Content address of what the list of jobs says of its rows (job-match.ts). */
  jobs: string
  labels: readonly string[]
  /** Of the file as such: with one it is not read on. */
  failures: readonly Failure[]
  /** Rows that fail by themselves, the first of them. */
  wrong: readonly { row: number; failure: Failure }[]
  rows: readonly RowFacts[]
}

/** A file as it is remembered; its rows are read when they are asked for. */
export interface KnownFile extends Omit<FoundFile, 'rows'>, FlagCounts {
  number: number
  /** How many rows are left. */
  count: number
}

/** Bytes of text of one hour and label. */
export interface FoundBucket {
  jobId: string
  hour: number
  label: string
  bytes: number
}

/** Rows that two miners show, and the block by which each showed the first of them. */
interface SharedRows {
  a: { hotkey: string; block: number }
  b: { hotkey: string; block: number }
  rows: number
}

interface Stored extends FlagCounts {
  file: number
  sha256: string
  deletes: string | null
  jobs: string
  job_id: string
  labels: string
  failures: string
  wrong: string
  rows: number
}

/** Whom a row counts for. */
interface Holder {
  miner: number
  jobId: string
  labels: readonly string[]
}

/** What a validator remembers of the files it has read, on disk. It holds what the miners claim now, and nothing of what they gave up. */
export interface FoundFiles extends AsyncDisposable {
  files(hotkey: string): Promise<KnownFile[]>
  /** Positions of the rows that are left, ascending. */
  positions(file: number): Promise<number[]>
  buckets(hotkey: string): Promise<FoundBucket[]>
  /** Remembers a file that was read, of a claim that was committed in that block. */
  add(hotkey: string, file: FoundFile, block: number): Promise<void>
  /** Forgets rows of a file, gone by the deletion vector of that sha256. */
  shrink(file: number, deletes: string, gone: Uint32Array): Promise<void>
  /** Forgets a file with all its rows. */
  drop(file: number): Promise<void>
  /** Pairs of miners that show the same fetches. */
  shared(): Promise<SharedRows[]>
  /** Which of these fetches several miners show. */
  areShared(fetches: readonly number[]): Promise<boolean[]>
  /** Remembers that the miner showed by that block already what others show too. */
  showedBy(hotkey: string, block: number): Promise<void>
  hotkeys(): Promise<string[]>
  /** Forgets a miner that is none any more. */
  forget(hotkey: string): Promise<void>
}

const methods = {
  files: true,
  positions: true,
  buckets: true,
  add: true,
  shrink: true,
  drop: true,
  shared: true,
  areShared: true,
  showedBy: true,
  hotkeys: true,
  forget: true,
} as const

/** In a thread: a file of a million rows takes seconds. */
export const threadedFoundFiles = (path: string, thread: PortThread): FoundFiles =>
  thread.open<FoundFiles>({ module: import.meta.url, factory: 'openFoundFiles', args: [path] }, methods)

export function openFoundFiles(path: string): FoundFiles {
  const found = new FoundTables(path)
  return {
    files: async (hotkey) => found.files(hotkey),
    positions: async (file) => found.rows(file).map(({ row }) => row),
    buckets: async (hotkey) => found.buckets(hotkey),
    add: async (hotkey, file, block) => found.add(hotkey, file, block),
    shrink: async (file, deletes, gone) => found.shrink(file, deletes, new Set(gone)),
    drop: async (file) => found.drop(file),
    shared: async () => found.shared(),
    areShared: async (fetches) => fetches.map((fetch) => found.isShared(fetch)),
    showedBy: async (hotkey, block) => found.showedBy(hotkey, block),
    hotkeys: async () => found.hotkeys(),
    forget: async (hotkey) => found.forget(hotkey),
    [Symbol.asyncDispose]: async () => found[Symbol.dispose](),
  }
}

/** Each change of it is whole or not at all. */
class FoundTables implements Disposable {
  readonly #db

  constructor(path: string) {
    this.#db = openDatabase(path, fileSchemas.found)
  }

  files(hotkey: string): KnownFile[] {
    const columns = 'file, sha256, deletes, jobs, job_id, labels, failures, wrong, rows, repeats, strangers, empty'
    return this.#db
      .all<Stored>(`select ${columns} from files where miner = (select miner from miners where hotkey = ?)`, hotkey)
      .map(({ file, job_id, labels, failures, wrong, rows, ...stored }) => ({
        ...stored,
        number: file,
        jobId: job_id,
        labels: JSON.parse(labels) as string[],
        failures: JSON.parse(failures) as Failure[],
        wrong: JSON.parse(wrong) as KnownFile['wrong'],
        count: rows,
      }))
  }

  rows(file: number): RowFacts[] {
    return unpackFacts(this.#db.get<{ facts: Uint8Array }>('select facts from files where file = ?', file)?.facts ?? new Uint8Array())
  }

  buckets(hotkey: string): FoundBucket[] {
    return this.#db.all<FoundBucket>(
      'select job_id as jobId, hour, label, bytes from buckets where miner = (select miner from miners where hotkey = ?) order by hour, label, job_id',
      hotkey,
    )
  }

  add(hotkey: string, { sha256, deletes, jobs, jobId, labels, failures, wrong, rows }: FoundFile, block: number): void {
    this.#db.transaction(() => {
      this.#db.run('insert into miners (hotkey) values (?) on conflict do nothing', hotkey)
      const miner = this.#minerOf(hotkey)
      const flags = countFlags(rows)
      const [spelled, failed, spoiled] = [labels, failures, wrong].map((list) => JSON.stringify(list)) as [string, string, string]
      this.#db.run(
        `insert into files (miner, sha256, deletes, jobs, job_id, labels, failures, wrong, rows, repeats, strangers, empty, facts)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        miner,
        sha256,
        deletes,
        jobs,
        jobId,
        spelled,
        failed,
        spoiled,
        rows.length,
        flags.repeats,
        flags.strangers,
        flags.empty,
        packFacts(rows),
      )
      for (const row of rows) this.#count(miner, { jobId, labels }, row, block)
    })
  }

  shrink(file: number, deletes: string, gone: ReadonlySet<number>): void {
    this.#db.transaction(() => {
      const stored = this.#stored(file)
      const rows = this.rows(file)
      for (const row of rows) if (gone.has(row.row)) this.#uncount(stored, row)
      const kept = rows.filter(({ row }) => !gone.has(row))
      const wrong = JSON.stringify((JSON.parse(stored.wrong) as KnownFile['wrong']).filter(({ row }) => !gone.has(row)))
      const update = 'update files set deletes = ?, wrong = ?, rows = ?, repeats = ?, strangers = ?, empty = ?, facts = ? where file = ?'
      const { repeats, strangers, empty } = countFlags(kept)
      this.#db.run(update, deletes, wrong, kept.length, repeats, strangers, empty, packFacts(kept), file)
    })
  }

  drop(file: number): void {
    this.#db.transaction(() => {
      const stored = this.#stored(file)
      for (const row of this.rows(file)) this.#uncount(stored, row)
      this.#db.run('delete from files where file = ?', file)
    })
  }

  shared(): SharedRows[] {
    return this.#db
      .all<{ a: string; b: string; block_a: number; block_b: number; rows: number }>(
        `select ma.hotkey as a, mb.hotkey as b, min(fa.block) as block_a, min(fb.block) as block_b, count(*) as rows
         from shared join fetches fa using (fetch) join fetches fb on fb.fetch = fa.fetch and fb.miner > fa.miner
         join miners ma on ma.miner = fa.miner join miners mb on mb.miner = fb.miner group by fa.miner, fb.miner`,
      )
      .map(({ a, b, block_a, block_b, rows }) => ({ a: { hotkey: a, block: block_a }, b: { hotkey: b, block: block_b }, rows }))
  }

  isShared(fetch: number): boolean {
    return this.#db.get('select 1 from shared where fetch = ?', fetch) !== undefined
  }

  showedBy(hotkey: string, block: number): void {
    this.#db.run('update fetches set block = ? where miner = ? and block > ? and fetch in (select fetch from shared)', block, this.#minerOf(hotkey), block)
  }

  hotkeys(): string[] {
    return this.#db.all<{ hotkey: string }>('select hotkey from miners').map(({ hotkey }) => hotkey)
  }

  forget(hotkey: string): void {
    for (const { number } of this.files(hotkey)) this.drop(number)
    this.#db.run('delete from miners where hotkey = ?', hotkey)
  }

  [Symbol.dispose](): void {
    this.#db[Symbol.dispose]()
  }

  #minerOf(hotkey: string): number {
    return this.#db.get<{ miner: number }>('select miner from miners where hotkey = ?', hotkey)?.miner ?? 0
  }

  #stored(file: number): Holder & { wrong: string } {
    const found = this.#db.get<{ miner: number; job_id: string; labels: string; wrong: string }>('select * from files where file = ?', file)
    return { miner: found?.miner ?? 0, jobId: found?.job_id ?? '', labels: JSON.parse(found?.labels ?? '[]') as string[], wrong: found?.wrong ?? '[]' }
  }

  #count(miner: number, { jobId, labels }: Omit<Holder, 'miner'>, { hour, label, textBytes, fetch }: RowFacts, block: number): void {
    this.#db.run(
      'insert into buckets values (?, ?, ?, ?, ?) on conflict do update set bytes = bytes + excluded.bytes',
      miner,
      jobId,
      hour,
      labels[label] ?? '',
      textBytes,
    )
    this.#db.run('insert into fetches values (?, ?, ?, 1) on conflict do update set rows = rows + 1, block = min(block, excluded.block)', fetch, miner, block)
    this.#db.run('insert into shared select ?1 from fetches where fetch = ?1 and miner <> ?2 limit 1 on conflict do nothing', fetch, miner)
  }

  #uncount({ miner, jobId, labels }: Holder, { hour, label, textBytes, fetch }: RowFacts): void {
    const name = labels[label] ?? ''
    const bucket = 'where miner = ? and job_id = ? and hour = ? and label = ?'
    this.#db.run(`update buckets set bytes = bytes - ? ${bucket}`, textBytes, miner, jobId, hour, name)
    this.#db.run(`delete from buckets ${bucket} and bytes <= 0`, miner, jobId, hour, name)
    this.#db.run('update fetches set rows = rows - 1 where fetch = ? and miner = ?', fetch, miner)
    if (this.#db.run('delete from fetches where fetch = ? and miner = ? and rows = 0', fetch, miner) > 0)
      this.#db.run('delete from shared where fetch = ? and (select count(*) from fetches where fetch = shared.fetch) < 2', fetch)
  }
}

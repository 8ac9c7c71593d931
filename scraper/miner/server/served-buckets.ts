import { openDatabase, type Database } from '#infra/sqlite/database.ts'
import { portThread } from '#infra/sqlite/port-thread.ts'
import { fileSchemas } from '#infra/sqlite/schema.ts'
import type { Clock } from '#schemas/clock.ts'
import { compressIndex, limits, type DataEntityBucket, type DataEntityBucketId } from '#schemas/data-universe.ts'
import type { ListedFile } from '#schemas/data-file.ts'

/** A file as it is served: another set of deleted rows makes another of it. */
export interface ServedFile {
  listed: Pick<ListedFile, 'deletes'> & { file: Pick<ListedFile['file'], 'key' | 'sha256' | 'bytes' | 'rows'> }
}

/** The rows of one bucket in one file. */
export interface BucketPart {
  bucket: DataEntityBucketId
  /** Of their texts. */
  bytes: number
  /** Positions in the file, ascending, little-endian u32. */
  positions: Uint8Array
}

/** Where rows of a bucket stand. */
export interface PlacedRows extends ServedFile {
  bytes: number
  positions: Uint8Array
}

/**
 * Which buckets a miner has, and where their rows stand: on disk, 4 bytes a row, made of the lists of its files (schemas/row-list.ts) and brought after them.
 * A bucket has at most 128 MiB: whole parts, by the order in which their files came, as long as they fit; the rest is neither claimed nor served.
 */
export interface ServedBuckets {
  /** What is known of, by `nameOf`. */
  files(): Promise<string[]>
  /** All of it or nothing; not served yet. */
  add(file: ServedFile, parts: readonly BucketPart[]): Promise<void>
  /** Serves what is known of these, and nothing else, from one moment to the next: nobody who asks meanwhile finds a bucket empty, or a row twice. */
  show(names: readonly string[]): Promise<void>
  /** CompressedMinerIndex as JSON: the largest buckets, at most 350,000. */
  index(): Promise<string>
  find(bucket: DataEntityBucketId): Promise<PlacedRows[]>
}

export const nameOf = ({ file, deletes }: ServedFile['listed']): string => `${file.sha256} ${deletes?.sha256 ?? ''}`

/** @param path a SQLite file */
export function sqliteServedBuckets(path: string): ServedBuckets & AsyncDisposable {
  const db = openDatabase(path, fileSchemas.served)
  return {
    files: async () => db.all<{ name: string }>('select name from files').map(({ name }) => name),
    add: async ({ listed }, parts) => db.transaction(() => add(db, listed, parts)),
    show: async (names) => db.transaction(() => show(db, names)),
    index: async () => indexOf(db),
    async find({ source, time_bucket, label }) {
      const rows = db.all<{ listed: string; bytes: number; positions: Uint8Array }>(
        `select listed, bytes, positions from (
           select file, bytes, positions, sum(bytes) over (order by file) as running from parts join files using (file)
           where source = ? and hour = ? and label = ? and shown = 1
         ) join files using (file) where running <= ? order by file`,
        source,
        time_bucket,
        labelText(label),
        limits.bucketBytes,
      )
      return rows.map(({ listed, ...row }) => ({ listed: JSON.parse(listed) as ServedFile['listed'], ...row }))
    },
    async [Symbol.asyncDispose]() {
      db[Symbol.dispose]()
    },
  }
}

function add(db: Database, { file, deletes }: ServedFile['listed'], parts: readonly BucketPart[]): void {
  const { key, sha256, bytes, rows } = file
  const listed: ServedFile['listed'] = { file: { key, sha256, bytes, rows }, deletes }
  if (db.run('insert into files (name, listed) values (?, ?) on conflict do nothing', nameOf(listed), JSON.stringify(listed)) === 0) return
  const number = db.get<{ file: number }>('select file from files where name = ?', nameOf(listed))?.file ?? 0
  for (const { bucket, bytes: size, positions } of parts)
    db.run('insert into parts values (?, ?, ?, ?, ?, ?)', bucket.source, bucket.time_bucket, labelText(bucket.label), number, size, positions)
}

function show(db: Database, names: readonly string[]): void {
  const wanted = JSON.stringify(names)
  db.run('delete from parts where file in (select file from files where name not in (select value from json_each(?)))', wanted)
  db.run('delete from files where name not in (select value from json_each(?))', wanted)
  db.run('update files set shown = 1 where shown = 0')
}

function indexOf(db: Database): string {
  const rows = db.all<{ source: number; hour: number; label: string; size: number }>(
    `select source, hour, label, sum(bytes) as size from (
       select source, hour, label, bytes, sum(bytes) over (partition by source, hour, label order by file) as running
       from parts join files using (file) where shown = 1
     ) where running <= ? group by source, hour, label order by size desc, hour desc limit ?`,
    limits.bucketBytes,
    limits.indexBuckets,
  )
  return JSON.stringify(
    compressIndex(
      rows.map(({ source, hour, label, size }) => ({ source, time_bucket: hour, label: label === '' ? null : label, size_bytes: size }) as DataEntityBucket),
    ),
  )
}

/** No label is empty. */
const labelText = (label: string | null): string => label ?? ''

/** In a thread: the index of a miner with many buckets takes its time. */
export const threadedServedBuckets = (path: string, clock: Clock): ServedBuckets & AsyncDisposable =>
  portThread('the buckets that are served', clock).open<ServedBuckets>(
    { module: import.meta.url, factory: 'sqliteServedBuckets', args: [path] },
    { files: true, add: true, show: true, index: true, find: true },
  )

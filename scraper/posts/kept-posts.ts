import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { PostPlatform } from '#schemas/post-columns.ts'
import { openDatabase } from '#infra/sqlite/database.ts'
import { fileSchemas } from '#infra/sqlite/schema.ts'
import { saysTheSame, type Post } from './post.ts'

/** What is uploaded of a job. */
interface Upload {
  key: string
  /** How often the job had changed by then. */
  changes: number
}

/** Posts of jobs in a SQLite file, each once a job, by its address, as it was last said. What is kept is durable. */
export interface KeptPosts extends Disposable {
  /** Keeps those of a job, and of all of it the newest `rowsMax`. @returns how many were new */
  keep(job: string, posts: readonly Post[], rowsMax: number): number
  /** How many there are, and how often that has changed. */
  standing(job: string): { rows: number; changes: number; upload: Upload | undefined }
  /** In the order of their time, `limit` at once, behind a post. */
  page(job: string, after: { datetime: number; url: string } | undefined, limit: number): Post[]
  uploaded(job: string, upload: Upload): void
  /** Of jobs that are wanted no more. @returns keys of what was uploaded of them */
  forgetOthers(jobs: readonly string[]): string[]
}

/** Where the posts of a miner of that name are kept, below the data folder. */
export const postsFile = (dataDir: string, name: string): string => join(dataDir, postsFolder, `${name}.sqlite`)
export const postsFolder = 'posts'

/** Keys of what is uploaded, as far as a miner has posts at all. */
export function uploadedPosts(path: string): string[] {
  if (!existsSync(path)) return []
  using db = openDatabase(path, fileSchemas.posts)
  return db.all<{ key: string }>('select key from jobs where key is not null').map(({ key }) => key)
}

interface Row {
  platform: PostPlatform
  row: string
}

export function keptPosts(path: string): KeptPosts {
  const db = openDatabase(path, fileSchemas.posts)
  return {
    keep: (job, posts, rowsMax) =>
      db.transaction(() => {
        let [news, changed] = [0, 0]
        db.run('insert or ignore into jobs (job) values (?)', job)
        for (const { platform, row } of posts) {
          if (row.url === null || row.datetime === null) continue
          const known = db.get<Row>('select platform, row from posts where job = ? and url = ?', job, row.url)
          if (known && saysTheSame(JSON.parse(known.row) as Post['row'], row)) continue
          db.run(
            'insert into posts values (?, ?, ?, ?, ?) on conflict do update set datetime = excluded.datetime, row = excluded.row',
            job,
            row.url,
            row.datetime,
            platform,
            JSON.stringify(row),
          )
          changed++
          if (!known) news++
        }
        db.run('update jobs set rows = rows + ?, changes = changes + ? where job = ?', news, changed > 0 ? 1 : 0, job)
        const { rows = 0 } = db.get<{ rows: number }>('select rows from jobs where job = ?', job) ?? {}
        if (rows > rowsMax) {
          db.run('delete from posts where job = ?1 and url in (select url from posts where job = ?1 order by datetime, url limit ?2)', job, rows - rowsMax)
          db.run('update jobs set rows = ? where job = ?', rowsMax, job)
        }
        return news
      }),
    standing(job) {
      const row = db.get<{ rows: number; changes: number; key: string | null; uploaded: number }>('select * from jobs where job = ?', job)
      if (!row) return { rows: 0, changes: 0, upload: undefined }
      return { rows: row.rows, changes: row.changes, upload: row.key === null ? undefined : { key: row.key, changes: row.uploaded } }
    },
    page: (job, after, limit) =>
      db
        .all<Row>(
          'select platform, row from posts where job = ? and (datetime, url) > (?, ?) order by datetime, url limit ?',
          job,
          after?.datetime ?? Number.MIN_SAFE_INTEGER,
          after?.url ?? '',
          limit,
        )
        .map(({ platform, row }) => ({ platform, row: JSON.parse(row) as never }) satisfies Post),
    uploaded: (job, { key, changes }) => void db.run('update jobs set key = ?, uploaded = ? where job = ?', key, changes, job),
    forgetOthers: (jobs) =>
      db.transaction(() => {
        const kept = new Set(jobs)
        const gone = db.all<{ job: string; key: string | null }>('select job, key from jobs').filter(({ job }) => !kept.has(job))
        for (const { job } of gone) {
          db.run('delete from posts where job = ?', job)
          db.run('delete from jobs where job = ?', job)
        }
        return gone.flatMap(({ key }) => (key === null ? [] : [key]))
      }),
    [Symbol.dispose]: () => db[Symbol.dispose](),
  }
}

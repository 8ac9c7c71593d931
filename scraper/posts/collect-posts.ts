import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { formatShardName, limits, shardKey } from '#schemas/data-universe.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { PostPlatform } from '#schemas/post-columns.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { KeptPosts } from './kept-posts.ts'
import { belongsTo, wishOf, type Post, type PostJob } from './post.ts'
import type { PostSource } from './source.ts'
import { writePosts, type PostFile } from './write-posts.ts'

export interface CollectParts {
  hotkey: string
  sources: ReadonlyMap<PostPlatform, PostSource>
  kept: KeptPosts
  store: Pick<ObjectStore, 'put' | 'delete'>
  telemetry: Telemetry
  /** Files are written here before they are uploaded. */
  folder: string
  /** Of a job, in its file; the newest. */
  rowsMax: number
  /** Posts asked for of a job in one cycle. */
  postsPerJob: number
  /** The date, ms since epoch. */
  now(): number
}

export interface CollectReport {
  /** Of platforms without credentials nothing is asked. `put_off`: their platform lets nobody ask for now (429), so that they are left to the next cycle. */
  jobs: { asked: number; failed: number; put_off: number; without_credentials: number }
  posts: { scraped: number; new: number; refused: number; other_jobs: number }
  /** `too_small`: jobs whose file would be shorter than a validator takes (15 KB, 50 bytes a row). */
  files: { uploaded: number; too_small: number }
}

/** One cycle: asks for what each job wants, keeps what is its, and uploads each job that changed as one file. A job that fails costs itself; a platform that lets nobody ask is asked no more. @throws the signal's reason; `unauthorized` */
export async function collectPosts(jobs: readonly PostJob[], parts: CollectParts, signal: AbortSignal): Promise<CollectReport> {
  const { sources, kept, store, telemetry } = parts
  const report: CollectReport = {
    jobs: { asked: 0, failed: 0, put_off: 0, without_credentials: 0 },
    posts: { scraped: 0, new: 0, refused: 0, other_jobs: 0 },
    files: { uploaded: 0, too_small: 0 },
  }
  for (const key of kept.forgetOthers(jobs.map(({ id }) => id))) await store.delete(key)
  const resting = new Set<PostPlatform>()
  for (const job of jobs) {
    const source = sources.get(job.platform)
    if (!source) {
      report.jobs.without_credentials++
      continue
    }
    if (resting.has(job.platform)) {
      report.jobs.put_off++
      continue
    }
    report.jobs.asked++
    await scrapeJob(job, source, parts, report, signal).catch((error: unknown) => {
      signal.throwIfAborted()
      // The next job would be refused as well.
      if (!(error instanceof OrreryError) || error.code === 'unauthorized') throw error
      report.jobs.failed++
      if (error.code === 'rate_limited') resting.add(job.platform)
      telemetry.event('posts.job_failed', { job: job.id, code: error.code, message: error.message })
    })
    const outcome = await uploadJob(job, parts, signal)
    if (outcome) report.files[outcome]++
  }
  telemetry.event('posts.cycle', { ...report })
  return report
}

async function scrapeJob(
  job: PostJob,
  source: PostSource,
  { kept, rowsMax, postsPerJob }: CollectParts,
  { posts: counts }: CollectReport,
  signal: AbortSignal,
): Promise<void> {
  for await (const { posts, refused } of source.scrape(wishOf(job), postsPerJob, signal)) {
    const own = posts.filter((post) => belongsTo(post, job))
    counts.scraped += posts.length
    counts.refused += refused
    counts.other_jobs += posts.length - own.length
    counts.new += kept.keep(job.id, own, rowsMax)
  }
}

/** Only the newest file of a job counts, so that the one before goes when its follower is there. */
async function uploadJob(job: PostJob, parts: CollectParts, signal: AbortSignal): Promise<keyof CollectReport['files'] | undefined> {
  const { kept, store, folder, hotkey, now } = parts
  const { rows, changes, upload } = kept.standing(job.id)
  if (rows === 0 || upload?.changes === changes) return undefined
  const own = await mkdtemp(join(folder, 'posts-'))
  try {
    const path = join(own, 'file')
    const file = await writeFile(path, job, kept, signal)
    if (file.bytes < limits.shardBytesMin || file.bytes < file.rows * limits.bytesPerRowMin) return 'too_small'
    const name = formatShardName({ writtenAt: new Date(now()), rows: file.rows, hex: file.sha256.slice(0, 16) })
    const key = shardKey(hotkey, job.id, name)
    await store.put(key, createReadStream(path), { sha256: file.sha256, bytes: file.bytes }).catch((error: unknown) => {
      if (!(error instanceof OrreryError && error.code === 'already_exists')) throw error
    })
    kept.uploaded(job.id, { key, changes })
    if (upload && upload.key !== key) await store.delete(upload.key)
    return 'uploaded'
  } finally {
    await rm(own, { recursive: true, force: true })
  }
}

async function writeFile(path: string, job: PostJob, kept: KeptPosts, signal: AbortSignal): Promise<PostFile> {
  await using handle = await open(path, 'w')
  const pieces = writePosts(job.platform, pagesOf(job.id, kept))
  for (;;) {
    signal.throwIfAborted()
    const { done, value } = await pieces.next()
    if (done) return value
    await handle.writeFile(value)
  }
}

function* pagesOf(job: string, kept: KeptPosts): Generator<Post[]> {
  for (let after: { datetime: number; url: string } | undefined; ;) {
    const page = kept.page(job, after, limits.rowsPerGroup)
    if (page.length > 0) yield page
    if (page.length < limits.rowsPerGroup) return
    const { datetime, url } = page.at(-1)?.row ?? {}
    after = { datetime: datetime ?? 0, url: url ?? '' }
  }
}

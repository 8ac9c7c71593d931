import { createHash } from 'node:crypto'
import { limits, parseShardKey, parseShardName } from '#schemas/data-universe.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { PostJob } from '../../posts/post.ts'

/** The newest file of a job, which alone counts. */
export interface StoredPosts {
  key: string
  bytes: number
  /** As its name says. */
  rows: number
  writtenAt: number
  job: PostJob
}

/** Above every character of a key. */
const last = '\u{10ffff}'
const [filesShare, filesMin, filesMax, largestClaims] = [0.1, 10, 15, 5]
/** Of the files that are drawn by chance: so many by the rows that they claim, the others by their jobs. */
const byRowsShare = 0.7

/** The newest file of each job of the list that a miner has posts of. What lies under other jobs is stepped over. @throws OrreryError `store_unavailable`; the signal's reason */
export async function storedPosts(store: Pick<ObjectStore, 'list'>, hotkey: string, jobs: readonly PostJob[], signal: AbortSignal): Promise<StoredPosts[]> {
  const byId = new Map(jobs.map((job) => [job.id, job]))
  const newest = new Map<string, StoredPosts>()
  for (let after: string | undefined = ''; after !== undefined;) {
    let next: string | undefined
    for await (const { key, bytes } of store.list(`data/hotkey=${hotkey}/`, after === '' ? {} : { after })) {
      signal.throwIfAborted()
      const place = parseShardKey(key)
      const job = place && byId.get(place.jobId)
      if (place && !job) {
        next = `data/hotkey=${hotkey}/job_id=${place.jobId}/${last}`
        break
      }
      const name = place && parseShardName(place.name)
      if (!job || !name || (newest.get(job.id)?.writtenAt ?? -Infinity) > name.writtenAt.getTime()) continue
      newest.set(job.id, { key, bytes, rows: name.rows, writtenAt: name.writtenAt.getTime(), job })
    }
    after = next
  }
  return [...newest.values()]
}

/** What a file's name and size say against it; undefined: nothing. */
export function sizeFault({ bytes, rows }: Pick<StoredPosts, 'bytes' | 'rows'>): string | undefined {
  if (rows === 0) return 'its name claims no rows'
  if (bytes < limits.shardBytesMin || bytes > limits.shardBytesMax) return `it has ${bytes} bytes; ${limits.shardBytesMin} to ${limits.shardBytesMax} are taken`
  return bytes < rows * limits.bytesPerRowMin ? `it has ${(bytes / rows).toFixed(1)} bytes a row, less than ${limits.bytesPerRowMin}` : undefined
}

/**
 * The seed of a draw, as Data Universe has it: sha256 of `blockHash|hotkey|sorted "key:size"…`, so that anyone can repeat it, and nobody knew it who uploaded before
 * that block.
 */
export const postsSeed = (blockHash: string, hotkey: string, files: readonly StoredPosts[]): string =>
  createHash('sha256')
    .update([blockHash, hotkey, ...files.map(({ key, bytes }) => `${key}:${bytes}`).toSorted()].join('|'))
    .digest('hex')

/** Numbers below `n`, from a seed. */
export function numbersOf(seed: string): (n: number) => number {
  let at = 0
  return (n) => createHash('sha256').update(`${seed}|${at++}`).digest().readUIntBE(0, 6) % n
}

/** A tenth of the files, ten at least and fifteen at most: the five largest claims, and of the others by chance, seven in ten by claimed rows. */
export function drawnFiles(files: readonly StoredPosts[], next: (n: number) => number): StoredPosts[] {
  const wanted = Math.min(filesMax, Math.max(filesMin, Math.ceil(files.length * filesShare)), files.length)
  const left = files.toSorted((a, b) => b.rows - a.rows || (a.key < b.key ? -1 : 1))
  const drawn = left.splice(0, largestClaims)
  while (drawn.length < wanted) {
    const rows = left.reduce((sum, file) => sum + file.rows, 0)
    const isByRows = rows > 0 && next(100) < byRowsShare * 100
    let at = isByRows ? 0 : next(left.length)
    for (let to = isByRows ? next(rows) : -1; to >= (left[at]?.rows ?? Infinity); at++) to -= left[at]?.rows ?? 0
    for (const file of left.splice(at, 1)) drawn.push(file)
  }
  return drawn
}

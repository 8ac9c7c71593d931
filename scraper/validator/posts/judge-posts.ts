import { storedFile } from '#infra/corpus/stored-file.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { PostPlatform } from '#schemas/post-columns.ts'
import { claimedCells, type ClaimedPost } from '../../posts/claimed-post.ts'
import { comparePost } from '../../posts/compare-post.ts'
import type { FindPosts } from '../../posts/find-posts.ts'
import { belongsTo, type Post, type PostJob } from '../../posts/post.ts'
import { drawnFiles, numbersOf, postsSeed, sizeFault, storedPosts, type StoredPosts } from './post-files.ts'
import { openPostShard, postRowsOf } from './post-rows.ts'

/** Data Universe, "Validation of stored files". */
const shares = { match: 0.95, empty: 0.1, duplicates: 0.01, found: 0.8, viewed: 0.95 } as const
const [looksMax, ageMsMax, ofPlatformMin] = [20, 96 * 3_600_000, 5]
/** Of each drawn file the same number of rows, whatever its name claims. */
const rowsOfFile = 40

interface PostFailure {
  /** Of a file, or of the miner. */
  subject: string
  what: string
}

/** What was found of the posts that a miner has in the store. */
export interface PostsVerdict {
  hotkey: string
  files: number
  /** That they claim. */
  rows: number
  /** Files of which rows were read, and those rows. */
  read: { files: number; rows: number }
  /** Posts that were looked at where they are from. `unknown`: they changed since, or nobody could find out. */
  looks: { same: number; wrong: number; unknown: number }
  failures: PostFailure[]
  /** null: nothing is said against them, and too little could be found out. */
  passed: boolean | null
}

export interface JudgePostsParts {
  store: Pick<ObjectStore, 'get' | 'list'>
  findPosts: FindPosts
  /** The date, ms since epoch. */
  now(): number
  /** Hash of the block that seeds the draw. */
  blockHash: string
}

/** Judges the posts of a miner as validators of Data Universe do, by the newest file of each job. @throws OrreryError `store_unavailable`; the signal's reason */
export async function judgePosts(hotkey: string, jobs: readonly PostJob[], parts: JudgePostsParts, signal: AbortSignal): Promise<PostsVerdict> {
  const files = await storedPosts(parts.store, hotkey, jobs, signal)
  const next = numbersOf(postsSeed(parts.blockHash, hotkey, files))
  const failures: PostFailure[] = []
  const posts: Drawn[] = []
  const drawn = drawnFiles(files, next)
  for (const file of drawn) {
    signal.throwIfAborted()
    const read = sizeFault(file) ?? (await readRows(file, parts.store, next, signal))
    if (typeof read === 'string') failures.push({ subject: file.key, what: read })
    else for (const each of read) posts.push(each)
  }
  const looks = await lookAt(posts, parts, next, signal)
  const failed = [...failures, ...rowFaults(hotkey, posts), ...looks.failures]
  const { same, wrong, unknown } = looks
  const isTold = failed.length > 0 || same + wrong > 0
  return {
    hotkey,
    files: files.length,
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
    read: { files: drawn.length, rows: posts.length },
    looks: { same, wrong, unknown },
    failures: failed,
    passed: isTold ? failed.length === 0 : null,
  }
}

/** One row that was drawn; `fault`: a cell of it is not what it should be. */
interface Drawn {
  job: PostJob
  post: ClaimedPost
  fault: string | undefined
}

/** @returns what is wrong with the file */
async function readRows(file: StoredPosts, store: Pick<ObjectStore, 'get'>, next: (n: number) => number, signal: AbortSignal): Promise<Drawn[] | string> {
  try {
    const bytes = storedFile(store, file, signal)
    const shard = await openPostShard(bytes, file.job.platform)
    if (shard.rows !== file.rows) return `its name claims ${file.rows} rows and its footer ${shard.rows}`
    const wanted = new Set(Array.from({ length: rowsOfFile }, () => next(shard.rows)))
    const rows = await postRowsOf(
      bytes,
      shard,
      [...wanted].toSorted((a, b) => a - b),
    )
    return rows.map((cells) => drawnOf(file.job, cells))
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'invalid_record') return String(error.details['what'] ?? error.message)
    if (error instanceof OrreryError && error.code === 'not_found') return 'it is there no more'
    throw error
  }
}

function drawnOf(job: PostJob, row: ReadonlyMap<string, unknown>): Drawn {
  const cells = claimedCells(job.platform, Object.fromEntries(row))
  const known = 'wrong' in cells ? new Map() : cells
  const text = (name: string): string | undefined => (typeof known.get(name) === 'string' ? (known.get(name) as string) : undefined)
  const at = known.get('datetime')
  const post = { platform: job.platform, uri: text('url') ?? '', datetimeMs: typeof at === 'number' ? at : NaN, label: text('label') ?? null, cells: known }
  return { job, post, fault: 'wrong' in cells ? cells.wrong : undefined }
}

/** What rows say of themselves, over all that were read. */
function rowFaults(subject: string, drawn: readonly Drawn[]): PostFailure[] {
  const failures: PostFailure[] = []
  const fail = (what: string): void => void failures.push({ subject, what })
  const count = (of: (drawn: Drawn) => boolean): number => drawn.filter(of).length
  const malformed = drawn.find(({ fault }) => fault !== undefined)
  if (malformed) fail(`a row has a ${malformed.fault} that is none`)
  if (count(({ post }) => post.uri === '') > 0) fail('a row has no address')
  const strangers = count(({ job, post }) => !isOfJob(post, job))
  if (strangers > drawn.length * (1 - shares.match)) fail(`${strangers} of ${drawn.length} rows are not of their job`)
  const wordless = count(({ post }) => textOf(post) === '')
  if (wordless > drawn.length * shares.empty) fail(`${wordless} of ${drawn.length} rows have no word`)
  const repeats = drawn.length - new Set(drawn.map(({ job, post }) => `${job.id} ${post.uri}`)).size
  if (repeats > drawn.length * shares.duplicates) fail(`${repeats} of ${drawn.length} rows are there twice`)
  const ofX = drawn.filter(({ post }) => post.platform === 'x')
  const viewed = ofX.filter(({ post }) => post.cells.has('view_count')).length
  if (viewed < ofX.length * shares.viewed) fail(`${ofX.length - viewed} of ${ofX.length} posts of X have no count of views`)
  return failures
}

const textOf = ({ cells, platform }: ClaimedPost): string =>
  (platform === 'x' ? ['text'] : ['title', 'body'])
    .map((name) => String(cells.get(name) ?? ''))
    .join(' ')
    .trim()

/** Of X a label says the first of its hashtags, and the others stand in its text: lists are not read of a file. */
function isOfJob({ platform, cells, label, datetimeMs }: ClaimedPost, job: PostJob): boolean {
  const tags = [...String(cells.get('text') ?? '').matchAll(/[#$]([\p{L}\p{N}_]+)/gu)].map(([, tag]) => `#${tag}`)
  const row = {
    ...Object.fromEntries(cells),
    datetime: datetimeMs,
    label: label?.toLowerCase() ?? null,
    tweet_hashtags: label === null ? tags : [label, ...tags],
  }
  return belongsTo({ platform, row } as unknown as Post, job)
}

async function lookAt(drawn: readonly Drawn[], { findPosts, now }: JudgePostsParts, next: (n: number) => number, signal: AbortSignal) {
  const left = drawn.filter(({ post }) => post.uri !== '' && post.datetimeMs >= now() - ageMsMax)
  const looked: Drawn[] = []
  while (looked.length < looksMax && left.length > 0) for (const each of left.splice(next(left.length), 1)) looked.push(each)
  const there = await findPosts(
    looked.map(({ post: { platform, uri } }) => ({ platform, uri })),
    signal,
  )
  const verdicts = looked.map(({ post }) => ({ ...post, ...comparePost(post, there.get(post.uri)) }))
  const of = (verdict: string): typeof verdicts => verdicts.filter((each) => each.verdict === verdict)
  const failures: PostFailure[] = []
  const hold = (what: string, own: typeof verdicts, atLeast: number): void => {
    const [same, wrong] = ['same', 'wrong'].map((verdict) => own.filter((each) => each.verdict === verdict))
    const judged = (same?.length ?? 0) + (wrong?.length ?? 0)
    if (judged < atLeast || (same?.length ?? 0) >= judged * shares.found) return
    for (const each of wrong ?? []) failures.push({ subject: each.uri, what: `${what}: ${'reason' in each ? each.reason : ''}` })
  }
  hold('it is not what is there', verdicts, 1)
  if (failures.length === 0)
    for (const platform of ['reddit', 'x'] as const satisfies PostPlatform[])
      hold(
        `of ${platform} too many are not what is there`,
        verdicts.filter((each) => each.platform === platform),
        ofPlatformMin,
      )
  return { same: of('same').length, wrong: of('wrong').length, unknown: of('unknown').length, failures }
}

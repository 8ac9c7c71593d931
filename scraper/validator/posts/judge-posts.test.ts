import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { expect, test } from 'vitest'
import { folderStore } from '#infra/store/folder.ts'
import { formatShardName, shardKey } from '#schemas/data-universe.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { listing, redditPost, xItem } from '../../posts/platforms.fixture.ts'
import type { Post } from '../../posts/post.ts'
import { readListing } from '../../posts/reddit.ts'
import type { PostThere } from '../../posts/source.ts'
import { writePosts } from '../../posts/write-posts.ts'
import { readItems } from '../../posts/x.ts'
import { judgePosts } from './judge-posts.ts'
import { drawnFiles, numbersOf, postsSeed, type StoredPosts } from './post-files.ts'

const now = Date.parse('2026-11-29T00:00:00Z')
const at = now - 3_600_000
const hotkey = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'
const { signal } = new AbortController()
const words = (n: number): string => Array.from({ length: 60 }, (_, i) => (n * 7919 + i * 104_729).toString(36)).join(' ')
const jobOf = (id: string, platform: 'reddit' | 'x', label: string) => ({ id, platform, label, keyword: null, startMs: null, endMs: null })
const jobs = [jobOf('sub', 'reddit', 'r/bittensor_'), jobOf('tags', 'x', '#btc')]
const ofReddit = readListing(listing(Array.from({ length: 60 }, (_, n) => redditPost({ id: `p${n}`, at: at - n * 1000, text: words(n) }))), now)!.posts
const ofX = readItems(
  Array.from({ length: 60 }, (_, serial) => xItem({ at, serial, text: `Mined #TAO for $BTC ${words(serial)}` })),
  now,
)!.posts

/** A miner that has stored these posts, and what is there of them. */
async function scene(there: readonly Post[] = [...ofReddit, ...ofX]) {
  const store = folderStore(join(await temporaryFolder(), 'store'))
  const byUrl = new Map<string, PostThere>(there.map((post) => [post.row.url ?? '', post]))
  const asked: string[] = []
  const parts = {
    store,
    now: () => now,
    blockHash: `0x${'5'.repeat(64)}`,
    findPosts: async (looks: readonly { uri: string }[]) => {
      asked.push(...looks.map(({ uri }) => uri))
      return new Map<string, PostThere>(looks.map(({ uri }) => [uri, byUrl.get(uri) ?? 'absent']))
    },
  }
  return {
    store,
    asked,
    judge: () => judgePosts(hotkey, jobs, parts, signal),
    async put(jobId: string, bytes: Uint8Array, { rows, writtenAt = now }: { rows: number; writtenAt?: number }) {
      const hex = createHash('sha256').update(bytes).digest('hex').slice(0, 16)
      await store.put(shardKey(hotkey, jobId, formatShardName({ writtenAt: new Date(writtenAt), rows, hex })), bytes)
    },
  }
}

async function fileOf(platform: 'reddit' | 'x', posts: readonly Post[], change: object | ((n: number) => object) = {}): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  const changed = posts.map((post, n) => ({ ...post, row: { ...post.row, ...(typeof change === 'function' ? change(n) : change) } }) as Post)
  for await (const piece of writePosts(platform, [changed])) pieces.push(piece)
  return Buffer.concat(pieces)
}

test('what a miner has stored passes when it is what is there: the newest file of each job, and nothing under others', async () => {
  const { put, judge, asked } = await scene()
  await put('sub', Buffer.from('older and no Parquet'), { rows: 5, writtenAt: now - 60_000 })
  await put('sub', await fileOf('reddit', ofReddit), { rows: 60 })
  await put('tags', await fileOf('x', ofX), { rows: 60 })
  await put('web-1', Buffer.from('of another kind'), { rows: 5 })
  const verdict = await judge()
  expect(verdict).toMatchObject({ hotkey, files: 2, rows: 120, failures: [], passed: true, looks: { same: 20, wrong: 0, unknown: 0 } })
  expect(verdict.read.rows).toBeGreaterThan(40)
  expect(new Set(asked).size).toBe(20)
  expect(await judge()).toEqual(verdict)
})

test.each<[string, (put: Awaited<ReturnType<typeof scene>>['put']) => Promise<void>, RegExp]>([
  [
    'made-up texts',
    async (put) => put('sub', await fileOf('reddit', ofReddit, (n: number) => ({ body: words(n + 777) })), { rows: 60 }),
    /not what is there: body/,
  ],
  ['another job', async (put) => put('sub', await fileOf('reddit', ofReddit, { label: 'r/other' }), { rows: 60 }), /not of their job/],
  ['no views', async (put) => put('tags', await fileOf('x', ofX, { view_count: null }), { rows: 60 }), /no count of views/],
  ['no words', async (put) => put('tags', await fileOf('x', ofX, (n: number) => ({ text: '', user_description: words(n) })), { rows: 60 }), /have no word/],
  ['no addresses', async (put) => put('sub', await fileOf('reddit', ofReddit, { url: null }), { rows: 60 }), /has no address/],
  ['one post over and over', async (put) => put('sub', await fileOf('reddit', ofReddit, { url: ofReddit[0]!.row.url }), { rows: 60 }), /there twice/],
  ['a count that lies', async (put) => put('sub', await fileOf('reddit', ofReddit), { rows: 61 }), /claims 61 rows and its footer 60/],
  ['another platform', async (put) => put('sub', await fileOf('x', ofX), { rows: 60 }), /has no column id/],
  ['few bytes', async (put) => put('sub', Buffer.alloc(20_000), { rows: 1000 }), /20.0 bytes a row/],
  ['no Parquet', async (put) => put('sub', Buffer.alloc(20_000), { rows: 10 }), /PAR1/],
  [
    'no packing',
    async (put) => {
      const columnData = [{ name: 'url', data: Array.from({ length: 60 }, (_, n) => words(n)), type: 'STRING' as const }]
      await put('sub', new Uint8Array(parquetWriteBuffer({ columnData, codec: 'UNCOMPRESSED' })), { rows: 60 })
    },
    /has no column datetime/,
  ],
])('what is wrong with it is told, and fails it: %s', async (_what, bring, expected) => {
  const { put, judge } = await scene()
  await bring(put)
  const { failures, passed } = await judge()
  expect([passed, failures.map(({ what }) => what).join('\n')]).toEqual([false, expect.stringMatching(expected)])
})

test('posts that were removed are nobody’s fault, and of a miner without any nothing is said', async () => {
  const { put, judge } = await scene(ofReddit.map((post) => ({ ...post, isRemoved: true }) as Post))
  expect(await judge()).toMatchObject({ files: 0, passed: null })
  await put('sub', await fileOf('reddit', ofReddit), { rows: 60 })
  expect(await judge()).toMatchObject({ looks: { unknown: 20 }, failures: [], passed: null })
})

test('damaged bytes are a verdict, never a throw', async () => {
  const whole = await fileOf('reddit', ofReddit)
  for (let n = 0; n < 30; n++) {
    const { put, judge } = await scene()
    const bytes = Buffer.from(whole)
    const place = (n * 7919) % bytes.length
    bytes[place]! ^= 1 << (n % 8)
    await put('sub', n % 3 === 0 ? bytes.subarray(0, Math.max(16_000, place)) : bytes, { rows: 60 })
    expect(typeof (await judge()).files).toBe('number')
  }
})

test('the five largest claims are always drawn, others by chance, a tenth of all and fifteen at most', () => {
  const files = Array.from({ length: 400 }, (_, n): StoredPosts => ({ key: `k${n}`, bytes: 1e6, rows: n + 1, writtenAt: 0, job: jobs[0]! }))
  const drawn = drawnFiles(files, numbersOf(postsSeed('0x1', hotkey, files)))
  expect([drawn.length, new Set(drawn).size]).toEqual([15, 15])
  expect(drawn.slice(0, 5).map(({ rows }) => rows)).toEqual([400, 399, 398, 397, 396])
  expect(drawnFiles(files.slice(0, 3), numbersOf('s'))).toHaveLength(3)
  expect(drawnFiles(files, numbersOf(postsSeed('0x2', hotkey, files)))).not.toEqual(drawn)
})

import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { expect, test } from 'vitest'
import { folderStore } from '#infra/store/folder.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import { DataEntity, parseShardKey, parseShardName } from '#schemas/data-universe.ts'
import { decompressors } from '#schemas/parquet/compression.ts'
import { postColumns } from '#schemas/post-columns.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { claimedCells, type ClaimedPost } from './claimed-post.ts'
import { collectPosts } from './collect-posts.ts'
import { comparePost } from './compare-post.ts'
import { postSources } from './credentials.ts'
import { keptPosts } from './kept-posts.ts'
import { json, listing, platformServer, redditComment, redditPost, snowflake, xItem } from './platforms.fixture.ts'
import { readPostJobs } from './post-jobs.ts'
import { belongsTo, entityOf, type Post } from './post.ts'
import { isKept, readListing } from './reddit.ts'
import type { PostThere } from './source.ts'
import { writePosts } from './write-posts.ts'
import { readItems } from './x.ts'

const at = Date.parse('2026-11-28T10:20:30Z')
const scrapedAt = Date.parse('2026-11-29T01:02:03Z')
const { signal } = new AbortController()
const hotkey = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'

const readAll = async (bytes: Uint8Array): Promise<Record<string, unknown>[]> =>
  parquetReadObjects({ file: new Uint8Array(bytes).buffer, compressors: decompressors })

async function written(platform: 'reddit' | 'x', pages: Post[][]): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of writePosts(platform, pages)) pieces.push(piece)
  return Buffer.concat(pieces)
}

test('a post and a comment of Reddit become rows of its 17 columns, and entities that validators know', () => {
  const read = readListing(
    listing([
      redditPost({ id: 'abc1', at, text: 'Say "no"\0 to \ud800 halves', url_overridden_by_dest: 'https://i.redd.it/x.png?width=9&s=sig' }),
      redditComment({ id: 'def', at, text: 'Yes' }),
      redditPost({ id: 'gone', at, author: '[deleted]', text: '[removed]', title: '' }),
      redditPost({ id: 'adult', at, over_18: true, url_overridden_by_dest: 'https://i.redd.it/y.png' }),
      redditPost({ id: 'media', at, text: '', url_overridden_by_dest: 'https://i.redd.it/z.png' }),
      { kind: 't5', data: {} },
      { kind: 't3', data: { name: 'constructor' } },
      'nothing',
    ]),
    scrapedAt,
  )!
  expect([read.posts.length, read.refused]).toEqual([5, 3])
  const kept = read.posts.filter((post) => post.platform === 'reddit' && isKept(post))
  expect(kept.map(({ row }) => (row as { id: string }).id)).toEqual(['t3_abc1', 't1_def', 't3_media'])
  expect(kept[0]!.row).toMatchObject({
    label: 'r/bittensor_',
    url: 'https://www.reddit.com/r/bittensor_/comments/abc1/a_title/',
    body: 'Say "no" to \ufffd halves',
    createdAt: Date.parse('2026-11-28T10:20:00Z'),
    datetime: at,
    dataType: 'post',
    media: ['https://i.redd.it/x.png'],
  })
  expect(kept[1]!.row).toMatchObject({ dataType: 'comment', title: null, parentId: 't3_abc', num_comments: null })
  for (const { row } of kept) expect(Object.keys(row)).toEqual(Object.keys(postColumns.reddit))
  const entity = DataEntity.parse(entityOf(kept[0]!))
  expect(entity).toMatchObject({ source: 1, label: 'r/bittensor_', datetime: '2026-11-28T10:20:30.000Z' })
  expect(JSON.parse(Buffer.from(entity.content).toString())).toMatchObject({ createdAt: '2026-11-28T10:20:00.000Z', parentId: null })
})

test('a post of X becomes a row of its 33 columns; what a validator would refuse is left out', () => {
  const reply = xItem({
    at,
    text: '@you @them That is #TAO https://t.co/AbC',
    isReply: true,
    inReplyToUserId: '7',
    inReplyToUser: { userName: 'you' },
    serial: 3,
  })
  const wrong = [
    xItem({ at, isRetweet: true, serial: 4 }),
    { ...xItem({ at, serial: 5 }), createdAt: 'Fri Nov 20 10:20:30 +0000 2026' },
    { ...xItem({ at, serial: 6 }), url: 'https://x.com/someone/status/1' },
    // Says that there is none.
    { noResults: true },
    null,
  ]
  const { posts, refused } = readItems([xItem({ at }), reply, ...wrong], scrapedAt)!
  expect([posts.length, refused]).toEqual([2, wrong.length - 1])
  for (const { row } of posts) expect(Object.keys(row)).toEqual(Object.keys(postColumns.x))
  expect(posts[0]!.row).toMatchObject({
    label: '#tao',
    tweet_hashtags: ['#TAO', '#BTC'],
    user_verified: true,
    view_count: 120,
    tweet_id: snowflake(at),
    user_location: null,
  })
  expect(posts[1]!.row).toMatchObject({ text: 'That is #TAO', in_reply_to_username: 'you', in_reply_to_user_id: '7' })
  const entity = DataEntity.parse(entityOf(posts[0]!))
  expect(entity).toMatchObject({ source: 2, label: '#tao' })
  expect(JSON.parse(Buffer.from(entity.content).toString())).not.toHaveProperty('user_location')
  expect(readItems({ error: 'x' }, scrapedAt)).toBeUndefined()
})

test('posts that were taken away are left out, and what a thread, a crosspost, a poll or a gallery says beside is no harm', () => {
  const gallery = { m1: { s: { u: 'https://preview.redd.it/m1.jpg?width=9' } }, m2: null, m3: { s: 'none' } }
  const there = [
    redditPost({ id: 'cross', at, crosspost_parent_list: [{ selftext: 'x' }], url_overridden_by_dest: '/r/other/comments/1/' }),
    redditPost({ id: 'poll', at, poll_data: { options: [{ text: 'a' }] }, is_gallery: true, media_metadata: gallery }),
    redditPost({ id: 'text', at, created_utc: String(at / 1000), text: '\u202eRTL 👩‍🚀', score: null, upvote_ratio: 'x' }),
    redditComment({ id: 'own', at, author: '[deleted]', text: 'The author alone is gone' }),
  ]
  const away = [
    redditPost({ id: 'mod', at, text: '[removed]' }),
    redditPost({ id: 'legal', at, text: '[ Removed by Reddit ]', author: 'someone' }),
    redditPost({ id: 'filter', at, removed_by_category: 'automod_filtered' }),
    redditComment({ id: 'del', at, text: '[deleted]', author: '[deleted]' }),
  ]
  const wrong = [
    redditPost({ id: 'later', at: scrapedAt + 400_000 }),
    redditPost({ id: 'never', at, created_utc: 'soon' }),
    { kind: 'more', data: { count: 1e6, children: ['a'] } },
  ]
  const read = readListing(listing([...there, ...away, ...wrong]), scrapedAt)!
  const kept = read.posts.filter((post) => post.platform === 'reddit' && isKept(post))
  expect(kept.map(({ row }) => (row as { id: string }).id)).toEqual(['t3_cross', 't3_poll', 't3_text', 't1_own'])
  expect([read.posts.length, read.refused]).toEqual([there.length + away.length, wrong.length])
  expect(kept[1]!.row.media).toEqual(['https://i.redd.it/m1.jpg'])
})

const author = { screen_name: 'Some_One', followers_count: 7, friends_count: 3 }
const first = { id_str: snowflake(at), created_at: 'Sat Nov 28 10:20:30 +0000 2026', user: author, full_text: 'Of $TAO', favorite_count: 2, lang: 'en' }
test.each([
  ['of X’s first API', { ...first, id: 2 ** 60, entities: { hashtags: [], symbols: [{ text: 'TAO', indices: [3, 7] }] }, bookmark_count: '1,200' }],
  [
    'flat, with its address',
    { tweet_url: `https://twitter.com/some_one/status/${snowflake(at)}?s=20`, author: 'Some_One', text: 'Of $TAO', timestamp: at / 1000, likes: 2 },
  ],
  [
    'with a time as text',
    { ...xItem({ at, user: 'Some_One', text: 'Of #TAO' }), createdAt: String(at), entities: undefined, likeCount: '2', media: [{ url: 5 }] },
  ],
])('an item of a scraper with other names is read: %s', (_shape, item) => {
  const { posts } = readItems([item], scrapedAt)!
  expect(posts.map(({ row }) => row)).toMatchObject([
    {
      url: `https://x.com/Some_One/status/${snowflake(at)}`,
      datetime: at,
      tweet_id: snowflake(at),
      username: '@Some_One',
      label: '#tao',
      like_count: 2,
      media: null,
    },
  ])
})

test.each([
  ['a retweet', { text: 'RT @other: Of #TAO' }],
  ['one of the future', { at: scrapedAt + 400_000 }],
  ['an id that is no number', { id: '1e18' }],
  ['another id than its address', { id: snowflake(at, 7) }],
  ['no author', { author: null, url: 5 }],
  ['members that are none', Object.fromEntries(['text', 'createdAt', 'author', 'url'].map((name) => [name, { __proto__: null }]))],
])('%s is no post of X that is kept', (_what, more) => {
  expect(readItems([xItem({ at, ...more })], scrapedAt)).toEqual({ posts: [], refused: 1 })
})

const claimOf = (post: Post, more: Record<string, unknown> = {}): ClaimedPost => {
  const { uri, datetime, label, content } = entityOf(post)
  const cells = claimedCells(post.platform, { ...(JSON.parse(Buffer.from(content).toString()) as object), ...more })
  if ('wrong' in cells) throw new Error(cells.wrong)
  return { platform: post.platform, uri, datetimeMs: Date.parse(datetime), label, cells }
}
const [ofReddit] = readListing(listing([redditPost({ id: 'abc', at, text: 'It was said at length, and nobody said a word against it.' })]), scrapedAt)!
  .posts as [Post]
const [comment] = readListing(listing([redditComment({ id: 'def', at })]), scrapedAt)!.posts as [Post]
const [ofX] = readItems([xItem({ at, text: 'Blocks are mined &amp; sold #TAO' })], scrapedAt)!.posts as [Post]
const changed = (post: Post, row: object, more: object = {}): Post => ({ ...post, row: { ...post.row, ...row }, ...more }) as Post

test.each<[string, ClaimedPost, PostThere | undefined, string]>([
  ['of Reddit', claimOf(ofReddit), ofReddit, 'same'],
  ['a comment', claimOf(comment), comment, 'same'],
  ['of X', claimOf(ofX, { username: 'SomeOne', text: 'Blocks are mined & sold  #TAO ' }), ofX, 'same'],
  ['votes that grew', claimOf(ofReddit), changed(ofReddit, { score: 9000, num_comments: 400, upvote_ratio: 0.5 }), 'same'],
  ['votes without end', claimOf(ofReddit, { score: 1e6 }), ofReddit, 'score'],
  ['views without end', claimOf(ofX, { view_count: 1e9 }), ofX, 'view_count'],
  ['a profile that is another', claimOf(ofX), changed(ofX, { user_followers_count: 1, user_description: 'new' }), 'same'],
  ['ten bytes', claimOf(ofReddit, { body: 'It was said at length; and nobody said a word against it.' }), ofReddit, 'same'],
  ['another text', claimOf(ofReddit, { body: 'It was said at length, and I made up the rest of what stands here.' }), ofReddit, 'body'],
  ['a short text that is another', claimOf(ofX, { text: 'gm' }), changed(ofX, { text: 'hi' }), 'text'],
  ['edited since', claimOf(ofReddit), changed(ofReddit, { body: 'It was never said.' }, { editedAtMs: scrapedAt + 1 }), 'edited'],
  ['edited before', claimOf(ofReddit), changed(ofReddit, { body: 'It was never said.' }, { editedAtMs: at + 1 }), 'body'],
  ['removed since', claimOf(ofReddit), changed(ofReddit, { body: '[removed]', username: '[deleted]' }, { isRemoved: true }), 'removed'],
  ['removed, of another time', claimOf(ofReddit), changed(ofReddit, { datetime: at - 90_000 }, { isRemoved: true }), 'createdAt'],
  ['an author who left', claimOf(ofReddit), changed(ofReddit, { username: '[deleted]' }), 'same'],
  ['another author', claimOf(ofReddit, { username: 'me' }), ofReddit, 'username'],
  ['another spelling of its address', { ...claimOf(ofReddit, { url: `${ofReddit.row.url}?x` }), uri: `${ofReddit.row.url}?x` }, ofReddit, 'url'],
  ['an address that is not its own', { ...claimOf(ofX), uri: 'https://x.com/a/status/1' }, ofX, 'uri'],
  ['seconds in its content', claimOf(ofX, { timestamp: new Date(at).toISOString() }), ofX, 'timestamp'],
  ['another time beside it', { ...claimOf(ofX), datetimeMs: at + 61_000 }, ofX, 'datetime'],
  ['another label', { ...claimOf(ofX), label: '#btc' }, changed(ofX, { tweet_hashtags: ['#TAO'] }), 'tweet_hashtags'],
  ['a label that is no hashtag of it', { ...claimOf(ofX), label: '#eth' }, ofX, 'label'],
  ['hashtags that repeat', claimOf(ofX, { tweet_hashtags: ['#tao', '#tao', '#tao', '#tao', '#tao', '#tao'] }), ofX, 'tweet_hashtags'],
  ['for adults, as safe', claimOf(ofReddit), changed(ofReddit, { is_nsfw: true }), 'is_nsfw'],
  ['what is not there', claimOf(ofX), 'absent', 'absent'],
  ['what nobody knows', claimOf(ofX), undefined, 'not_found_out'],
])('what is said of a post is held against what is there: %s', (_what, claimed, there, expected) => {
  const found = comparePost(claimed, there)
  expect('reason' in found ? found.reason : found.verdict).toBe(expected)
  const isUnknown = ['edited', 'removed', 'not_found_out'].includes(expected)
  expect(found.verdict).toBe(expected === 'same' ? 'same' : isUnknown ? 'unknown' : 'wrong')
})

test('cells of another kind are told by their column', () => {
  expect(claimedCells('x', { tweet_hashtags: 'none' })).toEqual({ wrong: 'tweet_hashtags' })
  expect(claimedCells('reddit', { createdAt: 'yesterday' })).toEqual({ wrong: 'createdAt' })
  expect(claimedCells('reddit', JSON.parse('{"__proto__":{"body":"x"},"score":3}'))).toEqual(new Map([['score', 3]]))
})

test('a post is found by what its address says of it, and by nothing else that is written there', async () => {
  const [one, two] = [xItem({ at, serial: 1 }), xItem({ at, serial: 2 })]
  await using run = await scene(({ url, body }, response) => {
    if (url === '/api/v1/access_token') return json(response, { access_token: 'token-1', expires_in: 86_400 })
    if (url.startsWith('/api/info')) return json(response, listing([redditPost({ id: 'abc', at }), ...(url.includes('odd') ? [{ kind: 't3', data: {} }] : [])]))
    // As many as are wanted, and what answers the first stands before the second.
    const { maxItems } = JSON.parse(body) as { maxItems: number }
    return json(response, maxItems <= 3 ? [one, xItem({ at, serial: 9 })] : [one, xItem({ at, serial: 9 }), two])
  })
  const x = run.parts.sources.get('x')!
  const urls = [one.url, two.url, `https://x.com/a/status/${snowflake(at, 3)}`, 'https://x.com/a/status/1?x=<script>', 'https://evil.example/a/status/1']
  const there = await x.find(urls, signal)
  expect(urls.map((url) => (there.get(url) === 'absent' ? 'absent' : (there.get(url) as Post).row.url))).toEqual([
    one.url,
    two.url,
    'absent',
    'absent',
    'absent',
  ])
  expect(JSON.parse(run.server.asked[0]!.body)).toMatchObject({
    maxItems: 3,
    startUrls: [one, two].map(({ id }) => `https://x.com/i/status/${id}`).concat([expect.any(String)]),
  })
  const reddit = run.parts.sources.get('reddit')!
  const post = 'https://www.reddit.com/r/bittensor_/comments/abc/a_title/'
  expect(await reddit.find([post, 'https://evil.example/r/x/comments/abc/t/', 'https://www.reddit.com/r/x/comments/zzz/t/'], signal)).toEqual(
    new Map<string, unknown>([
      [post, expect.objectContaining({ platform: 'reddit' })],
      ['https://evil.example/r/x/comments/abc/t/', 'absent'],
      ['https://www.reddit.com/r/x/comments/zzz/t/', 'absent'],
    ]),
  )
  // One that could not be read may be the one.
  expect([...(await reddit.find(['https://www.reddit.com/r/x/comments/odd/t/'], signal))]).toEqual([])
})

test('a platform that lets nobody ask is asked no more in this cycle, and pages that lead back to themselves end', async () => {
  let limited = true
  await using run = await scene(({ url }, response) => {
    if (url === '/api/v1/access_token') return json(response, { access_token: 'token-1', expires_in: 86_400 })
    if (limited) return json(response, {}, { 'x-ratelimit-reset': '599' }, 429)
    const after = new URL(url, 'http://x').searchParams.get('after')
    return json(response, listing([redditPost({ id: after === 'b' ? 'two' : 'one', at })], after === 'b' ? 'a' : 'b'))
  })
  const jobs = [job('one', 'reddit', { label: 'r/bittensor_' }), job('two', 'reddit', { label: 'r/other' })]
  expect((await collectPosts(jobs, run.parts, signal)).jobs).toEqual({ asked: 1, failed: 1, put_off: 1, without_credentials: 0 })
  limited = false
  const before = run.server.asked.length
  expect((await collectPosts(jobs.slice(0, 1), run.parts, signal)).posts).toMatchObject({ new: 2 })
  expect(run.server.asked.slice(before).map(({ url }) => new URL(url, 'http://x').searchParams.get('after'))).toEqual([null, 'b', 'a', null, 'b', 'a'])
})

test('a post belongs to a job by label, keyword and dates', () => {
  const [post] = readItems([xItem({ at })], scrapedAt)!.posts
  const job = { id: 'j', platform: 'x' as const, label: null, keyword: null, startMs: null, endMs: null }
  const fits = (wish: object): boolean => belongsTo(post!, { ...job, ...wish })
  expect([fits({ label: '#btc' }), fits({ label: '#tao', keyword: 'MINED'.toLowerCase() }), fits({ startMs: at, endMs: at })]).toEqual([true, true, true])
  expect([fits({ label: '#eth' }), fits({ keyword: 'absent' }), fits({ startMs: at + 1 }), fits({ endMs: at - 1 }), fits({ platform: 'reddit' })]).toEqual([
    false,
    false,
    false,
    false,
    false,
  ])
})

test('a list of jobs is read as Data Universe has it, and what is none is passed over', () => {
  const params = { keyword: null, platform: 'x', label: '#TAO', post_start_datetime: null, post_end_datetime: null }
  const list = [
    { id: 'default_1', weight: 1, params },
    { id: 'r', params: { ...params, platform: 'reddit', label: 'Bittensor_', post_start_datetime: '2026-01-01T00:00:00' } },
    { id: '../x', params },
    { id: 'you', params: { ...params, platform: 'youtube' } },
    { id: 'empty', params: { ...params, label: null } },
    null,
  ]
  const { jobs, skipped } = readPostJobs(JSON.stringify(list), 'total.json')
  expect(jobs).toEqual([
    { id: 'default_1', platform: 'x', label: '#tao', keyword: null, startMs: null, endMs: null },
    { id: 'r', platform: 'reddit', label: 'r/bittensor_', keyword: null, startMs: Date.parse('2026-01-01T00:00:00Z'), endMs: null },
  ])
  expect(skipped).toBe(4)
  for (const text of ['{}', '[', '']) expect(() => readPostJobs(text, 'total.json')).toThrow(/total.json is no list of jobs/)
})

test('a file has the columns of its platform and row groups of 10,000', async () => {
  const items = Array.from({ length: 12_345 }, (_, serial) => xItem({ at, serial, ...(serial % 2 === 0 && { media: ['https://pbs.example/a.png'] }) }))
  const { posts } = readItems(items, scrapedAt)!
  const bytes = await written('x', [posts.slice(0, 10_000), posts.slice(10_000)])
  const { row_groups, schema } = parquetMetadata(new Uint8Array(bytes).buffer)
  expect(row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([10_000, 2345])
  expect(new Set(row_groups.flatMap(({ columns }) => columns.map(({ meta_data }) => meta_data?.codec)))).toEqual(new Set(['ZSTD']))
  expect(schema.filter(({ name }) => name in postColumns.x)).toHaveLength(33)
  const rows = await readAll(bytes)
  expect(rows).toHaveLength(12_345)
  expect(rows[12_000]).toMatchObject({ media: ['https://pbs.example/a.png'], tweet_hashtags: ['#TAO', '#BTC'], view_count: 120n, datetime: new Date(at) })
  expect(rows[12_001]?.['media'] ?? null).toBeNull()
})

/** Both platforms on one server; a place for what is scraped. */
async function scene(answer: Parameters<typeof platformServer>[0], credentials?: object) {
  const stack = new AsyncDisposableStack()
  const server = stack.use(await platformServer(answer))
  const folder = await temporaryFolder()
  const path = join(folder, 'credentials.json')
  const given = credentials ?? {
    reddit: { client_id: 'me', client_secret: 'hush', user_agent: 'linux:orrery.test:1 (by /u/me)', auth_url: server.origin, api_url: server.origin },
    x: { endpoint: `${server.origin}/v2/acts/some~actor/run-sync-get-dataset-items`, token: 'apify_hush', input: { lang: 'en' } },
  }
  await writeFile(path, JSON.stringify(given), { mode: 0o600 })
  const pace = manualClock(scrapedAt)
  const waited: number[] = []
  const sources = await postSources(path, { fetch, pace: { now: pace.now, sleep: async (ms) => void waited.push(ms) }, now: pace.now })
  const store = folderStore(join(folder, 'store'))
  const kept = stack.use(keptPosts(join(folder, 'posts.sqlite')))
  const parts = { hotkey, sources, kept, store, telemetry: createTelemetry(), folder, rowsMax: 1000, postsPerJob: 500, now: pace.now }
  const keys = async () => Array.fromAsync(store.list('data/'), ({ key }) => key)
  return { server, path, pace, waited, store, kept, parts, keys, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

const job = (id: string, platform: 'reddit' | 'x', wish: object) => ({ id, platform, label: null, keyword: null, startMs: null, endMs: null, ...wish })
/** Long enough that a file of few is none too small. */
const words = (n: number): string => Array.from({ length: 120 }, (_, i) => (n * 7919 + i * 104_729).toString(36)).join(' ')

test('a cycle asks both platforms page by page, keeps each post once a job, and leaves one newest file a job in the store', async () => {
  let turn = 0
  const posts = Array.from({ length: 250 }, (_, n) => redditPost({ id: `p${n.toString(36)}`, at: at - n * 1000, text: words(n) }))
  await using run = await scene(({ url }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://x')
    if (pathname === '/api/v1/access_token') return json(response, { access_token: 'token-1', token_type: 'bearer', expires_in: 86_400 })
    if (pathname === '/r/bittensor_/new') {
      const from = Number(searchParams.get('after') ?? 0)
      return json(
        response,
        listing(
          [...(turn > 0 && from === 0 ? [redditPost({ id: 'news', at: at + 5000, text: words(999) })] : []), ...posts.slice(from, from + 100)],
          from + 100 < posts.length ? String(from + 100) : null,
        ),
      )
    }
    if (pathname === '/r/bittensor_/comments')
      return json(response, listing([redditComment({ id: 'c1', at, text: words(5) }), redditComment({ id: 'c2', at }, 'other')]))
    if (pathname.startsWith('/v2/acts/'))
      return json(
        response,
        Array.from({ length: 60 }, (_, serial) => xItem({ at, serial, text: `${words(serial)} #TAO` })),
      )
    return json(response, { error: 404 }, {}, 404)
  })
  const jobs = [job('sub', 'reddit', { label: 'r/bittensor_' }), job('tags', 'x', { label: '#tao' }), job('none', 'reddit', { label: 'r/empty' })]
  const first = await collectPosts(jobs, run.parts, signal)
  expect(first).toEqual({
    jobs: { asked: 3, failed: 1, put_off: 0, without_credentials: 0 },
    posts: { scraped: 312, new: 311, refused: 0, other_jobs: 1 },
    files: { uploaded: 2, too_small: 0 },
  })
  const reddit = run.server.asked.find(({ url }) => url.startsWith('/r/bittensor_/new'))
  expect(reddit!.headers).toMatchObject({ authorization: 'Bearer token-1', 'user-agent': 'linux:orrery.test:1 (by /u/me)' })
  const x = run.server.asked.find(({ url }) => url.startsWith('/v2/acts/'))!
  expect(JSON.parse(x.body)).toMatchObject({
    lang: 'en',
    sort: 'Latest',
    maxItems: 500,
    searchTerms: [expect.stringMatching(/^since:2026-11-28_01:02:03_UTC until:.* #tao$/)],
  })
  const before = await run.keys()
  const name = parseShardKey(before.find((key) => key.includes('job_id=sub'))!)!
  expect([name.hotkey, parseShardName(name.name)?.rows]).toEqual([hotkey, 251])

  turn++
  run.pace.advance(60_000)
  expect((await collectPosts(jobs.slice(0, 2), run.parts, signal)).posts).toMatchObject({ new: 1 })
  const after = await run.keys()
  expect(after).toHaveLength(2)
  expect(after.filter((key) => before.includes(key)).map((key) => parseShardKey(key)?.jobId)).toEqual(['tags'])
  const rows = await readAll(await run.store.get(after.find((key) => key.includes('job_id=sub'))!))
  expect(new Set(rows.map(({ url }) => url)).size).toBe(252)
  // A job that leaves the list leaves the store.
  await collectPosts(jobs.slice(1, 2), run.parts, signal)
  expect((await run.keys()).map((key) => parseShardKey(key)?.jobId)).toEqual(['tags'])
})

test('a platform that is busy is waited for as it says; one that stays away costs its job alone; one that refuses the credentials ends it', async () => {
  const answers: ((response: import('node:http').ServerResponse) => void)[] = []
  await using run = await scene((_, response) => (answers.shift() ?? ((last) => json(last, {}, {}, 503)))(response))
  answers.push(
    (response) => json(response, {}, { 'retry-after': '7' }, 429),
    (response) => json(response, [xItem({ at })], { 'x-ratelimit-remaining': '0.0', 'x-ratelimit-reset': '33' }),
  )
  const tags = job('tags', 'x', { label: '#tao' })
  expect(await collectPosts([tags], run.parts, signal)).toMatchObject({ posts: { new: 1 }, files: { uploaded: 0, too_small: 1 } })
  expect(run.waited).toEqual([7000, 33_000])
  expect(await collectPosts([tags], run.parts, signal)).toMatchObject({ jobs: { failed: 1 } })
  answers.push((response) => void response.writeHead(200).end('[{'))
  expect(await collectPosts([tags], run.parts, signal)).toMatchObject({ jobs: { failed: 1 } })
  answers.push((response) => json(response, {}, {}, 401))
  await expect(collectPosts([tags], run.parts, signal)).rejects.toMatchObject({ code: 'unauthorized', message: expect.not.stringContaining('apify_hush') })
})

test('only the newest rows of a job are kept', async () => {
  using kept = keptPosts(join(await temporaryFolder(), 'posts.sqlite'))
  const { posts } = readItems(
    Array.from({ length: 10 }, (_, serial) => xItem({ at: at + serial * 1000, serial })),
    scrapedAt,
  )!
  expect([kept.keep('j', posts, 4), kept.keep('j', posts.slice(6), 4), kept.standing('j').rows]).toEqual([10, 0, 4])
  expect(kept.page('j', undefined, 10).map(({ row }) => row.url)).toEqual(posts.slice(6).map(({ row }) => row.url))
})

test.each([
  ['no file', undefined, /names no file/],
  ['nothing of it', {}, /holds credentials of no platform/],
  [
    'a word too many',
    { reddit: { client_id: 'a', client_secret: 'hush', user_agent: 'linux:x:1 (by /u/a)', password: 'hush' } },
    /reddit is not as it should be/,
  ],
])('credentials that cannot be used are told in one line, without what is in them: %s', async (_name, content, problem) => {
  const path = join(await temporaryFolder(), 'credentials.json')
  if (content) await writeFile(path, JSON.stringify(content), { mode: 0o600 })
  const asked = postSources(content ? path : '', { fetch, pace: manualClock(), now: () => 0 })
  await expect(asked).rejects.toMatchObject({ code: 'invalid_config', message: expect.stringMatching(problem) })
  await expect(asked).rejects.toMatchObject({ message: expect.not.stringContaining('hush') })
})

test('credentials that others may read are refused', async () => {
  await using run = await scene(() => undefined)
  await chmod(run.path, 0o644)
  await expect(postSources(run.path, { fetch, pace: run.pace, now: run.pace.now })).rejects.toThrow(/others may read it; run chmod 600/)
  expect(await readFile(run.path, 'utf8')).toContain('hush')
})

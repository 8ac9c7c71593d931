import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createHttp, type Http } from '#infra/net/http.ts'
import { onDemandBoard } from '#infra/on-demand/board.ts'
import { accessClient } from '#infra/store/access/client.ts'
import { injectedFetch } from '#infra/store/access/injected-fetch.fixture.ts'
import { miner, rival, served } from '#infra/store/access/served.fixture.ts'
import { createTelemetry, type TelemetryEvent } from '#infra/telemetry/telemetry.ts'
import type { Signer } from '#schemas/chain.ts'
import { onDemandLimits as limits, OnDemandWish } from '#schemas/on-demand.ts'
import { enqueue, openSubnet, testJob, type Subnet } from '#test/adversary/subnet.ts'
import { testDocument } from '#test/golden/documents.ts'
import { story } from '#test/site/story.ts'
import { sharedPages as pool } from '../../document/page-pool.fixture.ts'
import { memoryTurns } from '../../limits/memory-turns.ts'
import { json, listing, platformServer, redditComment, redditPost, xItem, type Asked } from '../../posts/platforms.fixture.ts'
import { redditSource } from '../../posts/reddit-source.ts'
import { xSource } from '../../posts/x-source.ts'
import { writeSnapshot } from '../../shard/snapshot.fixture.ts'
import type { AnswerParts } from './answer-job.ts'
import { lookAtPage } from './look-at-page.ts'
import { searchCorpus } from './search-corpus.ts'
import { onDemandMiner, type OnDemandMinerParts } from './on-demand.ts'

const { signal } = new AbortController()
const at = Date.UTC(2026, 0, 5)
const page = (title: string, n: number, more = ''): string =>
  `<html lang="en"><head><title>${title}</title>${more}</head><body><main><h1>${title}</h1><p>${story(n)}</p></main></body></html>`

let subnet: Subnet
let keeper: Signer
let site: Awaited<ReturnType<typeof platformServer>>
let http: Http

/** A miner's shards: pages 0…29 of three hosts, every third about bread; and a site, which is at the same time a platform. */
beforeAll(async () => {
  subnet = await openSubnet()
  keeper = await subnet.join('keeper')
  const job = testJob('all')
  const documents = Array.from({ length: 30 }, (_, n) =>
    testDocument(n, { text: `${n % 3 === 0 ? 'Bread' : 'Milk'} of the ${n}th day. ${story(n)}`, hotkey: keeper.address, job_id: job.id, label: 'all' }),
  )
  for (const some of [documents.slice(0, 15), documents.slice(15)]) {
    await enqueue(subnet.queue('documents'), some)
    await writeSnapshot(subnet, keeper, { jobs: [job], compacts: false, facts: subnet.pace })
    subnet.pace.advance(60_000)
  }
  site = await platformServer((asked, response) => {
    if (asked.method === 'POST' || asked.url.startsWith('/r/') || /^\/(?:user|search|api)/.test(asked.url)) return platform(asked, response)
    const body = { '/robots.txt': 'User-agent: *\nDisallow: /closed', '/bread': page('Bread', 1), '/closed': page('Closed', 2) }[asked.url]
    return void response.writeHead(body === undefined ? 404 : 200, { 'content-type': asked.url.endsWith('.txt') ? 'text/plain' : 'text/html' }).end(body)
  })
  http = createHttp({ userAgent: 'orrery-test', timeoutMs: 60_000, bytesMax: 2 ** 20, hosts: () => undefined, allowPrivate: [site.origin] })
})
afterAll(async () => {
  await http[Symbol.asyncDispose]()
  await site[Symbol.asyncDispose]()
  await subnet[Symbol.asyncDispose]()
})

function platform({ url }: Asked, response: Parameters<Parameters<typeof platformServer>[0]>[1]): void {
  const { pathname } = new URL(url, 'http://x')
  if (pathname === '/api/v1/access_token') return json(response, { access_token: 'token', token_type: 'bearer', expires_in: 3600 })
  if (pathname === '/r/bread/new')
    return json(response, listing([redditPost({ id: 'a', at, text: 'Rye and wheat' }, 'bread'), redditPost({ id: 'old', at: at - 9e8 }, 'bread')]))
  if (pathname === '/r/bread/comments') return json(response, listing([redditComment({ id: 'b', at, text: 'More RYE' }, 'bread')]))
  if (pathname === '/user/anna/overview')
    return json(response, listing([redditComment({ id: 'c', at, author: 'Anna' }, 'bread'), redditPost({ id: 'd', at, author: 'other' })]))
  if (pathname === '/api/info') return json(response, listing([redditPost({ id: 'a', at }, 'bread')]))
  if (pathname === '/r/private/new') return json(response, { reason: 'private' }, {}, 403)
  if (pathname === '/search')
    return json(response, listing([redditPost({ id: 'e', at, title: 'Rye', text: 'and salt' }), redditPost({ id: 'f', at, text: 'rye alone' })]))
  if (pathname === '/x')
    return json(response, [
      xItem({ at, text: 'Rye bread', user: 'anna', serial: 1 }),
      xItem({ at, text: 'Rye bread', user: 'other', serial: 2 }),
      xItem({ at: at - 9e8, text: 'rye bread', user: 'anna' }),
    ])
  return json(response, { error: 404 }, {}, 404)
}

/** A service, and the on-demand loop of a miner of it. */
async function scene(given: Partial<Pick<OnDemandMinerParts, 'posts' | 'pace'>> = {}, signer = miner, service?: Awaited<ReturnType<typeof served>>) {
  const at = service ?? (await served())
  const events: TelemetryEvent[] = []
  const telemetry = createTelemetry()
  telemetry.listen((event) => events.push(event))
  const client = accessClient({
    origin: 'http://access.test',
    signer: async () => signer,
    fetch: injectedFetch(at),
    date: at.clock.now,
    pace: { sleep: (ms) => delay(ms) },
  })
  const board = onDemandBoard(client)
  const { pace, facts } = subnet
  const look = lookAtPage({ http, pages: pool, turns: memoryTurns(pace), pace, facts, hostDelayMs: 1, obeyRights: true, contact: '' })
  const credentials = { client_id: 'me', client_secret: 'hush', user_agent: 'linux:test:1 (by /u/me)', auth_url: site.origin, api_url: site.origin }
  const services = { fetch, pace: at.clock, now: () => Date.UTC(2026, 0, 6) }
  const posts: AnswerParts['posts'] = new Map(
    [redditSource(credentials, services), xSource({ endpoint: `${site.origin}/x`, token: 'hush' }, services)].map((source) => [source.platform, source]),
  )
  const loop = onDemandMiner({ ...subnet, pace: at.clock, board, hotkey: keeper.address, look, posts, telemetry, ...given })
  onTestFinished(() => loop[Symbol.asyncDispose]())
  return {
    at,
    board,
    loop,
    create: async (job: object, more: object = {}) => (await at.onDemand.create(OnDemandWish.parse({ job, ...more }))).id,
    /** Polls, and says what became of the jobs. */
    async answered() {
      await loop.poll(signal)
      await loop.idle()
      return events.splice(0).map(({ fields }) => [fields?.['end'], fields?.['rows'], fields?.['reason']].filter((each) => each !== undefined))
    },
    async rows(id: string): Promise<{ uri: string; content: string }[]> {
      const [submission] = (await at.onDemand.get(id))?.submissions ?? []
      if (!submission?.delivered) return []
      const [key] = await at.stored()
      return JSON.parse(Buffer.from(await at.store.get(key ?? '')).toString()).data_entities
    },
  }
}

const numbers = (rows: readonly { uri: string }[]) => rows.map(({ uri }) => Number(uri.split('/').at(-1)))

test.each([
  [
    'a keyword, the newest file first, each row once',
    { keywords: ['BREAD'] },
    {},
    (found: number[]) => found.length === 10 && found.slice(0, 5).every((n) => n >= 15) && found.every((n) => n % 3 === 0),
  ],
  ['as many as are wanted', { keywords: ['bread'] }, { limit: 3 }, (found: number[]) => found.length === 3],
  ['one of the keywords', { keywords: ['bread', 'milk of the 1th'] }, {}, (found: number[]) => found.length === 11 && found.includes(1)],
  ['all of the keywords', { keywords: ['milk', 'the 22th'] }, { keyword_mode: 'all' }, (found: number[]) => String(found) === '22'],
  ['a host', { keywords: ['host1.example'] }, {}, (found: number[]) => found.length === 10 && found.every((n) => n % 3 === 1)],
  [
    'a time',
    { keywords: ['bread'] },
    { start_date: '2026-01-05T00:10:00Z', end_date: '2026-01-05T00:20:00Z' },
    (found: number[]) => String(found.toSorted((a, b) => a - b)) === '12,15,18',
  ],
])('a job of the web is answered with rows of its own: %s', async (_what, job, more, isSo) => {
  const { create, answered, rows } = await scene()
  const id = await create({ platform: 'web', ...job }, more)
  const ends = await answered()
  const found = numbers(await rows(id))
  expect(found).toSatisfy(isSo)
  expect(ends).toEqual([['submitted', found.length]])
})

test('where there is no more time, what was found until then is given', async () => {
  const stop = new AbortController()
  let first: string | undefined
  const store = {
    get: async (...asked: Parameters<Subnet['store']['get']>) => {
      first ??= asked[0]
      if (asked[0] !== first) stop.abort(new Error('late'))
      return subnet.store.get(...asked)
    },
  }
  const { at: service } = await scene()
  const job = await service.onDemand.create(OnDemandWish.parse({ job: { platform: 'web', keywords: ['bread'] } }))
  expect(numbers(await searchCorpus({ ...subnet, store, hotkey: keeper.address }, job, stop.signal))).toEqual([15, 18, 21, 24, 27])
})

test('a page that a job names is fetched with the manners of the crawl, and must be what is asked for', async () => {
  const { create, answered, rows, at: service } = await scene()
  const named = async (path: string, job: object = {}, more: object = {}) =>
    create({ platform: 'web', url: path.startsWith('http') ? path : `${site.origin}${path}`, ...job }, more)
  const id = await named('/bread')
  expect(await answered()).toEqual([['submitted', 1]])
  expect((await rows(id))[0]).toMatchObject({ uri: `${site.origin}/bread`, content: `# Bread\n\n${story(1)}` })
  const refused = [
    ['/closed', 'robots_disallowed', {}],
    ['/nothing', 'http_404', {}],
    ['/bread', 'not_asked_for: keyword', { keywords: ['milk'] }],
    ['/bread', 'not_asked_for: date', {}, { end_date: '2020-01-01T00:00:00Z' }],
    ['http://a.example/', 'no_contact', {}],
  ] as const
  for (const [path, , job, more] of refused) await named(path, job, more)
  expect((await answered()).toSorted()).toEqual(refused.map(([, reason]) => ['nothing', 0, reason]).toSorted())
  expect(site.asked.map(({ url }) => url)).not.toContain('/closed')
  expect((await service.stored()).length).toBe(1)
})

const ids = (rows: readonly { uri: string }[]) => rows.map(({ uri }) => uri.replace(/^https:\/\/[^/]+/, ''))
test.each([
  [
    'reddit',
    'a community, newer than a date',
    { subreddit: 'r/Bread' },
    { start_date: '2026-01-01T00:00:00Z' },
    ['/r/bread/comments/a/a_title/', '/r/bread/comments/abc/a_title/b/'],
  ],
  [
    'reddit',
    'a community that a keyword names',
    { keywords: ['r/bread', 'salt'] },
    { start_date: '2026-01-01T00:00:00Z' },
    ['/r/bread/comments/a/a_title/', '/r/bread/comments/abc/a_title/b/', '/r/bittensor_/comments/e/a_title/'],
  ],
  ['reddit', 'all of the keywords', { keywords: ['rye', 'salt'] }, { keyword_mode: 'all' }, ['/r/bittensor_/comments/e/a_title/']],
  ['reddit', 'users, of whom one is gone', { usernames: ['nobody', 'anna'] }, {}, ['/r/bread/comments/abc/a_title/c/']],
  ['reddit', 'a post', { url: 'https://www.reddit.com/r/bread/comments/a/a_title/' }, {}, ['/r/bread/comments/a/a_title/']],
  [
    'x',
    'a user, keywords and dates',
    { usernames: ['@Anna'], keywords: ['rye', 'bread'] },
    { start_date: '2026-01-01T00:00:00Z', keyword_mode: 'all' },
    [expect.stringMatching(/^\/anna\/status\//)],
  ],
  ['x', 'as many as are wanted', { keywords: ['rye', 'x'] }, { limit: 2 }, [expect.any(String), expect.any(String)]],
])('a job of %s is answered where there are credentials: %s', async (platform, _what, job, more, expected) => {
  const { create, answered, rows } = await scene()
  const id = await create({ platform, ...job }, more)
  expect(await answered()).toEqual([['submitted', expected.length]])
  expect(ids(await rows(id))).toEqual(expected)
})

test('X is searched in its own words, a post by its address; users cannot say more than a name', async () => {
  const { create, answered } = await scene()
  const url = 'https://x.com/anna/status/1'
  await create(
    { platform: 'x', usernames: ['a b', 'c) OR (from:d'], keywords: ['one "two"', 'three'] },
    { start_date: '2026-01-01T00:00:00Z', end_date: '2026-01-02T00:00:00Z', limit: 7 },
  )
  await create({ platform: 'x', url })
  await answered()
  const [first, second] = site.asked
    .filter((asked) => asked.url === '/x')
    .slice(-2)
    .map(({ body }) => JSON.parse(body))
    .toSorted((a, b) => b.maxItems - a.maxItems)
  expect(first).toEqual({
    searchTerms: ['since:2026-01-01_00:00:00_UTC until:2026-01-02_00:00:00_UTC (from:ab OR from:cORfromd) ("one two" OR "three")'],
    sort: 'Latest',
    maxItems: 7,
  })
  expect(second).toEqual({ startUrls: [url], sort: 'Latest', maxItems: 5 })
})

test('each job comes to one end, once', async () => {
  const { create, answered, at: service, board } = await scene({ posts: new Map() })
  await create({ platform: 'x', keywords: ['a'] })
  await create({ platform: 'web', keywords: ['nowhere'] })
  const taken = await create({ platform: 'web', keywords: ['bread'] })
  await board.submit(taken, Buffer.from('{"data_entities":[]}'), signal)
  expect((await answered()).toSorted()).toEqual([
    ['nothing', 0],
    ['taken', 0],
    ['unserved', 0],
  ])
  expect(await answered()).toEqual([])
  await create({ platform: 'web', keywords: ['bread'] })
  service.clock.advance(limits.lifeMsUsual - limits.promiseMsLast)
  expect(await answered()).toEqual([['late', 0, 'precondition_failed']])
  const other = await scene()
  await other.create({ platform: 'reddit', subreddit: 'r/private' })
  expect(await other.answered()).toEqual([['failed', 0, expect.stringMatching(/^forbidden: .*403/)]])
})

test('what a killed miner had promised, or was about to, the next process answers', async () => {
  const { create, at: service } = await scene()
  const id = await create({ platform: 'web', keywords: ['bread'] })
  await service.tao(miner, '/on-demand/miner/jobs/submit', { submission: { job_id: id } })
  expect((await service.onDemand.get(id))?.submissions).toMatchObject([{ delivered: null }])
  expect(await (await scene({}, miner, service)).answered()).toEqual([['submitted', 10]])
  // It died before it knew that all was taken.
  expect(await (await scene({}, miner, service)).answered()).toEqual([['taken', 0]])
  expect(await (await scene({}, rival, service)).answered()).toEqual([['submitted', 10]])
})

test('of more jobs than one answer has, none is passed over, and none is answered twice', async () => {
  const { create, answered, at: service } = await scene({ posts: new Map() })
  for (let n = 0; n < limits.activeMax + 100; n++) {
    await create({ platform: 'x', keywords: ['a'] })
    if (n % 100 === 0) service.clock.advance(1)
  }
  expect((await answered()).length).toBe(limits.activeMax + 100)
  expect(await answered()).toEqual([])
})

test('a miner whose clock is days off answers as the others do', async () => {
  const { at: service } = await scene()
  for (const [n, signer] of [miner, rival].entries()) {
    const off = await scene({ pace: { ...service.clock, now: () => service.clock.now() + (n - 0.5) * 1e9 } }, signer, service)
    await off.create({ platform: 'web', keywords: ['bread'] })
    expect((await off.answered()).at(-1)).toEqual(['submitted', 10])
  }
})

import { randomInt } from 'node:crypto'
import { expect, test } from 'vitest'
import { onDemandBoard } from '#infra/on-demand/board.ts'
import { inMemory } from '#infra/sqlite/database.ts'
import { accessClient } from '#infra/store/access/client.ts'
import { coldkeyOf, miner, rival, served, validator } from '#infra/store/access/served.fixture.ts'
import { developmentKey } from '#infra/chain/key-file.ts'
import { createTelemetry, type TelemetryEvent } from '#infra/telemetry/telemetry.ts'
import type { Signer } from '#schemas/chain.ts'
import type { OnDemandJob } from '#schemas/on-demand.ts'
import { encodeRows } from '#schemas/on-demand-rows.ts'
import { story } from '#test/site/story.ts'
import { findPosts, type FindPosts } from '../../posts/find-posts.ts'
import { json, listing, platformServer, redditComment, redditPost, xItem } from '../../posts/platforms.fixture.ts'
import { entityOf, type Post } from '../../posts/post.ts'
import { redditSource } from '../../posts/reddit-source.ts'
import { readListing } from '../../posts/reddit.ts'
import { readItems } from '../../posts/x.ts'
import { xSource } from '../../posts/x-source.ts'
import type { Refetched } from '../refetch.ts'
import { onDemandJudge } from './judge.ts'
import { sqliteOutcomes } from './outcomes.ts'
import { submissionReader } from './submission-reader.ts'
import { injectedFetch } from '#infra/store/access/injected-fetch.fixture.ts'

const signal = new AbortController().signal
const url = (n: number) => `https://blog.example/${n}`
const text = (n: number) => `About tao, page ${n}. ${story(n, 12)}`
const at = new Date('2025-12-31T00:00:00Z')
const rowsOf = (numbers: readonly number[], textOf = text) => numbers.map((n) => ({ uri: url(n), datetime: at, source: 8, label: null, content: textOf(n) }))

/** A service, a validator that judges what is submitted to it, and a web of a hundred pages. */
async function scene(web: (n: number) => Refetched = found, finding: FindPosts = async () => new Map()) {
  const service = await served()
  const boardOf = (signer: Signer) =>
    onDemandBoard(
      accessClient({ origin: 'http://access.test', signer: async () => signer, fetch: injectedFetch(service), date: service.clock.now, pace: service.clock }),
    )
  const outcomes = sqliteOutcomes(inMemory, { clock: service.clock })
  const events: TelemetryEvent[] = []
  const telemetry = createTelemetry()
  telemetry.listen((event) => events.push(event))
  const looks: string[] = []
  const refetch = async (asked: string) => {
    looks.push(asked)
    return web(Number(new URL(asked).pathname.slice(1)))
  }
  const parts = {
    board: boardOf(validator),
    outcomes,
    reader: submissionReader(),
    refetch,
    findPosts: finding,
    pace: service.clock,
    telemetry,
    random: () => randomInt(2 ** 31) / 2 ** 31,
  }
  const judge = onDemandJudge(parts)
  return {
    service,
    boardOf,
    judge,
    parts,
    outcomes,
    looks,
    events,
    create: async (job: object = { platform: 'web', keywords: ['tao'] }, more: object = {}): Promise<OnDemandJob> => {
      const created = await service.ask('POST', '/on-demand/constellation/jobs', JSON.stringify({ job: { job, ...more } }), {
        ...service.json,
        'x-api-key': service.key,
      })
      expect(created.status).toBe(201)
      return (await service.onDemand.get(created.body['job_id']))?.job as OnDemandJob
    },
    of: async (signer: Signer) => (await outcomes.since(signer.address, 0)).outcomes,
  }
}

const found = (n: number): Refetched => ({
  state: 'found',
  page: { text: text(n), published_at: null } as unknown as Extract<Refetched, { state: 'found' }>['page'],
})

test('from the wish of a client to the outcomes of two miners', async () => {
  const { service, boardOf, create, judge, of, outcomes } = await scene()
  const job = await create({ platform: 'web', keywords: ['TAO'] }, { limit: 3 })
  expect(await boardOf(miner).active(service.clock.now() - 1000, signal)).toEqual([job])
  service.clock.advance(12_000)
  await boardOf(miner).submit(job.id, encodeRows(rowsOf([1, 2, 3])), signal)
  // Its answer was lost: it sends the same again.
  await expect(boardOf(miner).submit(job.id, encodeRows(rowsOf([1, 2, 3])), signal)).rejects.toMatchObject({ code: 'already_exists' })
  await boardOf(rival).submit(job.id, encodeRows(rowsOf([1], () => `tao ${story(77, 9)}`)), signal)
  expect(await judge.round(signal)).toBe(0)
  service.clock.advance(120_000)
  expect(await judge.round(signal)).toBe(2)
  expect(await judge.round(signal)).toBe(0)
  const common = { jobId: job.id, platform: 'web', limit: 3, ms: 12_000, createdAt: Date.parse(job.created_at) }
  expect(await of(miner)).toEqual([{ ...common, hotkey: miner.address, state: 'judged', passed: true, rows: 3 }])
  expect(await of(rival)).toEqual([{ ...common, hotkey: rival.address, state: 'judged', passed: false, rows: 1 }])
  expect(await outcomes.coverage(miner.address)).toEqual([{ platform: 'web', doable: 0, promised: 1, delivered: 1 }])
  const read = await service.ask('GET', `/on-demand/constellation/jobs/${job.id}`, undefined, { 'x-api-key': service.key })
  expect(read.body['submissions'].map((each: { miner_hotkey: string }) => each.miner_hotkey).toSorted()).toEqual([miner.address, rival.address].toSorted())
})

test('nothing disappears: what was promised and never came is refused, what is not drawn is unsampled, an empty answer is wrong where there was something', async () => {
  const { service, boardOf, create, judge, of, looks } = await scene()
  const jobs: OnDemandJob[] = []
  for (let n = 0; n < 12; n++) {
    jobs.push(await create())
    await boardOf(miner).submit(jobs[n]?.id ?? '', encodeRows(rowsOf([n + 1])), signal)
    service.clock.advance(15_000)
  }
  await service.tao(rival, '/on-demand/miner/jobs/submit', { submission: { job_id: jobs[11]?.id } })
  await boardOf(rival).submit(jobs[10]?.id ?? '', encodeRows([]), signal)
  service.clock.advance(300_000)
  await judge.round(signal)
  const states = Object.groupBy(await of(miner), ({ state }) => state)
  expect((states.judged?.length ?? 0) + (states.unsampled?.length ?? 0)).toBe(12)
  // Three of a miner, and one more where it must be known whether there was something.
  expect(states.judged?.length).toBeLessThanOrEqual(4)
  expect(states.judged?.every(({ passed }) => passed)).toBe(true)
  expect(looks.length).toBe(states.judged?.length)
  expect((await of(rival)).map(({ jobId, state, passed }) => [jobId, state, passed]).toSorted()).toEqual(
    [
      [jobs[10]?.id, 'judged', false],
      [jobs[11]?.id, 'refused', null],
    ].toSorted(),
  )
})

test.each([
  ['pages that cannot be reached', (): Refetched => ({ state: 'unfetchable', reason: 'timeout' }), null],
  ['pages that are not there', (): Refetched => ({ state: 'gone', reason: 'http_404' }), false],
  [
    'a look that throws',
    (): Refetched => {
      throw new Error('ours')
    },
    null,
  ],
])('of %s', async (_, web, passed) => {
  const { service, boardOf, create, judge, of } = await scene(web)
  const { id } = await create()
  await boardOf(miner).submit(id, encodeRows(rowsOf([1, 2])), signal)
  service.clock.advance(200_000)
  await judge.round(signal)
  expect(await of(miner)).toMatchObject([{ state: 'judged', passed, rows: 2 }])
})

const shortened = rowsOf([1], (n) => text(n).slice(0, 30))
test.each([
  ['no JSON', Buffer.alloc(200, '{')],
  ['no list', Buffer.from(JSON.stringify({ data_entities: { 0: 'x'.repeat(100) } }))],
  ['no UTF-8', Buffer.alloc(200, 0xff)],
  ['a row twice, in two spellings', encodeRows([...rowsOf([1]), { ...rowsOf([1])[0]!, uri: `${url(1)}#a` }])],
  ['a row without the keyword', encodeRows(rowsOf([1], () => story(1, 12)))],
  ['a row of another source', encodeRows(rowsOf([1]).map((row) => ({ ...row, source: 2 })))],
  [
    'a declared size that is wrong',
    Buffer.from(
      encodeRows(rowsOf([1]))
        .toString()
        .replace(/"content_size_bytes":\d/, '"content_size_bytes":9'),
    ),
  ],
  ['rows without end', encodeRows(Array.from({ length: 10_001 }, (_, n) => ({ ...rowsOf([1])[0]!, uri: url(n), content: 'tao' })))],
  ['deep nesting', Buffer.from(`{"data_entities":${'['.repeat(100_000)}`)],
  ['a cutting of the page', encodeRows(shortened)],
])('%s is a bad answer', async (_, bytes) => {
  const { service, boardOf, create, judge, of, events } = await scene()
  const { id } = await create()
  await boardOf(miner).submit(id, bytes, signal)
  service.clock.advance(200_000)
  await judge.round(signal)
  expect(await of(miner)).toMatchObject([{ state: 'judged', passed: false }])
  expect(events).toContainEqual(expect.objectContaining({ name: 'validator.answer_failed' }))
})

const published = (n: number) => ({ state: 'found', page: { text: text(n), published_at: new Date('2020-01-01T00:00:00Z') } }) as unknown as Refetched

test('an answer outside the dates by what the page itself says is a bad one', async () => {
  const { service, boardOf, create, judge, of } = await scene(published)
  const { id } = await create({ platform: 'web', keywords: ['tao'] }, { start_date: '2025-12-01T00:00:00Z' })
  await boardOf(miner).submit(id, encodeRows(rowsOf([1])), signal)
  service.clock.advance(200_000)
  await judge.round(signal)
  expect(await of(miner)).toMatchObject([{ passed: false }])
})

const post = (words: string) =>
  encodeRows([{ uri: 'https://x.com/a/status/1', datetime: at, source: 2, label: '#tao', content: JSON.stringify({ text: words, username: 'a' }) }])

test('posts of platforms that there are no credentials for are nobody’s fault, but for what they say themselves', async () => {
  const { service, boardOf, create, judge, of } = await scene()
  const { id } = await create({ platform: 'x', keywords: ['tao'] })
  await boardOf(miner).submit(id, post('about tao'), signal)
  await boardOf(rival).submit(id, post('about nothing'), signal)
  service.clock.advance(200_000)
  await judge.round(signal)
  expect([await of(miner), await of(rival)]).toMatchObject([[{ passed: null, platform: 'x' }], [{ passed: false }]])
})

const entities = (posts: readonly Post[], more: object = {}) =>
  encodeRows(
    posts.map((each) => {
      const { uri, datetime, source, label, content } = entityOf({ platform: each.platform, row: { ...each.row, ...more } as never })
      return { uri, datetime: new Date(datetime), source, label, content: Buffer.from(content).toString() }
    }),
  )

test('posts are looked at where they are, all of a round at once: who has them as they are passes, who made them up does not, and what is removed is nobody’s fault', async () => {
  const said = Date.parse('2025-12-31T23:00:00Z')
  const things = [redditPost({ id: 'a', at: said, text: 'All about tao' }), redditComment({ id: 'b', at: said, text: 'tao, again' })]
  const removed = redditPost({ id: 'r', at: said, text: 'Of tao no more' })
  const items = [xItem({ at: said, text: 'tao &amp; more #TAO' }), xItem({ at: said, text: 'tao is up', serial: 1 })]
  const gone = { ...removed, data: { ...removed.data, selftext: '[removed]', author: '[deleted]', removed_by_category: 'moderator' } }
  await using platform = await platformServer(({ url, body }, response) => {
    if (url === '/api/v1/access_token') return json(response, { access_token: 't', expires_in: '3600' })
    if (url.startsWith('/api/info')) return json(response, listing([...things, gone].filter(({ data }) => url.includes(data.name))))
    const asked = String(JSON.parse(body).startUrls)
    return json(response, asked.includes(items[0]!.id) ? [...items, { noResults: true }] : [])
  })
  const credentials = { client_id: 'me', client_secret: 'hush', user_agent: 'linux:test:1 (by /u/me)', auth_url: platform.origin, api_url: platform.origin }
  const told: TelemetryEvent[] = []
  const telemetry = createTelemetry()
  telemetry.listen((event) => told.push(event))
  const services = { fetch, pace: { now: () => said, sleep: async () => undefined }, now: () => said + 60_000 }
  const sources = [redditSource(credentials, services), xSource({ endpoint: `${platform.origin}/x`, token: 'hush' }, services)]
  const { service, boardOf, create, judge, of } = await scene(found, findPosts(new Map(sources.map((source) => [source.platform, source])), telemetry))
  const [reddit, withdrawn] = [readListing(listing(things), said + 60_000)!.posts, readListing(listing([removed]), said + 60_000)!.posts]
  const x = readItems(items, said + 60_000)!.posts
  const [ofReddit, ofRemoved, ofX] = [
    await create({ platform: 'reddit', keywords: ['tao'] }),
    await create({ platform: 'reddit', keywords: ['tao'] }),
    await create({ platform: 'x', keywords: ['tao'] }),
  ]
  await boardOf(miner).submit(ofReddit.id, entities(reddit), signal)
  await boardOf(miner).submit(ofRemoved.id, entities(withdrawn), signal)
  await boardOf(miner).submit(ofX.id, entities(x), signal)
  await boardOf(rival).submit(ofReddit.id, entities(reddit, { body: 'tao in words of my own, that nobody said' }), signal)
  await boardOf(rival).submit(ofX.id, post('tao of a post that is not there'), signal)
  service.clock.advance(200_000)
  await judge.round(signal)
  const passed = (own: Awaited<ReturnType<typeof of>>) => Object.fromEntries(own.map(({ jobId, passed: is, rows }) => [jobId, [is, rows]]))
  expect(passed(await of(miner))).toEqual({ [ofReddit.id]: [true, 2], [ofRemoved.id]: [null, 1], [ofX.id]: [true, 2] })
  expect(passed(await of(rival))).toEqual({ [ofReddit.id]: [false, 2], [ofX.id]: [false, 1] })
  // One token, one question to Reddit; of X one for all, and one for what did not come. The platforms are asked at once, so in no order.
  expect(platform.asked.map(({ url }) => new URL(url, 'http://x').pathname).toSorted()).toEqual(['/api/info', '/api/v1/access_token', '/x', '/x'])
  expect(told).toEqual([])
})

test('what a killed service had taken in, and told nobody, is found', async () => {
  const { service, boardOf, create, judge, of } = await scene()
  const { id } = await create()
  const form = await service.tao(miner, '/on-demand/miner/jobs/submit', { submission: { job_id: id } })
  const { key } = form.body['presigned_post_upload_data'].fields
  // It died between the two.
  await service.store.put(key, encodeRows(rowsOf([1])))
  await boardOf(rival).submit(id, encodeRows(rowsOf([2])), signal)
  service.clock.advance(200_000)
  await judge.round(signal)
  expect(await of(miner)).toMatchObject([{ state: 'judged', passed: true, ms: 120_000 }])
})

test('a hundred jobs that end in one moment are judged once each, over rounds that are cut off', async () => {
  const { service, boardOf, judge, of, outcomes, parts } = await scene()
  const hotkeys = [miner, developmentKey('third').signer]
  await service.chain.register(hotkeys[1] as Signer, coldkeyOf(hotkeys[1] as Signer))
  const ids: string[] = []
  for (let n = 0; n < 35; n++) {
    const { id } = await service.onDemand.create({
      job: { platform: 'web', usernames: [], keywords: ['tao'], url: null },
      expire_at: null,
      start_date: null,
      end_date: null,
      limit: 10,
      keyword_mode: 'any',
    })
    await service.onDemand.promise(id, miner.address)
    ids.push(id)
  }
  service.clock.advance(200_000)
  const cut = new AbortController()
  const board = {
    ...boardOf(validator),
    expired: async (...asked: Parameters<typeof parts.board.expired>) => {
      const jobs = await parts.board.expired(...asked)
      if (jobs.length > 0 && asked[0].afterId !== undefined) cut.abort()
      return jobs
    },
  }
  await expect(onDemandJudge({ ...parts, board }).round(cut.signal)).rejects.toThrow(/abort/)
  service.clock.advance(60_000)
  await judge.round(signal)
  expect((await of(miner)).map(({ jobId }) => jobId).toSorted()).toEqual(ids.toSorted())
  expect((await outcomes.since(miner.address, 0)).outcomes).toHaveLength(35)
})

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
async function scene(web: (n: number) => Refetched = found) {
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

test('posts of platforms that cannot be looked at here are nobody’s fault, but for what they say themselves', async () => {
  const { service, boardOf, create, judge, of } = await scene()
  const { id } = await create({ platform: 'x', keywords: ['tao'] })
  await boardOf(miner).submit(id, post('about tao'), signal)
  await boardOf(rival).submit(id, post('about nothing'), signal)
  service.clock.advance(200_000)
  await judge.round(signal)
  expect([await of(miner), await of(rival)]).toMatchObject([[{ passed: null, platform: 'x' }], [{ passed: false }]])
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

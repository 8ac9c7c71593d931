import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { listen } from '#infra/net/server.ts'
import { parseBlockHeader } from '../blocks/block-header.ts'
import { ackOf, served, type Served } from './served.fixture.ts'

const never = new AbortController().signal
const job = '/v1/jobs/golden'

async function streamed(feed: Served, query: string): Promise<{ batch: number; bytes: string }[]> {
  const { status, raw } = await feed.ask('GET', `${job}/stream?${query}`)
  expect(status).toBe(200)
  const frames: { batch: number; bytes: string }[] = []
  for (let at = 0; at < raw.length; at += 64 + 256)
    frames.push({ batch: parseBlockHeader(raw.subarray(at)).batch, bytes: raw.toString('hex', at + 64, at + 64 + 256) })
  return frames
}

test('ranks get the same sequence together, however many they are and wherever they take it up', async () => {
  await using feed = await served()
  const all = await streamed(feed, '')
  expect(all.map(({ batch }) => batch)).toEqual(Array.from({ length: 20 }, (_, n) => n))
  for (const [world, from] of [
    [1, 7],
    [2, 0],
    [3, 5],
    [8, 13],
    [8, 20],
  ] as const) {
    const ranks = await Promise.all(Array.from({ length: world }, (_, rank) => streamed(feed, `rank=${rank}&world=${world}&from=${from}&epoch=0`)))
    expect(ranks.flat().toSorted((a, b) => a.batch - b.batch)).toEqual(all.slice(from))
    for (const [rank, frames] of ranks.entries()) expect(frames.map(({ batch }) => batch % world)).toEqual(frames.map(() => rank))
  }
  for (const wrong of ['rank=2&world=2', 'from=21', 'epoch=4', 'world=0', 'rank=-1', 'from=1e9', 'colour=red']) {
    const { status, body } = await feed.ask('GET', `${job}/stream?${wrong}`)
    expect([wrong, [400, 404].includes(status), typeof body['code']]).toEqual([wrong, true, 'string'])
  }
  expect((await feed.ask('GET', '/v1/jobs/nope/stream')).body['code']).toBe('not_found')
})

test('a trainer without leases settles what it went through, once; what another holds is refused', async () => {
  await using feed = await served()
  const held = await feed.lease({ node: 'other' })
  const report = { node: 'ddp', epoch: 0, items: [0, 1, 2, 1, 99].map((batch) => ({ batch, loss: 2, tokens: 64 })) }
  const outcomes = async (body: object) =>
    (await feed.post(`${job}/losses`, body)).body['items'].map(({ state, error }: { state: string; error?: { code: string } }) => error?.code ?? state)
  expect(held.batch).toBe(0)
  expect((await outcomes(report)).slice(1)).toEqual(['settled', 'settled', 'settled', 'not_found'])
  expect((await outcomes(report)).slice(1)).toEqual(['settled', 'settled', 'settled', 'not_found'])
  expect((await outcomes(report))[0]).toBe('lease_lost')
  // What is refused is kept from nobody.
  const wrong = { ...report, items: [5, 6, 7].map((batch) => ({ batch, loss: 2, tokens: 63 })) }
  expect(await outcomes(wrong)).toEqual(['invalid_record', 'invalid_record', 'invalid_record'])
  expect((await feed.house.ledger.progress(held.plan_id, 0)).states).toMatchObject({ leased: 1, settled: 2 })
  expect(await feed.settled()).toBe(2)
  expect((await feed.post('/v1/acks', { node: 'other', ...ackOf(held) })).status).toBe(200)
  expect((await feed.post(`${job}/losses`, { ...report, epoch: 7 })).status).toBe(404)
  expect((await feed.post(`${job}/losses`, { ...report, plan_id: 'f'.repeat(64) })).status).toBe(404)
})

test('a job says how it stands, and its operator ends and begins epochs', async () => {
  await using feed = await served()
  const { plan_id } = await feed.lease()
  expect((await feed.ask('GET', '/v1/jobs')).body).toEqual({ jobs: [{ job: 'golden', state: 'run', epoch: 0, plan_id }] })
  expect((await feed.ask('GET', `${job}/plan`)).body).toEqual((await feed.ask('GET', '/v1/plan')).body)
  expect((await feed.ask('GET', `${job}/epochs`)).body).toEqual({ epochs: [{ epoch: 0, plan_id, batches: 20 }], next: null })
  expect((await feed.ask('GET', `${job}/epochs/0`)).body).toMatchObject({ closed: false, states: { leased: 1 }, plan: { plan_id, row_tokens: 32 } })
  await feed.post(`${job}/losses`, { node: 'ddp', epoch: 0, items: [{ batch: 4, loss: 2, tokens: 64 }] })
  expect((await feed.ask('GET', `${job}/epochs/0/losses`)).body).toMatchObject({ losses: [{ place: 1, batch: 4, node: 'ddp', loss: 2 }], next: null })
  expect((await feed.post(`${job}/epochs/0/close`, {})).body).toMatchObject({ closed: true, states: { settled: 1, void: 19 } })
  expect((await feed.post(`${job}/epochs`, {})).status).toBe(202)
  for (const query of ['limit=', 'limit=1e2', 'limit=0x10', 'before=', 'before=%20', 'limit=1&limit=2'])
    expect([query, (await feed.ask('GET', `${job}/epochs?${query}`)).status]).toEqual([query, 400])
  for (const query of ['epoch=', 'from=1.0', 'rank=+0']) expect([query, (await feed.ask('GET', `${job}/stream?${query}`)).status]).toEqual([query, 400])
  for (const url of ['/v1/jobs/nope', '/v1/jobs/nope/epochs', '/v1/jobs/__proto__/plan', `${job}/epochs/5`, `${job}/epochs/x`])
    expect([url, (await feed.ask('GET', url)).body['code']]).toEqual([url, url.endsWith('x') ? 'invalid_argument' : 'not_found'])
})

test('where a trainer stands is kept for it, and of two that change it one is told', async () => {
  await using feed = await served()
  const url = `${job}/consumers/ddp`
  expect((await feed.ask('GET', url)).status).toBe(404)
  const state = { batch: 7, constructor: { nested: [1, null] } }
  const put = await feed.ask('PUT', url, state)
  expect([put.status, put.headers['etag']]).toEqual([200, '"1"'])
  const got = await feed.ask('GET', url)
  expect([got.body, got.headers['etag']]).toEqual([state, '"1"'])
  expect((await feed.ask('GET', url, undefined, { headers: { 'if-none-match': 'W/"1"' } })).status).toBe(304)
  const change = async (headers: Record<string, string>, body: object = { batch: 8 }) => (await feed.ask('PUT', url, body, { headers })).status
  expect([
    await change({ 'if-match': '"1"' }),
    await change({ 'if-match': '"1"' }),
    await change({ 'if-none-match': '*' }),
    await change({ 'if-match': 'x' }),
    await change({ 'if-match': 'W/"2"' }),
    await change({ 'if-none-match': '"7", W/"2"' }),
    await change({ 'if-match': '"7", "2"' }),
  ]).toEqual([200, 412, 412, 412, 412, 412, 200])
  expect((await feed.ask('PUT', `${url}-new`, { batch: 1 }, { headers: { 'if-match': '*' } })).status).toBe(412)
  expect(await change({}, { text: 'x'.repeat(70_000) })).toBe(413)
  expect((await feed.ask('PUT', url, [1] as unknown as object)).status).toBe(400)
  // JavaScript has not these numbers, nor that name, nor so deep a stack.
  const headers = { 'content-type': 'application/json' }
  for (const text of [`{"seed": 9223372036854775807, "__proto__": 1, "twice": 1, "twice": 2}`, `{"deep":${'['.repeat(20_000)}${']'.repeat(20_000)}}`]) {
    expect((await feed.ask('PUT', url, text, { headers })).status).toBe(200)
    expect((await feed.bridge.app.inject(url)).body).toBe(text)
  }
  for (const text of ['', 'null', '"x"', '{"a":1', '{} {}']) expect([text, (await feed.ask('PUT', url, text, { headers })).status]).toEqual([text, 400])
  expect((await feed.ask('PUT', '/v1/jobs/nope/consumers/ddp', {})).status).toBe(404)
})

test('an operator weighs sources anew, and what the losses did is told by epoch', async () => {
  await using feed = await served()
  expect((await feed.ask('GET', `${job}/weights`)).body).toEqual({ planned: { docs: 1, web: 1 }, next: { docs: 1, web: 1 } })
  expect((await feed.post(`${job}/weights`, { weights: [{ label: 'web', weight: 3 }] })).body).toMatchObject({ planned: { web: 1 }, next: { docs: 1, web: 3 } })
  expect((await feed.post(`${job}/weights`, { weights: [{ label: '__proto__', weight: 3 }] })).body['code']).toBe('not_found')
  for (const weights of [
    [
      { label: 'web', weight: 3 },
      { label: 'web', weight: 5 },
    ],
    [{ label: 'web', weight: 5e-324 }],
  ])
    expect((await feed.post(`${job}/weights`, { weights })).status).toBe(400)
  expect((await feed.ask('GET', `${job}/epochs/0/feedback`)).status).toBe(404)
  await feed.house.ledger.close((await feed.lease()).plan_id, 0)
  await feed.bridge.advance(never)
  expect((await feed.ask('GET', `${job}/epochs/0/feedback`)).body).toMatchObject({
    epoch: 0,
    labels: [{ evidence: { label: 'docs' } }, { evidence: { label: 'web' } }],
  })
})

interface Listening extends AsyncDisposable {
  answer: IncomingMessage
  /** Reads on until the text has come. */
  heard(text: string): Promise<string>
}

async function listening(origin: string, lastId?: string): Promise<Listening> {
  const asking = request(`${origin}${job}/events`, { headers: lastId === undefined ? {} : { 'last-event-id': lastId } })
  asking.end()
  const [answer] = (await once(asking, 'response')) as [IncomingMessage]
  let got = ''
  answer
    .setEncoding('utf8')
    .on('data', (part: string) => (got += part))
    .on('error', () => undefined)
  return {
    answer,
    async heard(text) {
      while (!got.includes(text)) await once(answer, 'data')
      return got
    },
    [Symbol.asyncDispose]: async () => void asking.destroy(),
  }
}

test('events come as they happen, go on after the last that was heard, and end with their reader', async () => {
  await using feed = await served()
  const { origin } = await listen(feed.bridge.app, { host: '127.0.0.1', port: 0, setting: 'bridge.port' })
  let lastId: string
  {
    await using first = await listening(origin)
    expect(first.answer.headers['content-type']).toBe('text/event-stream; charset=utf-8')
    lastId = /id: (\S+)\nevent: reset/.exec(await first.heard('event: reset'))![1]!
    expect(lastId).toMatch(/^[0-9a-f]{12}\.\d+$/)
  }
  await feed.post(`${job}/epochs/0/close`, {})
  await feed.bridge.advance(never)
  await using again = await listening(origin, lastId)
  const text = await again.heard('event: steered')
  expect(text).toContain('"why":"it was asked to"')
  expect(text).not.toContain('event: reset')
  await using stranger = await listening(origin, 'abcdef012345.7')
  expect(await stranger.heard('event: reset')).toContain('"blocks":"back"')
})

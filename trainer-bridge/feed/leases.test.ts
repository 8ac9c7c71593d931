import { connect } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { listen } from '#infra/net/server.ts'
import { LeaseAnswer } from '#schemas/feed.ts'
import { ackOf, proofOf, served, type Served } from './served.fixture.ts'

const batchesOf = (body: unknown) => LeaseAnswer.parse(body).leases.map(({ batch }) => batch)
/** Until so many nodes wait for a lease. */
async function waits({ house }: Served, planId: string, nodes = 1): Promise<void> {
  while ((await house.ledger.progress(planId, 0)).waiting < nodes) await turn()
}
const tokensOf = (body: unknown) => LeaseAnswer.parse(body).leases.map(({ token }) => token)

test.each([
  ['a field of the body', { request_id: 'r-1' }, {}],
  ['the header of the draft', {}, { 'idempotency-key': '"r-1"' }],
  ["the header of IOTA's client", {}, { 'x-request-id': 'r-1' }],
])('who lost the answer asks again and gets the same leases, by %s', async (_, field, headers) => {
  await using feed = await served()
  const body = { node: 'a', limit: 4, ...field }
  const first = await feed.post('/v1/leases', body, { headers })
  const again = await feed.post('/v1/leases', body, { headers })
  expect(batchesOf(first.body)).toEqual([0, 1, 2, 3])
  expect([batchesOf(again.body), tokensOf(again.body)]).toEqual([batchesOf(first.body), tokensOf(first.body)])
  expect(batchesOf((await feed.post('/v1/leases', { node: 'b', limit: 2, ...field }, { headers })).body)).toEqual([4, 5])
})

test('nobody answers for another: neither under its own name, nor under the name of a key it does not have', async () => {
  await using feed = await served()
  const grant = await feed.lease({ node: 'a' })
  for (const [path, said] of [
    ['/v1/acks', ackOf(grant, { loss: 0.001 })],
    ['/v1/nacks', { ...proofOf(grant), reason: 'x' }],
    ['/v1/leases/renew', proofOf(grant)],
  ] as const) {
    const alone = await feed.post(path, { node: 'thief', ...said })
    expect([alone.status, alone.body['code']]).toEqual([403, 'forbidden'])
    const { body } = await feed.post(path, { node: 'thief', items: [said] })
    expect(body['items']).toMatchObject([{ batch: 0, state: 'refused', error: { code: 'forbidden' } }])
  }
  expect(await feed.settled()).toBe(0)
  expect((await feed.post('/v1/acks', { node: 'a', ...ackOf(grant) })).status).toBe(200)
})

test('of many answers at once each has its own outcome, and one that is wrong costs itself', async () => {
  await using feed = await served()
  const { leases } = LeaseAnswer.parse((await feed.post('/v1/leases', { node: 'a', limit: 4 })).body)
  const [one, two, three, four] = leases as [(typeof leases)[0], (typeof leases)[0], (typeof leases)[0], (typeof leases)[0]]
  const items = [
    ackOf(one),
    ackOf(two, { token: 'stale' }),
    ackOf(three, { batch: 99 }),
    ackOf(four, { tokens: 1 }),
    ackOf(one),
    ackOf(two, { plan_id: 'f'.repeat(64) }),
    ackOf(two),
  ]
  const { status, body } = await feed.post('/v1/acks', { node: 'a', items })
  expect(status).toBe(200)
  expect(body['items'].map(({ state, error }: { state: string; error?: { code: string } }) => error?.code ?? state)).toEqual([
    'settled',
    'lease_lost',
    'not_found',
    'invalid_record',
    'settled',
    'not_found',
    'settled',
  ])
  expect(await feed.settled()).toBe(2)
  const renewed = await feed.post('/v1/leases/renew', { node: 'a', items: [proofOf(three), proofOf(one)] })
  expect(renewed.body['items']).toMatchObject([
    { state: 'renewed', expires_in_ms: 180_000 },
    { state: 'refused', error: { code: 'lease_lost' } },
  ])
  const returned = await feed.post('/v1/nacks', {
    node: 'a',
    items: [
      { ...proofOf(three), reason: 'full' },
      { ...proofOf(four), reason: 'full' },
    ],
  })
  expect(returned.body['items']).toMatchObject([{ state: 'returned' }, { state: 'returned' }])
})

test('one node does not get it all: it holds no more than it may, and the next one works', async () => {
  await using feed = await served({ settings: { leases_per_node: 5 } })
  for (let call = 0; call < 9; call++) await feed.post('/v1/leases', { node: 'hoarder', limit: 64 })
  expect((await feed.house.ledger.progress((await feed.lease({ node: 'b' })).plan_id, 0)).states.leased).toBe(6)
})

test('what every node gives back is set aside in the end, and holds up no other', async () => {
  await using feed = await served({ settings: { attempts_max: 3, leases_per_node: 64 } })
  const lent: number[] = []
  for (let n = 0; n < 60; n++) {
    const { leases } = LeaseAnswer.parse((await feed.post('/v1/leases', { node: `n${n % 7}` })).body)
    for (const grant of leases) {
      lent.push(grant.batch)
      if (grant.batch === 0) await feed.post('/v1/nacks', { node: `n${n % 7}`, ...proofOf(grant), reason: 'nan' })
      else await feed.post('/v1/acks', { node: `n${n % 7}`, ...ackOf(grant) })
    }
  }
  expect(lent.slice(0, 20).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, batch) => batch))
  expect(lent.filter((batch) => batch === 0)).toHaveLength(3)
  const { body } = await feed.ask('GET', '/v1/progress')
  expect(body['epoch'].states).toMatchObject({ settled: 19, void: 1, planned: 0 })
  expect(await feed.bridge.advance(new AbortController().signal)).toBe('steered')
})

test("no node's clock is believed: what it says of time is relative, or counts from when it sent it", async () => {
  await using feed = await served()
  const { at } = feed.clock
  const expiry = async (request: object, date?: number) => {
    const { body } = await feed.post(
      '/v1/leases',
      { node: `n${Math.random()}`, ...request },
      date === undefined ? {} : { headers: { date: new Date(date).toUTCString() } },
    )
    return LeaseAnswer.parse(body).leases[0]?.expires_in_ms
  }
  // Ten minutes slow: the moment it names is over here.
  expect(await expiry({ available_until: at - 600_000 + 480_000 })).toBe(180_000)
  expect(await expiry({ available_until: at - 600_000 + 100_000 }, at - 600_000)).toBe(100_000)
  // Ten minutes fast.
  expect(await expiry({ available_until: at + 600_000 + 100_000 }, at + 600_000)).toBe(100_000)
  expect(await expiry({ available_for_ms: 120_000 })).toBe(120_000)
  expect(await expiry({ available_for_ms: 60_000 })).toBeUndefined()
})

test('a node that waits is answered when there is work, and not before its time is over', async () => {
  await using feed = await served()
  const held = LeaseAnswer.parse((await feed.post('/v1/leases', { node: 'a', limit: 20 })).body).leases
  const waiting = feed.post('/v1/leases', { node: 'b', wait_ms: 20_000 })
  const [first] = held
  await waits(feed, first!.plan_id)
  await feed.post('/v1/nacks', { node: 'a', ...proofOf(first!), reason: 'leaving' })
  expect(batchesOf((await waiting).body)).toHaveLength(1)
  const { body } = await feed.post('/v1/leases', { node: 'c', wait_ms: 1 })
  expect(LeaseAnswer.parse(body)).toMatchObject({ leases: [], state: 'run' })
})

test('a node that has waited is there for so much less: no lease outlives what it said', async () => {
  await using feed = await served()
  const [first, second] = LeaseAnswer.parse((await feed.post('/v1/leases', { node: 'a', limit: 20 })).body).leases
  const waiting = ['c', 'b'].map((node, n) => feed.post('/v1/leases', { node, wait_ms: 20_000, available_for_ms: 50_000 + 100_000 * n })).toReversed()
  await waits(feed, first!.plan_id)
  feed.clock.at += 60_000
  for (const grant of [first!, second!]) await feed.post('/v1/nacks', { node: 'a', ...proofOf(grant), reason: 'leaving' })
  expect(LeaseAnswer.parse((await waiting[0]!).body).leases[0]?.expires_in_ms).toBe(90_000)
  // Another one has gone meanwhile, and its answer is not kept waiting for.
  expect(batchesOf((await waiting[1]!).body)).toEqual([])
})

test('who hangs up while it waits keeps nobody else waiting for long', async () => {
  await using feed = await served({ settings: { leases_per_node: 64 } })
  const { origin } = await listen(feed.bridge.app, { host: '127.0.0.1', port: 0, setting: 'bridge.port' })
  const held = await feed.lease({ limit: 64 })
  const away = new AbortController()
  const body = JSON.stringify({ node: 'gone', wait_ms: 20_000 })
  const gone = fetch(`${origin}/v1/leases`, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal: away.signal })
  await waits(feed, held.plan_id)
  away.abort()
  await expect(gone).rejects.toMatchObject({ name: 'AbortError' })
  await feed.post('/v1/nacks', { node: 'a', ...proofOf(held), reason: 'full' })
  // Those of before the epoch was opened have ten seconds to come back, and who hung up two.
  let found: unknown[] = []
  for (let s = 0; s < 13 && found.length === 0; s++) {
    feed.clock.at += 1000
    found = (await feed.post('/v1/leases', { node: 'b' })).body['leases']
  }
  expect(found).toMatchObject([{ batch: held.batch }])
})

test('who sends no more is lent what there is, and waits for nothing', async () => {
  await using feed = await served({ settings: { leases_per_node: 64 } })
  const { port } = await listen(feed.bridge.app, { host: '127.0.0.1', port: 0, setting: 'bridge.port' })
  const ask = (body: string) =>
    new Promise<string>((done) => {
      let heard = ''
      const socket = connect(port, '127.0.0.1', () =>
        socket.end(`POST /v1/leases HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
      )
      socket.on('data', (part) => (heard += part.toString())).on('close', () => done(heard))
    })
  expect(await ask('{"node":"a","limit":64}')).toContain('"batch":19')
  expect(await ask('{"node":"b","limit":64,"wait_ms":30000}')).toMatch(/^HTTP\/1.1 200 OK.*"leases":\[\]/s)
})

test('of one node so many requests wait, and the next is answered at once', async () => {
  await using feed = await served({ settings: { leases_per_node: 64 } })
  const held = await feed.lease({ limit: 64 })
  const ended: number[] = []
  const waiting = Array.from({ length: 17 }, async (_, n) => {
    await feed.post('/v1/leases', { node: 'b', wait_ms: 30_000 })
    ended.push(n)
  })
  await expect.poll(() => ended.length).toBe(1)
  // Of another node it says nothing.
  const other = feed.post('/v1/leases', { node: 'c', wait_ms: 30_000 })
  await waits(feed, held.plan_id, 2)
  expect(ended).toHaveLength(1)
  await feed.bridge.close()
  await Promise.allSettled([...waiting, other])
  expect(ended).toHaveLength(17)
})

test('what is wrong is a coded problem, and changes nothing', async () => {
  await using feed = await served()
  const grant = await feed.lease()
  const wrong: [path: string, body: unknown, status: number, code: string][] = [
    ['/v1/leases', { node: 'a', limit: 1e9 }, 400, 'invalid_argument'],
    ['/v1/leases', { node: 'a', job: 'nope' }, 404, 'not_found'],
    ['/v1/leases', { node: '../x' }, 400, 'invalid_argument'],
    ['/v1/leases', '{"node": ', 400, 'invalid_argument'],
    ['/v1/leases', '{"node":"a","__proto__":{"x":1}}', 400, 'invalid_argument'],
    ['/v1/acks', { node: 'a', items: Array.from({ length: 257 }, () => ackOf(grant)) }, 400, 'invalid_argument'],
    ['/v1/acks', { node: 'a', ...ackOf(grant, { fence: 7 }) }, 409, 'fenced'],
    ['/v1/acks', { node: 'a', ...ackOf(grant, { tokens: 63 }) }, 422, 'invalid_record'],
    ['/v1/acks', { node: 'a', ...ackOf(grant, { epoch: 1 }) }, 404, 'not_found'],
    ...['1e999', '-1', 'null', '"0"', '1001'].flatMap((loss): typeof wrong => [
      ['/v1/acks', JSON.stringify({ node: 'a', ...ackOf(grant) }).replace('"loss":3.5', `"loss":${loss}`), 400, 'invalid_argument'],
      ['/v1/acks', JSON.stringify({ node: 'a', items: [ackOf(grant)] }).replace('"loss":3.5', `"loss":${loss}`), 400, 'invalid_argument'],
    ]),
  ]
  for (const [path, body, status, code] of wrong) {
    const answer = await feed.post(path, body, { headers: { 'content-type': 'application/json' } })
    expect([path, body, answer.status, answer.body['code']]).toEqual([path, body, status, code])
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
    expect(answer.body).toMatchObject({ type: 'about:blank', status, error: { code, request_id: answer.headers['x-request-id'] } })
    expect(answer.body['detail']).toBe(answer.body['error'].message)
  }
  expect((await feed.house.ledger.progress(grant.plan_id, 0)).states).toMatchObject({ leased: 1, planned: 19, settled: 0 })
})

test('a block may be passed on: its address needs no credential, and is good for that block alone', async () => {
  await using feed = await served({ settings: { admission: 'invitation' } })
  const { secret } = await feed.house.access.keys.create({ name: 'k', scopes: ['feed'], requestsPerMinute: null, bytesPerDay: null, expiresAt: null })
  const headers = { authorization: `Bearer ${secret}`, host: 'feed.example:8720' }
  const { body } = await feed.post('/v1/leases', { node: 'a', formats: ['raw', 'orrery'] }, { headers })
  const [grant] = LeaseAnswer.parse(body).leases
  const { origin, pathname, search } = new URL(grant!.urls![1]!.url)
  expect([origin, grant!.urls!.map(({ format }) => format)]).toEqual(['http://feed.example:8720', ['raw', 'orrery']])
  expect((await feed.ask('GET', pathname + search)).raw).toHaveLength(64 + 256)
  expect((await feed.ask('GET', pathname.replace(/0$/, '1') + search)).status).toBe(403)
  expect((await feed.ask('GET', grant!.tokens_path)).status).toBe(401)
  expect((await feed.ask('GET', grant!.tokens_path, undefined, { headers })).raw).toHaveLength(256)
})

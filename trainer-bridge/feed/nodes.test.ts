import type { InjectOptions } from 'fastify'
import { expect, test } from 'vitest'
import type { LocalChain } from '#infra/chain/local.ts'
import { signBtauth } from '#infra/signed-http/btauth.ts'
import type { ApiScope } from '#schemas/api-keys.ts'
import type { Signer } from '#schemas/chain.ts'
import { OrreryError } from '#schemas/errors.ts'
import { openBridge } from '../service.ts'
import { ackOf, served, type Served } from './served.fixture.ts'

const abroad = { remoteAddress: '192.0.2.7', headers: { host: 'feed.example' } }
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const keyOf = async ({ house }: Served, scope: ApiScope = 'feed') =>
  (await house.access.keys.create({ name: 'k', scopes: [scope], requestsPerMinute: null, bytesPerDay: null, expiresAt: null })).secret

const leased = async (feed: Served, token: string) => (await feed.post('/v1/leases', { node: 'gpu-1' }, bearer(token))).status

let nonces = 0n

async function signed({ house, bridge }: Served, wallet: string, method: string, url: string, body?: object): Promise<Partial<InjectOptions>> {
  const { signer } = await house.wallet(wallet)
  const payload = body === undefined ? '' : JSON.stringify(body)
  const { receivers } = (await bridge.app.inject('/v1/receivers')).json()
  const nonceNs = BigInt(Date.now()) * 1_000_000n + ++nonces
  const signature = signBtauth(signer, { method, target: url, body: Buffer.from(payload), nonceNs, receiver: receivers[0] })
  return { payload, headers: { 'content-type': 'application/json', ...signature } }
}

test('on this machine a name is enough; elsewhere nobody is let without a credential', async () => {
  await using feed = await served()
  expect((await feed.post('/v1/leases', { node: 'a' })).status).toBe(200)
  for (const [method, url] of [
    ['POST', '/v1/leases'],
    ['POST', '/v1/nodes'],
    ['GET', '/v1/plan'],
    ['GET', '/v1/jobs/golden/events'],
  ] as const) {
    const { status, body } = await feed.ask(method, url, method === 'POST' ? { node: 'b' } : undefined, abroad)
    expect([url, status, body['code']]).toEqual([url, 401, 'unauthorized'])
  }
})

test('a key for training lets its owner train under names of their own, and do nothing else', async () => {
  await using feed = await served({ settings: { admission: 'invitation' } })
  const [one, other, reader] = [await keyOf(feed), await keyOf(feed), await keyOf(feed, 'read')]
  const asked = async (key: string, node: string) => (await feed.post('/v1/leases', { node }, bearer(key))).status
  expect((await feed.post('/v1/leases', { node: 'a' })).status).toBe(401)
  expect([await asked(one, 'a'), await asked(other, 'b'), await asked(one, 'b'), await asked(reader, 'c')]).toEqual([200, 200, 403, 403])
  expect((await feed.ask('GET', '/v1/progress', undefined, bearer(one))).status).toBe(200)
  for (const path of ['/v1/jobs/golden/epochs', '/v1/jobs/golden/epochs/0/close']) expect((await feed.post(path, {}, bearer(one))).status).toBe(403)
  const [known] = await feed.house.nodes.find(['a'])
  expect(known).toMatchObject({ via: 'token', id: `key ${known?.operator}` })
})

test('where anybody may join, a registration whose answer was lost is repeated by whoever knows its id, for a while', async () => {
  await using feed = await served({ settings: { admission: 'open', host: '0.0.0.0' } })
  const join = (request_id?: string) => feed.post('/v1/nodes', { node: 'a', ...(request_id !== undefined && { request_id }) }, abroad)
  const [lost, again] = [await join('0123456789abcdef'), await join('0123456789abcdef')]
  for (const { body } of [lost, again]) expect((await feed.post('/v1/leases', { node: 'a' }, bearer(body['token']))).status).toBe(200)
  for (const other of ['fedcba9876543210', undefined]) expect((await join(other)).body['code']).toBe('forbidden')
  expect((await join('short')).status).toBe(400)
})

test('where anybody may join, a name is kept by the token that its registration gave', async () => {
  await using feed = await served({ settings: { admission: 'open', host: '0.0.0.0' } })
  expect((await feed.post('/v1/leases', { node: 'a' }, abroad)).status).toBe(401)
  const joined = await feed.post('/v1/nodes', { node: 'a' }, abroad)
  expect(joined.body).toMatchObject({ node: 'a', via: 'token', state: 'active', days: [] })
  const own = bearer(joined.body['token'])
  expect((await feed.post('/v1/leases', { node: 'a' }, own)).status).toBe(200)
  expect((await feed.post('/v1/leases', { node: 'b' }, own)).body['code']).toBe('forbidden')
  expect((await feed.post('/v1/nodes', { node: 'a' }, abroad)).body['code']).toBe('forbidden')
  expect((await feed.post('/v1/leases', { node: 'a' }, bearer(`${joined.body['token']}x`))).body['code']).toBe('unauthorized')
  expect((await feed.post('/v1/jobs/golden/epochs/0/close', {}, own)).body['code']).toBe('forbidden')
  expect((await feed.post('/v1/jobs/golden/epochs/0/close', {}, abroad)).body['code']).toBe('forbidden')
})

test('a hotkey registers by its signature, and its token stands for it from then on', async () => {
  await using feed = await served()
  const ask = async (wallet: string, node: string) => feed.ask('POST', '/v1/nodes', undefined, await signed(feed, wallet, 'POST', '/v1/nodes', { node }))
  const joined = await ask('miner', 'gpu-1')
  const { address } = (await feed.house.wallet('miner')).signer
  expect(joined.body).toMatchObject({ node: 'gpu-1', via: 'hotkey', operator: address })
  expect((await feed.post('/v1/leases', { node: 'gpu-1' }, bearer(joined.body['token']))).status).toBe(200)
  // Without it the name is nobody's, also on this machine.
  expect((await feed.post('/v1/leases', { node: 'gpu-1' })).body['code']).toBe('forbidden')
  expect((await ask('other', 'gpu-1')).body['code']).toBe('forbidden')
  const again = await ask('miner', 'gpu-1')
  expect(again.body['token']).not.toBe(joined.body['token'])
  expect((await feed.post('/v1/leases', { node: 'gpu-1' }, bearer(joined.body['token']))).status).toBe(200)
})

test('by invitation a hotkey needs the key of an operator once, who answers for it', async () => {
  await using feed = await served({ settings: { admission: 'invitation' } })
  const request = async () => signed(feed, 'miner', 'POST', '/v1/nodes', { node: 'gpu-1' })
  expect((await feed.ask('POST', '/v1/nodes', undefined, await request())).body['code']).toBe('forbidden')
  const { headers, payload } = await request()
  const invited = await feed.ask('POST', '/v1/nodes', undefined, { payload: payload!, headers: { ...headers, ...bearer(await keyOf(feed)).headers } })
  expect(invited.body).toMatchObject({ via: 'hotkey' })
  const again = await feed.ask('POST', '/v1/nodes', undefined, await request())
  expect(again.body).toMatchObject({ via: 'hotkey', operator: invited.body['operator'] })
})

test('a signature that anybody can make opens no blocks where nobody vouches for it', async () => {
  const epoch = '/v1/jobs/golden/epochs/0'
  const closed = [`${epoch}/batches/0`, `${epoch}/batches/0/proof`, '/v1/jobs/golden/stream', '/v1/jobs/golden/consumers/mine', '/v1/plan']
  for (const admission of ['invitation', 'stake'] as const) {
    await using feed = await served({ settings: { admission } })
    const ask = async (url: string) => feed.ask('GET', url, undefined, await signed(feed, 'stranger', 'GET', url))
    for (const url of closed) expect((await ask(url)).body, `${admission} ${url}`).toMatchObject({ code: 'forbidden' })
    expect((await feed.ask('GET', closed[0]!, undefined, bearer(await keyOf(feed)))).status).toBe(200)
  }
  await using feed = await served({ settings: { admission: 'open' } })
  expect((await feed.ask('GET', closed[0]!, undefined, await signed(feed, 'stranger', 'GET', closed[0]!))).status).toBe(200)
})

test('where stake admits, a hotkey needs enough of it, and its coldkey is who answers', async () => {
  await using feed = await served({ settings: { admission: 'stake', stake_min: 2 } })
  const ask = async () => feed.ask('POST', '/v1/nodes', undefined, await signed(feed, 'miner', 'POST', '/v1/nodes', { node: 'gpu-1' }))
  expect((await ask()).body).toMatchObject({ code: 'forbidden', error: { details: { stake_min_rao: '2000000000' } } })
  const { signer, coldkey } = (await feed.house.wallet('miner')) as { signer: Signer; coldkey: string }
  const chain = feed.house.chain as LocalChain
  await chain.register(signer, coldkey)
  await chain.faucet(signer, 2_000_000_000n)
  feed.clock.at += 60_000
  const joined = (await ask()).body
  expect(joined).toMatchObject({ via: 'hotkey', operator: coldkey })
  // Leases are shared among who waits; settling without them is not.
  const losses = { node: 'gpu-1', epoch: 0, items: [{ batch: 0, loss: 0.1, tokens: 64 }] }
  const token = bearer(joined['token'] as string)
  expect((await feed.ask('POST', '/v1/jobs/golden/losses', losses, token)).body).toMatchObject({ code: 'forbidden' })
  expect((await feed.ask('POST', '/v1/leases', { node: 'gpu-1' }, token)).status).toBe(200)
})

test('a node that drains gets nothing more, keeps what it has, and is back when it registers', async () => {
  await using feed = await served()
  const grant = await feed.lease({ node: 'a' })
  expect((await feed.post('/v1/nodes/a/drain', {})).body).toMatchObject({ state: 'draining' })
  expect((await feed.post('/v1/leases', { node: 'a', wait_ms: 20_000 })).body).toMatchObject({ state: 'drain', leases: [] })
  expect((await feed.post('/v1/acks', { node: 'a', ...ackOf(grant) })).status).toBe(200)
  expect((await feed.post('/v1/nodes/a/heartbeat', undefined)).body).toMatchObject({ state: 'draining' })
  expect((await feed.post('/v1/nodes', { node: 'a' })).body).toMatchObject({ state: 'active' })
  expect((await feed.lease({ node: 'a' })).batch).toBe(1)
})

test('what a node did is told by day, as the ledger booked it', async () => {
  await using feed = await served()
  const [one, two, three] = [await feed.lease(), await feed.lease(), await feed.lease()]
  await feed.post('/v1/acks', { node: 'a', ...ackOf(one) })
  const { plan_id, epoch, batch, token, fence } = two
  await feed.post('/v1/nacks', { node: 'a', plan_id, epoch, batch, token, fence, reason: 'full' })
  feed.clock.at += 180_001
  await feed.bridge.advance(new AbortController().signal)
  await feed.bridge.advance(new AbortController().signal)
  const { body } = await feed.ask('GET', '/v1/nodes/a')
  expect(body['days']).toEqual([{ day: '2026-01-05', settled: 1, returned: 1, lost: 1, tokens: 64, loss_sum: 3.5 }])
  expect(three.batch).toBe(2)
  expect((await feed.ask('GET', '/v1/nodes/nobody')).status).toBe(404)
})

test('what let a node in must hold: a key that is revoked, a stake that moves on, a feed that is open no more end its token', async () => {
  {
    await using feed = await served({ settings: { admission: 'invitation' } })
    const { headers, payload } = await signed(feed, 'miner', 'POST', '/v1/nodes', { node: 'gpu-1' })
    const key = await keyOf(feed)
    const { body } = await feed.ask('POST', '/v1/nodes', undefined, { payload: payload!, headers: { ...headers, ...bearer(key).headers } })
    expect(await leased(feed, body['token'])).toBe(200)
    await feed.house.access.keys.revoke(body['operator'])
    feed.clock.at += 60_000
    expect(await leased(feed, body['token'])).toBe(401)
    const alone = await signed(feed, 'miner', 'POST', '/v1/nodes', { node: 'gpu-1' })
    expect((await feed.ask('POST', '/v1/nodes', undefined, alone)).status).toBe(401)
  }
  {
    await using feed = await served({ settings: { admission: 'stake', stake_min: 2 } })
    const { signer, coldkey } = (await feed.house.wallet('miner')) as { signer: Signer; coldkey: string }
    const chain = feed.house.chain as LocalChain
    await chain.register(signer, coldkey)
    await chain.faucet(signer, 2_000_000_000n)
    const { body } = await feed.ask('POST', '/v1/nodes', undefined, await signed(feed, 'miner', 'POST', '/v1/nodes', { node: 'gpu-1' }))
    expect(await leased(feed, body['token'])).toBe(200)
    await using dearer = await openBridge({ ...feed.house, settings: { ...feed.house.settings, stake_min: 3 } })
    expect((await dearer.app.inject({ method: 'GET', url: '/v1/plan', ...bearer(body['token']) })).statusCode).toBe(403)
    // A chain that is away sends nobody away.
    feed.clock.at += 60_000
    const metagraph = chain.metagraph.bind(chain)
    chain.metagraph = () => Promise.reject(new OrreryError('upstream_failed', 'The chain does not answer.'))
    expect(await leased(feed, body['token'])).toBe(200)
    chain.metagraph = metagraph
  }
  {
    await using feed = await served({ settings: { admission: 'open', host: '0.0.0.0' } })
    const { body } = await feed.post('/v1/nodes', { node: 'gpu-1' }, abroad)
    await using closed = await openBridge({ ...feed.house, settings: { ...feed.house.settings, admission: 'invitation' } })
    expect((await closed.app.inject({ method: 'GET', url: '/v1/plan', ...bearer(body['token']) })).statusCode).toBe(401)
  }
})

test('strangers share no state: who keeps one is known by something', async () => {
  await using feed = await served({ settings: { admission: 'open', host: '0.0.0.0' } })
  const url = '/v1/jobs/golden/consumers/x'
  expect((await feed.ask('PUT', url, { batch: 1 }, abroad)).body['code']).toBe('unauthorized')
  const [one, two] = await Promise.all(['a', 'b'].map(async (node) => bearer((await feed.post('/v1/nodes', { node }, abroad)).body['token'])))
  expect([(await feed.ask('PUT', url, { batch: 1 }, one)).status, (await feed.ask('PUT', url, { batch: 2 }, two)).status]).toEqual([200, 403])
})

test('a node that asks too often is told when to come again, and costs nobody else', async () => {
  await using feed = await served()
  const late = { node: 'a', ...ackOf(await feed.lease()), token: 'x' }
  let limited: Awaited<ReturnType<typeof feed.post>> | undefined
  // Some hundreds of requests a second are too often however slow the machine is.
  for (let asked = 0; !limited && asked < 40_000; asked += 500) {
    const answers = await Promise.all(Array.from({ length: 500 }, () => feed.post('/v1/acks', late)))
    limited = answers.find(({ status }) => status === 429)
  }
  expect(limited).toMatchObject({ body: { code: 'rate_limited' }, headers: { 'retry-after': '1' } })
  expect((await feed.post('/v1/leases', { node: 'b' })).status).toBe(200)
})

test('registrations without a key are few from one address; whom a key vouches for is not held up by them', async () => {
  await using feed = await served({ settings: { admission: 'open', host: '0.0.0.0' } })
  const key = bearer(await keyOf(feed))
  const join = async (node: string, by: Partial<InjectOptions>) => (await feed.post('/v1/nodes', { node }, by)).status
  let last = 200
  for (let n = 0; n < 400 && last === 200; n++) last = await join(`n${n}`, abroad)
  expect(last).toBe(429)
  expect(await join('vouched', { ...abroad, headers: { ...abroad.headers, ...key.headers } })).toBe(200)
  expect(await join('elsewhere', { ...abroad, remoteAddress: '192.0.2.8' })).toBe(200)
})

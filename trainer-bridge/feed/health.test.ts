import { expect, test } from 'vitest'
import { OrreryError } from '#schemas/errors.ts'
import { LeaseAnswer } from '#schemas/feed.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { bridgeHouse, furnish, temporaryFolder } from '#test/golden/bridge.ts'
import { tokenDataset } from '#test/golden/tokens.ts'
import { openBridge } from '../service.ts'
import { ackOf, served, type Served } from './served.fixture.ts'

const never = new AbortController().signal

/** A store that can be away, and can lose what it has of some keys. */
function ailing() {
  const state = { isAway: false, isGone: (_key: string): boolean => false, isSick: (_key: string): boolean => false }
  const store = (sound: ObjectStore): ObjectStore => ({
    ...sound,
    async get(key, range) {
      if (state.isAway || state.isSick(key)) throw new OrreryError('store_unavailable', 'The store is away.')
      if (state.isGone(key)) throw new OrreryError('not_found', `There is no "${key}".`)
      return sound.get(key, range)
    },
  })
  return { state, store }
}

const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  await expect.poll(isSo, { interval: 10 }).toBe(true)
}
const leaseState = async (feed: Served, node: string) => (await feed.post('/v1/leases', { node })).body['state']

test('while the store is away nobody is sent to it, and nobody is blamed; then it goes on by itself', async () => {
  const { state, store } = ailing()
  await using feed = await served({ store })
  const [held, grant] = [await feed.lease(), await feed.lease()]
  state.isAway = true
  const block = await feed.ask('GET', grant.tokens_path)
  expect([block.status, block.body['code'], block.headers['retry-after']]).toEqual([503, 'store_unavailable', '2'])
  const { body } = await feed.post('/v1/leases', { node: 'b' })
  expect(body).toMatchObject({ state: 'wait', leases: [] })
  expect(body['retry_after_ms']).toBeGreaterThan(0)
  // Who has trained is not kept from saying so.
  expect((await feed.post('/v1/acks', { node: 'a', ...ackOf(held) })).status).toBe(200)
  const waiting = feed.post('/v1/leases', { node: 'c', wait_ms: 20_000 })
  state.isAway = false
  expect((await waiting).body).toMatchObject({ state: 'run', leases: [{ batch: 2 }] })
  expect((await feed.ask('GET', grant.tokens_path)).status).toBe(200)
  expect((await feed.house.ledger.progress(grant.plan_id, 0)).states).toMatchObject({ settled: 1, leased: 2, nacked: 0, void: 0 })
})

test('a block that is gone is kept back, then set aside with its reason; the others are trained', async () => {
  const { state, store } = ailing()
  await using feed = await served({ store, settings: { lost_seconds: 60 } })
  const shards = new Map<string, string>()
  for (let n = 0; n < 20 && shards.size < 2; n++) {
    const { label } = await feed.lease({ node: `n${n}` })
    shards.set(label, label)
  }
  feed.clock.at += 180_001
  // All that is read from now on of the second shard.
  let first: string | undefined
  state.isGone = (key) => key.endsWith('.tok') && key !== (first ??= key)
  const statuses = new Map<number, number>()
  const { plan_id } = await feed.lease({ node: 'x' })
  for (let batch = 0; batch < 20; batch++) statuses.set(batch, (await feed.ask('GET', `/v1/plans/${plan_id}/epochs/0/batches/${batch}`)).status)
  expect(new Set(statuses.values())).toEqual(new Set([200, 503]))
  feed.clock.at += 61_000
  await until(
    async () => feed.house.events.filter(({ name }) => name === 'bridge.block_lost').length === [...statuses.values()].filter((each) => each === 503).length,
  )
  // Who holds one is told to give it back, not to wait on.
  for (const [batch, status] of statuses)
    expect((await feed.ask('GET', `/v1/plans/${plan_id}/epochs/0/batches/${batch}`)).status).toBe(status === 503 ? 404 : 200)
  const lent: number[] = []
  for (let n = 0; n < 40; n++) {
    const { body } = await feed.post('/v1/leases', { node: `m${n}`, limit: 1, request_id: 'once' })
    lent.push(body['leases'].length)
    for (const grant of body['leases']) {
      expect(statuses.get(grant.batch)).toBe(200)
      const { token, fence, batch, epoch } = grant
      await feed.post('/v1/acks', { node: `m${n}`, plan_id, epoch, batch, token, fence, loss: 1, tokens: 64 })
    }
  }
  // Though what came first was laid aside.
  expect(lent[0]).toBe(1)
  const { states } = await feed.house.ledger.progress(plan_id, 0)
  expect(states.void).toBe([...statuses.values()].filter((each) => each === 503).length)
})

test('an epoch of which nothing can be read any more is closed by the feed itself, with the reason', async () => {
  const { state, store } = ailing()
  await using feed = await served({ store, settings: { lost_seconds: 60 } })
  const { plan_id } = await feed.lease()
  state.isGone = (key) => key.startsWith('tokens/')
  for (let batch = 0; batch < 20; batch++) expect((await feed.ask('GET', `/v1/plans/${plan_id}/epochs/0/batches/${batch}`)).status).toBe(503)
  expect(await leaseState(feed, 'b')).toBe('wait')
  expect(await feed.bridge.advance(never)).toBe('waiting')
  feed.clock.at += 61_000
  expect(await feed.bridge.advance(never)).toBe('steered')
  expect(feed.house.events).toContainEqual(
    expect.objectContaining({ name: 'bridge.epoch', fields: expect.objectContaining({ state: 'closed', why: 'its blocks cannot be read' }) }),
  )
  expect((await feed.house.ledger.progress(plan_id, 0)).closed).toBe(true)
})

test('of two shards one is gone: whoever reads nothing but its blocks stops nobody, and closes no epoch', async () => {
  const settings = { rows: 1, sequence_tokens: 8, epoch_batches: 80, lost_seconds: 60 }
  // The same plan again, to learn what is of which shard.
  await using twin = await served({ settings })
  const grants = LeaseAnswer.parse((await twin.post('/v1/leases', { node: 'a', limit: 64 })).body).leases
  const gone = grants.filter(({ label }) => label === 'docs')
  const [[piece]] = (await twin.ask('GET', `${gone[0]!.tokens_path}/proof`)).body['windows']
  const { state, store } = ailing()
  await using feed = await served({ store, settings })
  state.isGone = (key) => key === piece.key
  expect(gone.length).toBeGreaterThan(20)
  for (const { tokens_path } of gone) expect((await feed.ask('GET', tokens_path)).status).toBe(503)
  await until(async () => (await leaseState(feed, 'b')) === 'run')
  // Again and again the one that is known to be gone.
  for (let look = 0; look < 40; look++) await feed.ask('GET', gone[0]!.tokens_path)
  expect(await leaseState(feed, 'c')).toBe('run')
  feed.clock.at += 61_000
  expect(await feed.bridge.advance(never)).toBe('waiting')
})

test('a block that alone does not answer is kept back like one that is gone: the store is not away', async () => {
  const { state, store } = ailing()
  await using feed = await served({ store })
  let sick: string | undefined
  const { plan_id } = await feed.lease()
  state.isSick = (key) => key.endsWith('.tok') && key === (sick ??= key)
  const statuses = new Set<number>()
  for (let batch = 0; batch < 20; batch++) statuses.add((await feed.ask('GET', `/v1/plans/${plan_id}/epochs/0/batches/${batch}`)).status)
  expect(statuses).toEqual(new Set([200, 503]))
  await until(async () => (await leaseState(feed, 'b')) === 'run')
})

test('after an epoch of which nothing can be read the next is trained', async () => {
  const { state, store } = ailing()
  await using feed = await served({ store, settings: { lost_seconds: 60 } })
  const { plan_id } = await feed.lease()
  state.isGone = (key) => key.startsWith('tokens/')
  for (let batch = 0; batch < 20; batch++) await feed.ask('GET', `/v1/plans/${plan_id}/epochs/0/batches/${batch}`)
  await feed.bridge.advance(never)
  feed.clock.at += 61_000
  expect(await feed.bridge.advance(never)).toBe('steered')
  state.isGone = () => false
  expect(await feed.bridge.advance(never)).toBe('opened')
  expect((await feed.lease({ node: 'b' })).epoch).toBe(1)
})

test('a feed that starts while the store is away says wait, and goes on when it is back', async () => {
  await using folder = await temporaryFolder()
  const { state, store } = ailing()
  await using house = bridgeHouse(folder.path, { epoch_batches: 20 })
  await furnish(folder.path, house, tokenDataset({ strata: { web: [900] } }))
  {
    await using bridge = await openBridge(house)
    await bridge.advance(never)
  }
  state.isAway = true
  await using bridge = await openBridge({ ...house, store: store(house.store as ObjectStore) })
  const lease = async () => (await bridge.app.inject({ method: 'POST', url: '/v1/leases', payload: { node: 'a' } })).json()
  expect(await lease()).toMatchObject({ state: 'wait', leases: [] })
  await expect(bridge.advance(never)).rejects.toMatchObject({ code: 'store_unavailable' })
  state.isAway = false
  expect(await bridge.advance(never)).toBe('waiting')
  expect(await lease()).toMatchObject({ state: 'run', leases: [{ batch: 0 }] })
})

import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { timeBucketOf } from '#schemas/data-universe.ts'
import { rowsOf } from '../../shard/snapshot.fixture.ts'
import { formOf, openServedScene } from './server.fixture.ts'
import { minerOpenApi } from './server.ts'

test('the index has all rows that the miner shows, by hour and label, with the sizes of their texts', async () => {
  await using served = await openServedScene()
  const { scene, index } = served
  const { subnet, miner } = scene
  await scene.mineHonestly(miner, scene.rows(miner, 200))
  const sizes = new Map<number, number>()
  for (const row of await rowsOf(subnet, miner.address)) {
    const hour = timeBucketOf(row.datetime.getTime())
    sizes.set(hour, (sizes.get(hour) ?? 0) + Buffer.byteLength(row.text))
  }
  const buckets = await index()
  expect(new Map(buckets.map(({ time_bucket, size_bytes }) => [time_bucket, size_bytes]))).toEqual(sizes)
  expect(new Set(buckets.map(({ source, label }) => `${source} ${label}`))).toEqual(new Set(['8 example']))
})

test('a bucket is answered with its rows, whose contents are as long as they say and as the index says', async () => {
  await using served = await openServedScene()
  const { scene, index, ask } = served
  await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 200))
  const [bucket] = await index()
  const { status, json } = await ask('/v1/bucket', { data_entity_bucket_id: formOf(bucket!) })
  expect(status).toBe(200)
  const entities = json.data_entities
  const own = (await rowsOf(scene.subnet, scene.miner.address)).filter((row) => timeBucketOf(row.datetime.getTime()) === bucket!.time_bucket)
  expect(entities.map(({ uri }) => uri).toSorted()).toEqual(own.map(({ uri }) => uri).toSorted())
  expect(entities[0]).toMatchObject({ source: 8, label: { value: 'example' }, datetime: expect.any(String) as string })
  for (const { content, content_size_bytes: size } of entities) expect(Buffer.byteLength(content)).toBe(size)
  expect(entities.reduce((sum, { content_size_bytes: size }) => sum + size, 0)).toBe(bucket!.size_bytes)
})

test('contents of several buckets come once each, those of none are empty', async () => {
  await using served = await openServedScene()
  const { scene, index, ask } = served
  await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 200))
  const ids = (await index()).slice(0, 3).map(formOf)
  const none = { time_bucket: { id: 1 }, source: 8, label: { value: 'EXAMPLE' } }
  const { json } = await ask('/v1/contents', { data_entity_bucket_ids: [...ids, ids[0], none] })
  const answered = json.bucket_ids_to_contents
  expect(answered.map(([id]) => id)).toEqual([...ids, { ...none, label: { value: 'example' } }])
  expect(answered.map(([, contents]) => contents.length > 0)).toEqual([true, true, true, false])
})

test('what is served follows what the miner shows: rows that left are gone, and nothing is read twice', async () => {
  await using served = await openServedScene()
  const { scene, index, server, signal } = served
  const { subnet, miner } = scene
  await scene.mineHonestly(miner, scene.rows(miner, 100))
  const first = await index()
  const again = await subnet.join('validator-2', 6000n)
  subnet.pace.advance(60 * 20_000)
  await scene.mineHonestly(miner, scene.rows(miner, 100, { from: 100 }))
  const second = await index(again)
  const sum = (buckets: typeof first) => buckets.reduce((bytes, { size_bytes: size }) => bytes + size, 0)
  const shown = (await rowsOf(subnet, miner.address)).reduce((bytes, { text }) => bytes + Buffer.byteLength(text), 0)
  expect([sum(second) > sum(first), sum(second)]).toEqual([true, shown])
  await server.follow(signal)
})

test('whoever is no validator with enough behind it is refused, before their signature is looked at', async () => {
  await using served = await openServedScene({ stake_min: 1 })
  const { scene, ask } = served
  const refused = await ask('/v1/index', undefined, scene.miner)
  expect([refused.status, refused.json.error.code]).toEqual([403, 'forbidden'])
  expect((await ask('/v1/index')).json.error).toMatchObject({ code: 'forbidden', message: expect.stringContaining('1000000000 rao') as string })
  const { statusCode } = await served.server.app.inject({ url: '/v1/index' })
  expect(statusCode).toBe(401)
})

test('a validator asks once an hour for the index and for a bucket, five times for contents; what others say in its name counts for nothing', async () => {
  await using served = await openServedScene()
  const { scene, index, ask, server } = served
  await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 60))
  const forged = { 'x-bittensor-version': '1', 'x-bittensor-hotkey': scene.validator.address, 'x-bittensor-receiver': scene.miner.address }
  const nonce = String(BigInt(scene.subnet.pace.now()) * 1_000_000n)
  const headers = { ...forged, 'x-bittensor-nonce': nonce, 'x-bittensor-signature': `0x${'11'.repeat(64)}` }
  expect((await server.app.inject({ url: '/v1/index', headers })).statusCode).toBe(401)
  const [bucket] = await index()
  const id = formOf(bucket!)
  const statuses = async (path: string, body: object | undefined, times: number) => {
    const got: number[] = []
    for (let n = 0; n < times; n++) got.push((await ask(path, body)).status)
    return got
  }
  expect(await statuses('/v1/index', undefined, 1)).toEqual([429])
  expect(await statuses('/v1/bucket', { data_entity_bucket_id: id }, 2)).toEqual([200, 429])
  expect(await statuses('/v1/contents', { data_entity_bucket_ids: [id] }, 6)).toEqual([200, 200, 200, 200, 200, 429])
  scene.subnet.pace.advance(3_600_000)
  expect(await statuses('/v1/index', undefined, 2)).toEqual([200, 429])
})

test.each([
  ['/v1/bucket', {}],
  ['/v1/bucket', { data_entity_bucket_id: { time_bucket: { id: -1 }, source: 8 } }],
  ['/v1/bucket', { data_entity_bucket_id: { time_bucket: { id: 1 }, source: 99 } }],
  ['/v1/bucket', { data_entity_bucket_id: { time_bucket: { id: 1 }, source: 8, label: { value: 'x'.repeat(141) } } }],
  ['/v1/contents', { data_entity_bucket_ids: [] }],
  ['/v1/contents', { data_entity_bucket_ids: Array.from({ length: 101 }, () => ({ time_bucket: { id: 1 }, source: 8 })) }],
])('%s refuses what is no such request, and it counts for nothing', async (path, body) => {
  await using served = await openServedScene()
  expect((await served.ask(path, body)).status).toBe(400)
  const id = { time_bucket: { id: 1 }, source: 8, label: { value: '__proto__' } }
  expect((await served.ask('/v1/bucket', { data_entity_bucket_id: id })).json).toEqual({ data_entities: [] })
})

test('its endpoint is published on the chain while it serves, and follows what the miner shows', async () => {
  await using served = await openServedScene({ external_ip: '203.0.113.7', external_port: 8091 })
  const { scene, server } = served
  await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 60))
  const ending = new AbortController()
  const serving = server.serve(ending.signal)
  const axonOf = async () => (await scene.subnet.chain.metagraph()).neurons.find(({ hotkey }) => hotkey === scene.miner.address)?.axon
  await expect.poll(axonOf).toEqual({ ip: '203.0.113.7', port: 8091 })
  const address = server.app.server.address() as { port: number }
  expect((await fetch(`http://127.0.0.1:${address.port}/healthz`)).status).toBe(200)
  ending.abort()
  await serving
})

test('an address that nobody can reach is refused', async () => {
  await using served = await openServedScene({ host: '0.0.0.0' })
  await expect(served.server.serve(served.signal)).rejects.toMatchObject({ code: 'invalid_config' })
})

test('openapi.json is what the server says of itself (npm run schemas writes it)', async () => {
  const checkedIn: unknown = JSON.parse(await readFile(new URL('../../openapi.json', import.meta.url), 'utf8'))
  expect(JSON.parse(JSON.stringify(await minerOpenApi()))).toEqual(checkedIn)
})

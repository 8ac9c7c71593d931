import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { listen } from '#infra/net/server.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Signer } from '#schemas/chain.ts'
import { staging } from '../durable-file.ts'
import { accessStore } from './access-store.ts'
import { accessClient } from './client.ts'
import { keyOf, manifestKeyOf, miner, poor, rival, served, shardName, shardOf, stranger, validator, type Service } from './served.fixture.ts'

const clock = systemClock()

/** A service on a port, and the stores of hotkeys behind it. */
async function reached() {
  const at = await served({ date: Date.now, pace: clock })
  const { origin } = await listen(at.app, { host: '127.0.0.1', port: 0, setting: 'test.port' })
  const storeOf = (signer: Signer, date: () => number = Date.now) =>
    accessStore(
      accessClient({ origin, signer: async () => signer, fetch: globalThis.fetch, date, pace: clock }),
      staging(at.folder, join(at.folder, 'spool'), Date.now),
      clock.now,
    )
  return { at, origin, storeOf }
}

const keysOf = async (store: { list: Service['store']['list'] }, prefix: string, after?: string) =>
  (await Array.fromAsync(store.list(prefix, after === undefined ? {} : { after }))).map(({ key }) => key)
async function* pieces(bytes: number, error?: Error): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes; at += 7000) yield shardOf(Math.min(7000, bytes - at))
  if (error) throw error
}

test('a miner writes, reads, lists and deletes what is its own; a validator reads it, a rival does not', async () => {
  const { at, storeOf } = await reached()
  const [own, others, validators] = [storeOf(miner), storeOf(rival), storeOf(validator)]
  const [shard, manifest] = [keyOf(miner), manifestKeyOf(miner)]
  await own.put(shard, pieces(30_000))
  await own.put(manifest, Buffer.from('{}'))
  for (const store of [own, validators]) {
    expect(await store.head(shard)).toEqual({ key: shard, bytes: 30_000 })
    expect(Buffer.from(await store.get(shard, { start: 7000, end: 7004 })).toString()).toBe('PAR1')
    expect((await store.get(shard, { start: 29_000, end: 99_000 })).length).toBe(1000)
    expect((await store.get(shard, { start: 30_000, end: 30_001 })).length).toBe(0)
    expect((await store.get(shard, { start: 5, end: 5 })).length).toBe(0)
    expect((await store.get(shard)).length).toBe(30_000)
    expect(Buffer.from(await store.get(manifest)).toString()).toBe('{}')
    expect(await keysOf(store, `data/hotkey=${miner.address}/`)).toEqual([shard])
    expect(await store.head(keyOf(miner, shardName(11)))).toBeUndefined()
    await expect(store.get(keyOf(miner, shardName(11)))).rejects.toMatchObject({ code: 'not_found' })
  }
  for (const refused of [() => others.get(shard), () => others.head(shard), () => keysOf(others, `data/hotkey=${miner.address}/`)])
    await expect(refused()).rejects.toMatchObject({ code: 'store_unavailable', message: expect.stringContaining('permit') })
  for (const refused of [
    () => others.put(shard, shardOf()),
    () => others.delete(shard),
    () => validators.put(shard, shardOf()),
    () => own.put('datasets/x', shardOf()),
  ])
    await expect(refused()).rejects.toMatchObject({ code: 'forbidden' })
  for (const nobodys of ['datasets/x', 'data/hotkey=nobody/x']) {
    await expect(validators.get(nobodys)).rejects.toMatchObject({ code: 'not_found' })
    expect([await validators.head(nobodys), await keysOf(validators, `${nobodys}/`)]).toEqual([undefined, []])
  }
  await own.delete(shard)
  await own.delete(shard)
  expect(await at.stored()).toEqual([manifest])
})

test('a key is written once; what is not as expected, or throws, is not written', async () => {
  const { at, storeOf } = await reached()
  const store = storeOf(miner)
  const key = keyOf(miner)
  const expected = { bytes: 20_000, sha256: sha256Hex(shardOf()) }
  const error = new Error('the source is gone')
  await expect(store.put(key, pieces(20_000, error))).rejects.toBe(error)
  for (const body of [shardOf(20_001), pieces(19_999)]) await expect(store.put(key, body, expected)).rejects.toMatchObject({ code: 'invalid_record' })
  for (const body of ['x', undefined, [shardOf()]])
    await expect(store.put(key, body as unknown as Uint8Array)).rejects.toMatchObject({ code: 'invalid_argument' })
  expect(await at.stored()).toEqual([])
  await store.put(key, shardOf(), expected)
  await store.put(key, pieces(20_000), expected)
  await expect(store.put(key, shardOf(20_001))).rejects.toMatchObject({ code: 'already_exists' })
})

test('a list goes on behind any key, over pages', async () => {
  const { at, storeOf } = await reached()
  const keys = Array.from({ length: 1100 }, (_, n) => keyOf(miner, shardName(10, n.toString(16).padStart(16, '0'))))
  for (const key of keys) await at.store.put(key, Buffer.from('x'))
  const store = storeOf(miner)
  const prefix = `data/hotkey=${miner.address}/`
  expect(await keysOf(store, prefix)).toEqual(keys)
  expect(await keysOf(store, prefix, keys[1098])).toEqual([keys[1099]])
  expect(await keysOf(store, prefix, 'a')).toEqual(keys)
  expect(await keysOf(store, prefix, 'z')).toEqual([])
})

test('who signs by a clock that is off signs by that of the service', async () => {
  const { at, storeOf } = await reached()
  for (const [n, offMs] of [-3_600_000, 86_400_000].entries()) await storeOf(miner, () => Date.now() + offMs).put(keyOf(miner, shardName(n + 1)), shardOf())
  expect(await at.stored()).toHaveLength(2)
})

test('who may not ask is told why; who reaches nobody, where it asked', async () => {
  const { origin, at, storeOf } = await reached()
  await expect(storeOf(stranger).put(keyOf(stranger), shardOf())).rejects.toMatchObject({ code: 'forbidden' })
  await expect(storeOf(poor).get(keyOf(miner))).rejects.toThrow(/permit/)
  await at.app.close()
  await expect(storeOf(miner).put(keyOf(miner), shardOf())).rejects.toMatchObject({ code: 'store_unavailable', message: expect.stringContaining(origin) })
})

test('who asks in bursts waits as long as it is told to', async () => {
  const at = await served()
  let answers = [429, 429, 200]
  const waits: number[] = []
  const fetch = async (url: string | URL | Request) => {
    if (String(url).endsWith('/structure-info')) return new Response((await at.ask('GET', '/structure-info')).text)
    const status = answers.shift() ?? 500
    const error = { code: 'rate_limited', message: 'slowly', details: { retry_after_seconds: 0.5 } }
    return new Response(JSON.stringify(status === 200 ? { deleted: 1 } : { error }), { status })
  }
  const sleep = async (ms: number) => {
    waits.push(ms)
    await delay(0)
  }
  const client = accessClient({ origin: 'http://a.test', signer: async () => miner, fetch: fetch as typeof globalThis.fetch, date: Date.now, pace: { sleep } })
  const store = accessStore(client, staging(at.folder, join(at.folder, 'spool'), Date.now), clock.now)
  await store.delete(keyOf(miner))
  expect(waits).toEqual([500, 500])
  answers = Array.from({ length: 20 }, () => 429)
  await expect(store.delete(keyOf(miner))).rejects.toMatchObject({ code: 'rate_limited' })
  expect(answers.length).toBe(12)
})

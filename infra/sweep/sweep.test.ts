import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { killMoments, killWithin } from '#test/conformance/child.ts'
import { manualClock, type ManualClock } from '#test/manual-clock.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { folderStore } from '../store/folder.ts'
import { daysLater, isNamed, keyOf, swept } from './sweep.fixture.ts'
import { openSweep, type Sweep, type SweepScope } from './sweep.ts'

const hour = 3_600_000
const { signal } = new AbortController()

interface Scene {
  folder: string
  store: ObjectStore
  clock: ManualClock
  open(): Sweep
}

async function scene(): Promise<Scene> {
  const folder = await temporaryFolder()
  const clock = manualClock()
  const store = folderStore(join(folder, 'store'), { clock })
  return { folder, store, clock, open: () => openSweep({ store, path: join(folder, 'sweep.sqlite'), clock }) }
}

const bytesOf = (text: string) => new TextEncoder().encode(text)

async function keysOf(store: ObjectStore, prefix = ''): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list(prefix)) keys.push(key)
  return keys
}

/** What names these keys. */
const naming = (...keys: string[]): SweepScope => ({
  prefixes: ['own/'],
  expire: async () => undefined,
  async *manifests() {
    yield { kind: 'any', files: keys.map((key) => ({ key })) }
  },
})

test('deletes what nothing names when the time of grace has passed, and nothing else', async () => {
  const { store, clock, open } = await scene()
  for (const key of ['own/named', 'own/not', 'own/folder/not', 'other/not']) await store.put(key, bytesOf(key))
  using sweep = open()
  expect(await sweep.run(naming('own/named', 'own/not-there'), signal)).toEqual({ listed: 3, unnamed: 2, deleted: 0, deleted_bytes: 0 })
  for (const passes of [2 * hour, 2 * hour - 1]) {
    clock.advance(passes)
    await sweep.run(naming('own/named'), signal)
    expect(await keysOf(store)).toHaveLength(4)
  }
  clock.advance(1)
  expect(await sweep.run(naming('own/named'), signal)).toMatchObject({ listed: 3, deleted: 2, deleted_bytes: 21 })
  expect(await keysOf(store)).toEqual(['other/not', 'own/named'])
  expect(await sweep.run(naming('own/named'), signal)).toEqual({ listed: 1, unnamed: 0, deleted: 0, deleted_bytes: 0 })
})

test('what is named again meanwhile begins anew', async () => {
  const { store, clock, open } = await scene()
  await store.put('own/a', bytesOf('a'))
  using sweep = open()
  for (const named of [[], ['own/a'], [], []]) {
    await sweep.run(naming('own/b', ...named), signal)
    clock.advance(2 * hour)
  }
  expect(await keysOf(store)).toEqual(['own/a'])
  await sweep.run(naming('own/b'), signal)
  expect(await keysOf(store)).toEqual([])
})

test('keeps what the lists of a manifest name, and theirs', async () => {
  const { store, clock, open } = await scene()
  await store.put('own/lists/outer.json', bytesOf(JSON.stringify([{ shard: { key: 'own/a' }, deletes: null }, { shard: { key: 'own/lists/inner.json' } }])))
  await store.put('own/lists/inner.json', bytesOf(JSON.stringify({ nested: [[{ key: 'own/b', more: { key: 'own/lists/outer.json' } }]] })))
  for (const key of ['own/a', 'own/b', 'own/c']) await store.put(key, bytesOf(key))
  using sweep = open()
  for (let look = 0; look < 4; look++) {
    await sweep.run(naming('own/lists/outer.json'), signal)
    clock.advance(2 * hour)
  }
  expect(await keysOf(store)).toEqual(['own/a', 'own/b', 'own/lists/inner.json', 'own/lists/outer.json'])
})

test('deletes nothing when a list is missing, or when there is no manifest at all', async () => {
  const { store, clock, open } = await scene()
  await store.put('own/a', bytesOf('a'))
  using sweep = open()
  const none: SweepScope = { ...naming(), async *manifests() {} }
  for (let look = 0; look < 4; look++) {
    await expect(sweep.run(naming('own/lists/lost.json'), signal)).rejects.toMatchObject({ code: 'not_found' })
    await sweep.run(none, signal)
    clock.advance(2 * hour)
  }
  expect(await keysOf(store)).toEqual(['own/a'])
})

test('a clock that jumps ahead a year, or goes back one, deletes nothing early', async () => {
  const { store, clock, open } = await scene()
  await store.put('own/a', bytesOf('a'))
  const expired: number[] = []
  const scope = { ...naming('own/b'), expire: async (now: number) => void expired.push(now) }
  const start = clock.now()
  for (const jump of [365 * 24 * hour, -365 * 24 * hour, 365 * 24 * hour]) {
    using sweep = open()
    await sweep.run(scope, signal)
    clock.advance(jump)
  }
  {
    using sweep = open()
    await sweep.run(scope, signal)
  }
  expect(await keysOf(store)).toEqual(['own/a'])
  expect(expired.map((at) => at - start)).toEqual([0, 2 * hour, 0, 2 * hour])
  // It is followed at two hours a look, and what is over by then goes.
  for (let look = 0; look < 2; look++) {
    using sweep = open()
    await sweep.run(scope, signal)
  }
  expect(await keysOf(store)).toEqual([])
})

test('is due each quarter of the time of grace, also for a clock that went back', async () => {
  const { clock, open } = await scene()
  using sweep = open()
  expect(sweep.isDue()).toBe(true)
  await sweep.run(naming('own/b'), signal)
  expect(sweep.isDue()).toBe(false)
  clock.advance(hour - 1)
  expect(sweep.isDue()).toBe(false)
  clock.advance(1)
  expect(sweep.isDue()).toBe(true)
  clock.advance(-hour - 1)
  expect(sweep.isDue()).toBe(true)
})

test('one that fails is due again no sooner than one that does not, and at once where it was only given up', async () => {
  const { store, clock, open } = await scene()
  using sweep = open()
  await store.put('own/a', bytesOf('a'))
  for (let look = 0; look < 8; look++) {
    expect(sweep.isDue()).toBe(true)
    await expect(sweep.run(naming('own/lists/lost.json'), signal)).rejects.toMatchObject({ code: 'not_found' })
    expect(sweep.isDue()).toBe(false)
    clock.advance(hour)
  }
  // No time of grace has passed meanwhile.
  for (let look = 0; look < 2; look++) expect(await sweep.run(naming('own/b'), signal)).toMatchObject({ deleted: 0 })
  clock.advance(hour)
  await expect(sweep.run(naming('own/b'), AbortSignal.abort(new Error('given up')))).rejects.toThrow('given up')
  expect(sweep.isDue()).toBe(true)
})

test('a store that fails in the middle is asked again at the next look, and so is one whose look was given up', async () => {
  const { folder, store, clock, open } = await scene()
  for (let at = 0; at < 5; at++) await store.put(`own/${at}`, bytesOf('x'))
  let deletes = 0
  const failing: ObjectStore = {
    ...store,
    async delete(key) {
      if (++deletes === 3) throw new Error('the store went away')
      await store.delete(key)
    },
  }
  using sweep = openSweep({ store: failing, path: join(folder, 'sweep.sqlite'), clock })
  for (let look = 0; look < 2; look++) {
    await sweep.run(naming('own/b'), signal)
    clock.advance(2 * hour)
  }
  await expect(sweep.run(naming('own/b'), signal)).rejects.toThrow('went away')
  expect(await keysOf(store)).toEqual(['own/2', 'own/3', 'own/4'])
  const stop = new AbortController()
  const stopping = { ...naming('own/b'), expire: async () => stop.abort(new Error('stopped')) }
  await expect(sweep.run(stopping, stop.signal)).rejects.toThrow('stopped')
  expect(await keysOf(store)).toHaveLength(3)
  using next = open()
  expect(await next.run(naming('own/b'), signal)).toMatchObject({ listed: 3, deleted: 3 })
})

test('kill -9 at any moment leaves all that is named, and the next looks end what it began', async () => {
  const folder = await temporaryFolder()
  const { store, sweep } = daysLater(folder, 0)
  sweep[Symbol.dispose]()
  for (let at = 0; at < swept; at++) await store.put(keyOf(at), bytesOf('x'))
  const named = Array.from({ length: swept }, (_, at) => at).filter(isNamed)
  await store.put('own/lists/all.json', bytesOf(JSON.stringify(named.map((at) => ({ key: keyOf(at) })))))
  const module = new URL('sweep.fixture.ts', import.meta.url).href
  for (const [day, afterMs] of killMoments(20_261_128, 6, 30).entries()) {
    await killWithin(1, afterMs, { program: 'sweep', job: 'run', place: { module, factory: 'daysLater', args: [folder, day] } })
    expect(await keysOf(store, 'own/data/')).toEqual(expect.arrayContaining(named.map(keyOf)))
  }
  for (let day = 7; day < 10; day++) {
    const later = daysLater(folder, day)
    using last = later.sweep
    await last.run(later.scope, signal)
  }
  expect(await keysOf(store, 'own/data/')).toEqual(named.map(keyOf))
})

test('of thousands of objects and of any history, exactly what was unnamed long enough goes', async () => {
  const { store, clock, open } = await scene()
  // More than a batch, so that its ends are met.
  for (let at = 0; at < 1100; at++) await store.put(`own/many/${String(at).padStart(5, '0')}`, bytesOf('x'))
  const many = async () => (await keysOf(store, 'own/many/')).map((key) => Number(key.slice(9)))
  {
    using sweep = open()
    const even = Array.from({ length: 550 }, (_, at) => `own/many/${String(at * 2).padStart(5, '0')}`)
    for (let look = 0; look < 3; look++) {
      await sweep.run(naming(...even), signal)
      clock.advance(2 * hour)
    }
    expect(await many()).toEqual(Array.from({ length: 550 }, (_, at) => at * 2))
  }
  let round = 0
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(fc.integer({ min: 0, max: 5 })), { minLength: 1, maxLength: 8 }), async (looks) => {
      const prefix = `own/${round++}/`
      for (let at = 0; at < 6; at++) await store.put(`${prefix}${at}`, bytesOf(String(at)))
      const since = new Map<number, number>()
      const there = new Set([0, 1, 2, 3, 4, 5])
      using sweep = open()
      for (const [look, named] of looks.entries()) {
        await sweep.run({ ...naming('own/b', ...named.map((at) => `${prefix}${at}`)), prefixes: [prefix] }, signal)
        for (const at of there) {
          if (named.includes(at)) since.delete(at)
          else if (look - (since.get(at) ?? look) >= 2) there.delete(at)
          else since.set(at, since.get(at) ?? look)
        }
        expect(await keysOf(store, prefix)).toEqual([...there].map((at) => `${prefix}${at}`))
        clock.advance(2 * hour)
      }
    }),
    { numRuns: 15 },
  )
})

import { expect, test } from 'vitest'
import { manualClock } from '#test/manual-clock.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { bodyOf } from './bodies.ts'
import { killAfter, killMoments, runChild } from './child.ts'
import { openPlace, type Place } from './place.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const keysOf = async (store: ObjectStore, prefix: string) => (await Array.fromAsync(store.list(prefix))).map(({ key }) => key)
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
const longKey = [...Array(5).fill('k'.repeat(200)), 'k'.repeat(19)].join('/')

const goodKeys = ['a', 'a.b', 'data/hotkey=5F/job_id=x/part 0.parquet', '*/[a]?', 'ä/ö/ü.bin', '\u{1f680}/\u{ffff}', '.hidden', '...', '%2e%2e/%00', longKey]
const badKeys = [
  '',
  '/a',
  'a/',
  'a//b',
  '.',
  '..',
  '../a',
  'a/../b',
  'a/./b',
  '.tmp',
  '.tmp-secret',
  'a/.tmpx/b',
  'a\0b',
  'a\nb',
  'a\\b',
  '\ud800',
  `${longKey}kk`,
]

/** What every ObjectStore must do. `make` gives an empty place. Signed URLs: signed-objects.ts. */
export function objectStoreSuite(make: () => Promise<Place>): void {
  const open = async () => openPlace<ObjectStore>(await make(), manualClock(Date.now()))

  test.each(goodKeys)('gives back what was put under %j', async (key) => {
    const store = await open()
    await store.put(key, bodyOf(key))
    expect(await store.get(key)).toEqual(bodyOf(key))
    expect(await store.head(key)).toEqual({ key, bytes: bodyOf(key).length, modifiedAt: expect.any(Date) })
    expect(await keysOf(store, '')).toEqual([key])
  })

  test.each(badKeys)('refuses the key %j', async (key) => {
    const store = await open()
    const refused = { code: 'invalid_argument' }
    await expect(store.put(key, bytes('x'))).rejects.toMatchObject(refused)
    await expect(store.get(key)).rejects.toMatchObject(refused)
    await expect(store.head(key)).rejects.toMatchObject(refused)
    await expect(store.delete(key)).rejects.toMatchObject(refused)
    await expect(store.signGet(key, 1000)).rejects.toMatchObject(refused)
    await expect(store.signPut(key, 1000)).rejects.toMatchObject(refused)
    expect(await keysOf(store, '')).toEqual([])
  })

  test('reads a half-open range, cut at the end of the object', async () => {
    const store = await open()
    await store.put('k', bytes('0123456789'))
    expect(await store.get('k', { start: 0, end: 4 })).toEqual(bytes('0123'))
    expect(await store.get('k', { start: 7, end: 99 })).toEqual(bytes('789'))
    expect(await store.get('k', { start: 3, end: 3 })).toEqual(bytes(''))
    expect(await store.get('k', { start: 50, end: 60 })).toEqual(bytes(''))
  })

  test.each([
    { start: -1, end: 2 },
    { start: 0.5, end: 2 },
    { start: 3, end: 2 },
    { start: 0, end: Infinity },
    { start: Number.NaN, end: 1 },
  ])('refuses the range $start..$end', async (range) => {
    const store = await open()
    await store.put('k', bytes('0123456789'))
    await expect(store.get('k', range)).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  test('keeps an empty object', async () => {
    const store = await open()
    await store.put('empty', new Uint8Array())
    expect(await store.get('empty')).toEqual(new Uint8Array())
    expect(await store.head('empty')).toMatchObject({ bytes: 0 })
  })

  test('knows nothing of what was never put', async () => {
    const store = await open()
    await store.put('folder/k', bytes('x'))
    for (const key of ['k', 'folder', 'folder/k/below']) {
      await expect(store.get(key)).rejects.toMatchObject({ code: 'not_found' })
      expect(await store.head(key)).toBeUndefined()
      await store.delete(key)
    }
    expect(await keysOf(store, '')).toEqual(['folder/k'])
  })

  test('keeps an object once written: the same bytes again are fine, others are refused', async () => {
    const store = await open()
    await store.put('k', bytes('one'))
    await store.put('k', bytes('one'))
    for (const other of ['two', 'ones', '']) await expect(store.put('k', bytes(other))).rejects.toMatchObject({ code: 'already_exists' })
    expect(await store.get('k')).toEqual(bytes('one'))
  })

  test('takes other bytes after a delete', async () => {
    const store = await open()
    await store.put('a/k', bytes('one'))
    await store.delete('a/k')
    await store.delete('a/k')
    expect(await store.head('a/k')).toBeUndefined()
    await store.put('a/k', bytes('two'))
    expect(await store.get('a/k')).toEqual(bytes('two'))
  })

  test('keeps both an object and what lies below its key, or refuses the second; the first is never hurt', async () => {
    const store = await open()
    await store.put('a', bytes('above'))
    await store.put('b/c', bytes('below'))
    const outcomes = await Promise.allSettled(['a/b', 'b'].map((key) => store.put(key, bytes('late'))))
    for (const outcome of outcomes) expect(outcome.status === 'fulfilled' ? 'already_exists' : outcome.reason.code).toBe('already_exists')
    expect(await store.get('a')).toEqual(bytes('above'))
    expect(await store.get('b/c')).toEqual(bytes('below'))
  })

  test('lists in byte order of the whole key, also where folders and names meet', async () => {
    const store = await open()
    const keys = ['a-b', 'a/b', 'a.b', 'a/a/z', 'a/-', 'ab', 'B', 'x/10', 'x/2', 'é', '\u{ffff}', '\u{10000}', 'z/\u{ff5e}/1', 'z/\u{1f680}/1']
    for (const key of keys) await store.put(key, bytes(key))
    expect(await keysOf(store, '')).toEqual(keys.toSorted(byBytes))
    for (const prefix of ['a', 'a/', 'a/a', 'x/1', 'z/', '\u{10000}', 'nothing', 'a//', '../', './', '/', '.tmp', 'a/../'])
      expect(await keysOf(store, prefix)).toEqual(keys.filter((key) => key.startsWith(prefix)).toSorted(byBytes))
  })

  test('lists lazily: the walk may be left early and sees what is added ahead of it', async () => {
    const store = await open()
    for (const key of ['a/1', 'b/1', 'c/1']) await store.put(key, bytes(key))
    const seen: string[] = []
    for await (const { key } of store.list('')) {
      seen.push(key)
      if (key === 'a/1') await store.put('b/2', bytes('b/2'))
      if (key === 'b/2') break
    }
    expect(seen).toEqual(['a/1', 'b/1', 'b/2'])
  })

  test('lets one of two writers in one process win', async () => {
    const store = await open()
    const outcomes = await Promise.allSettled(['one', 'two', 'three'].map((text) => store.put('same/key', bytes(text))))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const won = outcomes.findIndex(({ status }) => status === 'fulfilled')
    expect(await store.get('same/key')).toEqual(bytes(['one', 'two', 'three'][won] ?? ''))
  })

  test('lets one of several processes win each key, and tells the others', async () => {
    const place = await make()
    const keys = Array.from({ length: 12 }, (_, i) => `rivals/${i}`)
    const job = { program: 'object-store', job: 'rival', place, input: keys }
    const said = await Promise.all([1, 2, 3].map(() => runChild<{ key: string; body?: string; code?: string }>(job)))
    const store = await openPlace<ObjectStore>(place, manualClock())
    for (const key of keys) {
      const answers = said.flat().filter((answer) => answer.key === key)
      const winners = answers.flatMap(({ body }) => (body === undefined ? [] : [body]))
      expect(winners).toHaveLength(1)
      expect(answers.flatMap(({ code }) => (code === undefined ? [] : [code]))).toEqual(['already_exists', 'already_exists'])
      expect(await store.get(key)).toEqual(bodyOf(winners[0] ?? ''))
    }
  })

  test('has every acknowledged object, and none by halves, after kill -9', async () => {
    const place = await make()
    for (const moment of killMoments(11, 4, 40)) {
      const said = await killAfter<{ key: string }>(moment, { program: 'object-store', job: 'write', place })
      const store = await openPlace<ObjectStore>(place, manualClock(Date.now()))
      const listed = await keysOf(store, '')
      expect(said.length).toBeGreaterThanOrEqual(moment)
      expect(listed).toEqual(expect.arrayContaining(said.map(({ key }) => key)))
      for (const key of listed) expect(Buffer.from(await store.get(key)).equals(bodyOf(key)), key).toBe(true)
    }
  })
}

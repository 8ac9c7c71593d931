import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { manualClock } from '#test/manual-clock.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { bodyOf } from './bodies.ts'
import { killAfter, killMoments, runChild } from './child.ts'
import { openPlace, type Place } from './place.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const keysOf = async (store: ObjectStore, prefix: string, after?: string) =>
  (await Array.fromAsync(store.list(prefix, after === undefined ? {} : { after }))).map(({ key }) => key)
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

const contentOf = (body: Uint8Array) => ({ sha256: createHash('sha256').update(body).digest('hex'), bytes: body.length })

/** A body in pieces of odd sizes, all of them views of one buffer that is written over for each, as a reader of files may give them. */
async function* streamOf(body: Uint8Array, fail?: { after: number; error: Error }): AsyncGenerator<Uint8Array> {
  const room = new Uint8Array(40_000)
  for (let at = 0, piece = 1; at < body.length; at += piece, piece = Math.min(room.length, 3 * piece)) {
    if (fail && at >= fail.after) throw fail.error
    const part = body.subarray(at, at + piece)
    room.set(part)
    yield room.subarray(0, part.length)
    await new Promise(setImmediate)
  }
  if (fail) throw fail.error
}

/** What every ObjectStore must do. `make` gives an empty place. Signed URLs: signed-objects.ts. */
export function objectStoreSuite(make: () => Promise<Place>): void {
  const open = async () => openPlace<ObjectStore>(await make(), manualClock(Date.now()))

  test.each(goodKeys)('gives back what was put under %j', async (key) => {
    const store = await open()
    await store.put(key, bodyOf(key))
    expect(await store.get(key)).toEqual(bodyOf(key))
    expect(await store.head(key)).toEqual({ key, bytes: bodyOf(key).length })
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

  test('lists what stands behind a key, in byte order, whether the key is there or not', async () => {
    const store = await open()
    const keys = [
      'a-b',
      'a/b',
      'a.b',
      'a/a/z',
      'a/-',
      'ab',
      'B',
      'x/10',
      'x/2',
      '*/[a]?',
      '%2e/%',
      'é',
      '\u{ffff}',
      '\u{10000}',
      'z/\u{ff5e}/1',
      'z/\u{1f680}/1',
    ]
    for (const key of keys) await store.put(key, bytes(key))
    const sorted = keys.toSorted(byBytes)
    for (const after of [...keys, '', 'a', 'a/', 'a/a', 'a/a/', 'a/a/zz', 'a0', '\u{e000}', '\u{10ffff}', 'x/1', '../', '/', 'z/\u{ff5e}'])
      for (const prefix of ['', 'a', 'a/', 'a/a', 'x/1', 'z/'])
        expect(await keysOf(store, prefix, after), `${prefix} behind ${after}`).toEqual(
          sorted.filter((key) => key.startsWith(prefix) && byBytes(key, after) > 0),
        )
  })

  test('lists in pages, each behind the last key of the one before', async () => {
    const store = await open()
    const keys = Array.from({ length: 60 }, (_, n) => `${n % 3 === 0 ? 'deep/er' : 'flat'}/${(n * 7) % 60}`)
    for (const key of keys) await store.put(key, bytes(key))
    const seen: string[] = []
    for (let after: string | undefined = ''; after !== undefined; after = seen.length % 7 === 0 ? seen.at(-1) : undefined)
      for await (const { key } of store.list('', { after })) if (seen.push(key) % 7 === 0) break
    expect(seen).toEqual(keys.toSorted(byBytes))
  })

  test('takes a stream, whatever its pieces', async () => {
    const store = await open()
    const body = new Uint8Array(1_234_567).map((_, n) => n % 251)
    await store.put('streamed/k', streamOf(body))
    expect(Buffer.from(await store.get('streamed/k')).equals(body)).toBe(true)
    await store.put('streamed/empty', streamOf(new Uint8Array()))
    expect(await store.get('streamed/empty')).toEqual(new Uint8Array())
  })

  test('asks a stream for a piece once the one before is written: no object needs to fit in memory', async () => {
    const store = await open()
    const [piece, pieces] = [new Uint8Array(2 ** 20).fill(7), 192]
    const before = process.memoryUsage().rss
    let most = 0
    await store.put(
      'long',
      (async function* () {
        for (let n = 0; n < pieces; n++) {
          most = Math.max(most, process.memoryUsage().rss - before)
          yield piece
        }
      })(),
    )
    expect(await store.head('long')).toMatchObject({ bytes: pieces * piece.length })
    expect(most).toBeLessThan(96 * 2 ** 20)
  })

  test.each([0, 1, 100_000, Infinity])('has nothing of a stream that throws after %d bytes, and gives on what it threw', async (after) => {
    const store = await open()
    const error = new Error('the source is gone')
    await expect(store.put('torn/k', streamOf(bodyOf('torn'), { after, error }))).rejects.toBe(error)
    expect(await store.head('torn/k')).toBeUndefined()
    expect(await keysOf(store, '')).toEqual([])
    await store.put('torn/k', streamOf(bodyOf('torn')))
    expect(await store.get('torn/k')).toEqual(bodyOf('torn'))
  })

  test('refuses what is no body, also in the midst of a stream', async () => {
    const store = await open()
    const half = (async function* () {
      yield bytes('good')
      yield 'a text' as unknown as Uint8Array
    })()
    for (const body of ['a text', undefined, null, 7, [bytes('x')], half])
      await expect(store.put('k', body as unknown as Uint8Array)).rejects.toMatchObject({ code: 'invalid_argument' })
    expect(await keysOf(store, '')).toEqual([])
  })

  test('closes a stream that it does not read to its end', async () => {
    const store = await open()
    let closed = 0
    const source = async function* () {
      try {
        for (;;) yield 'no bytes' as unknown as Uint8Array
      } finally {
        closed++
      }
    }
    await expect(store.put('k', source())).rejects.toMatchObject({ code: 'invalid_argument' })
    expect(closed).toBe(1)
  })

  test('takes the same bytes again and refuses others, whether they come whole or as a stream', async () => {
    const store = await open()
    const [one, two] = [bodyOf('one'), bodyOf('one').map((byte, n) => (n === 0 ? byte ^ 1 : byte))]
    await store.put('k', streamOf(one))
    await store.put('k', streamOf(one))
    await store.put('k', one)
    for (const other of [two, one.subarray(1), new Uint8Array()])
      for (const body of [other, streamOf(other)]) await expect(store.put('k', body)).rejects.toMatchObject({ code: 'already_exists' })
    expect(await store.get('k')).toEqual(one)
  })

  test('refuses a body that is not what was expected, and has nothing of it', async () => {
    const store = await open()
    const body = bodyOf('expected')
    const expected = contentOf(body)
    for (const other of [body.map((byte) => byte ^ 1), body.subarray(1), new Uint8Array()])
      for (const given of [other, streamOf(other)]) await expect(store.put('k', given, expected)).rejects.toMatchObject({ code: 'invalid_record' })
    expect(await keysOf(store, '')).toEqual([])
    await store.put('k', streamOf(body), expected)
    await store.put('k', body, expected)
    expect(await store.get('k')).toEqual(body)
  })

  test('lets one of many streams win a key: those with its bytes are told so too, the others that it is taken', async () => {
    const store = await open()
    const texts = ['one', 'two', 'one', 'two', 'one']
    const outcomes = await Promise.allSettled(texts.map((text) => store.put('same/stream', streamOf(bodyOf(text)))))
    const won = Buffer.from(await store.get('same/stream')).equals(bodyOf('one')) ? 'one' : 'two'
    expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'put' : outcome.reason.code))).toEqual(
      texts.map((text) => (text === won ? 'put' : 'already_exists')),
    )
    expect(await store.get('same/stream')).toEqual(bodyOf(won))
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
      const said = await killAfter<{ key: string }>(moment, { program: 'object-store', job: moment % 2 === 0 ? 'write' : 'stream', place })
      const store = await openPlace<ObjectStore>(place, manualClock(Date.now()))
      const listed = await keysOf(store, '')
      expect(said.length).toBeGreaterThanOrEqual(moment)
      expect(listed).toEqual(expect.arrayContaining(said.map(({ key }) => key)))
      for (const key of listed) expect(Buffer.from(await store.get(key)).equals(bodyOf(key)), key).toBe(true)
    }
  })

  test('has nothing of a stream that was killed in its midst, and takes it again', async () => {
    const place = await make()
    for (const moment of killMoments(5, 3, 60)) {
      await killAfter(moment, { program: 'object-store', job: 'endless', place })
      const store = await openPlace<ObjectStore>(place, manualClock(Date.now()))
      expect(await keysOf(store, '')).toEqual([])
      expect(await store.head('endless')).toBeUndefined()
    }
    const store = await openPlace<ObjectStore>(place, manualClock(Date.now()))
    await store.put('endless', streamOf(bodyOf('endless')))
    expect(await store.get('endless')).toEqual(bodyOf('endless'))
  })
}

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { manualClock, type ManualClock } from '#test/manual-clock.ts'
import { bodyBytesMax, longestLeaseMs, rememberedMs, type Leased, type Queue } from '#schemas/queue.ts'
import { killAfter, killMoments, runChild } from './child.ts'
import { openPlace, type Place } from './place.ts'
import { temporaryFolder } from './temporary-folder.ts'

type Open = Queue & AsyncDisposable

const leaseMs = 60_000
const keysOf = (messages: readonly { key: string }[]) => messages.map(({ key }) => key)
const messages = (...keys: string[]) => keys.map((key) => ({ key, body: { of: key } }))

const one = async (queue: Queue): Promise<Leased> => {
  const [lease] = await queue.claim({ limit: 1, leaseMs })
  if (!lease) throw new Error('nothing to claim')
  return lease
}

/** What every Queue must do. `make` gives the place of an empty queue. */
export function queueSuite(make: () => Promise<Place>): void {
  const open = async (): Promise<{ clock: ManualClock; queue: Open; place: Place }> => {
    const [clock, place] = [manualClock(), await make()]
    return { clock, place, queue: await openPlace<Open>(place, clock) }
  }

  test('takes a key once, also after the message is done', async () => {
    await using queue = (await open()).queue
    expect(await queue.add(messages('a', 'b', 'a'))).toBe(2)
    expect(await queue.add([{ key: 'a', body: 'other' }])).toBe(0)
    const lease = await one(queue)
    expect(lease).toMatchObject({ body: { of: lease.key }, attempt: 1 })
    await queue.done([lease])
    expect(await queue.add(messages(lease.key, 'c'))).toBe(1)
    expect(await queue.stats()).toEqual({ waiting: 2, leased: 0, done: 1, dead: 0 })
  })

  test('remembers the key of a message that is done or dead for a day and no longer, and counts it for ever', async () => {
    const { clock, queue: opened } = await open()
    await using queue = opened
    await queue.add(messages('a', 'b'))
    await queue.done([await one(queue)])
    await queue.fail(await one(queue), { reason: 'broken' })
    clock.advance(rememberedMs - 1)
    expect(await queue.add(messages('a', 'b', 'c'))).toBe(1)
    clock.advance(1)
    await queue.done([await one(queue)])
    expect(await queue.add(messages('a', 'b', 'c'))).toBe(2)
    expect(await queue.stats()).toEqual({ waiting: 2, leased: 0, done: 2, dead: 1 })
  })

  test('delivers no more at once than it is asked for, in messages and in bytes, but always one', async () => {
    await using queue = (await open()).queue
    const body = 'x'.repeat(1000)
    await queue.add(['a', 'b', 'c', 'd'].map((key) => ({ key, body: key === 'c' ? body.repeat(9) : body })))
    const claims: string[][] = []
    while (claims.flat().length < 4) claims.push(keysOf(await queue.claim({ limit: 3, leaseMs, bytesMax: 2100 })))
    expect(claims.flat().toSorted()).toEqual(['a', 'b', 'c', 'd'])
    for (const keys of claims) {
      expect([1, 2]).toContain(keys.length)
      expect(keys.length === 1 || !keys.includes('c')).toBe(true)
    }
  })

  test('believes no lease of a clock that was ahead and has gone back', async () => {
    const place = await make()
    const clock = manualClock()
    const year = 365 * 86_400_000
    await using ahead = await openPlace<Open>(place, manualClock(clock.now() + year))
    await ahead.add(messages('a', 'b', 'c'))
    const [a, b] = (await ahead.claim({ limit: 2, leaseMs })) as [Leased, Leased]
    await ahead.extend([b], leaseMs)
    await using queue = await openPlace<Open>(place, clock)
    expect(await queue.stats()).toMatchObject({ waiting: 3, leased: 0 })
    expect(keysOf(await queue.claim({ limit: 9, leaseMs })).toSorted()).toEqual(['a', 'b', 'c'])
    await expect(ahead.done([a])).rejects.toMatchObject({ code: 'lease_lost' })
  })

  test('delivers each message once while it is done in time, and lets none wait for ever while others come', async () => {
    await using queue = (await open()).queue
    const first = Array.from({ length: 20 }, (_, n) => `first ${n}`)
    await queue.add(messages(...first))
    const seen: string[] = []
    for (let round = 0; round < 100; round++) {
      await queue.add(messages(`${round} a`, `${round} b`))
      const claimed = await queue.claim({ limit: 2, leaseMs })
      seen.push(...keysOf(claimed))
      await queue.done(claimed)
    }
    expect(seen).toEqual(expect.arrayContaining(first))
    seen.push(...keysOf(await queue.claim({ limit: 1000, leaseMs })))
    expect(new Set(seen).size).toBe(220)
    expect(seen).toHaveLength(220)
    expect(await queue.claim({ limit: 2, leaseMs })).toEqual([])
  })

  test('gives back any JSON body as it was', async () => {
    await using queue = (await open()).queue
    await fc.assert(
      fc.asyncProperty(fc.uuid(), fc.jsonValue({ stringUnit: 'binary' }), async (key, body) => {
        await queue.add([{ key, body }])
        const lease = await one(queue)
        expect(lease).toMatchObject({ key })
        expect(lease.body).toEqual(JSON.parse(JSON.stringify(body)))
        await queue.done([lease])
      }),
      { numRuns: 40, seed: 3 },
    )
  })

  test('delivers again when a lease ran out, and tells the late worker once another has the message', async () => {
    const { clock, queue: opened } = await open()
    await using queue = opened
    await queue.add(messages('a'))
    const late = await one(queue)
    await queue.add(messages('b'))
    expect(late.expiresAt).toBe(clock.now() + leaseMs)
    clock.advance(leaseMs - 1)
    expect(keysOf(await queue.claim({ limit: 9, leaseMs }))).toEqual(['b'])
    clock.advance(1)
    expect(await queue.stats()).toEqual({ waiting: 1, leased: 1, done: 0, dead: 0 })
    const next = await one(queue)
    expect(next).toMatchObject({ key: 'a', attempt: 2 })
    const lost = { code: 'lease_lost' }
    await expect(queue.done([late])).rejects.toMatchObject(lost)
    await expect(queue.extend([late], leaseMs)).rejects.toMatchObject(lost)
    await expect(queue.fail(late, { reason: 'late' })).rejects.toMatchObject(lost)
    await queue.done([next])
    await expect(queue.done([next])).rejects.toMatchObject(lost)
  })

  test('accepts a late answer while nobody else has the message', async () => {
    const { clock, queue: opened } = await open()
    await using queue = opened
    await queue.add(messages('a', 'b'))
    const late = await queue.claim({ limit: 2, leaseMs })
    clock.advance(leaseMs * 2)
    expect(await queue.extend([late[0] as Leased], leaseMs)).toBe(clock.now() + leaseMs)
    expect(await queue.stats()).toEqual({ waiting: 1, leased: 1, done: 0, dead: 0 })
    await queue.done(late)
    expect(await queue.stats()).toEqual({ waiting: 0, leased: 0, done: 2, dead: 0 })
  })

  test('extends a lease', async () => {
    const { clock, queue: opened } = await open()
    await using queue = opened
    await queue.add(messages('a'))
    const lease = await one(queue)
    clock.advance(leaseMs - 1)
    expect(await queue.extend([lease], leaseMs)).toBe(clock.now() + leaseMs)
    clock.advance(leaseMs - 1)
    expect(await queue.claim({ limit: 1, leaseMs })).toEqual([])
    await queue.done([lease])
  })

  test('finishes or extends all of several leases or none, whatever else is done at the same time', async () => {
    const { clock, queue: opened } = await open()
    await using queue = opened
    await queue.add(messages('a', 'b'))
    const [a, b] = (await queue.claim({ limit: 2, leaseMs })) as [Leased, Leased]
    const lost = { code: 'lease_lost' }
    clock.advance(leaseMs / 2)
    const forged = { ...b, token: 'forged' }
    await Promise.all([
      expect(queue.done([a, forged])).rejects.toMatchObject(lost),
      expect(queue.done([a, a])).rejects.toMatchObject(lost),
      expect(queue.extend([a, forged], leaseMs)).rejects.toMatchObject(lost),
      expect(queue.add(messages('c'))).resolves.toBe(1),
    ])
    expect(await queue.stats()).toMatchObject({ waiting: 1, leased: 2, done: 0 })
    expect(await queue.extend([b], leaseMs)).toBe(clock.now() + leaseMs)
    clock.advance(leaseMs / 2)
    expect(await queue.stats()).toMatchObject({ waiting: 2, leased: 1, done: 0 })
    await queue.done([a, b])
    await queue.done([])
    expect(await queue.stats()).toMatchObject({ leased: 0, done: 2 })
  })

  test('refuses a body that is too large, and changes nothing', async () => {
    await using queue = (await open()).queue
    await expect(queue.add([...messages('a'), { key: 'b', body: 'x'.repeat(bodyBytesMax) }])).rejects.toMatchObject({ code: 'too_large' })
    expect(await queue.stats()).toMatchObject({ waiting: 0 })
  })

  test('tries a failed message again in its time, or never', async () => {
    const { clock, queue: opened } = await open()
    await using queue = opened
    await queue.add(messages('a', 'b', 'c'))
    const [busy, broken, other] = (await queue.claim({ limit: 3, leaseMs })) as [Leased, Leased, Leased]
    await queue.fail(busy, { reason: 'busy', retryAt: clock.now() + 100 })
    await queue.fail(broken, { reason: 'broken' })
    expect(await queue.stats()).toEqual({ waiting: 1, leased: 1, done: 0, dead: 1 })
    clock.advance(99)
    expect(await queue.claim({ limit: 9, leaseMs })).toEqual([])
    clock.advance(1)
    expect(await queue.claim({ limit: 9, leaseMs })).toMatchObject([{ key: busy.key, attempt: 2 }])
    clock.advance(1e10)
    expect(keysOf(await queue.claim({ limit: 9, leaseMs })).toSorted()).toEqual([busy.key, other.key].toSorted())
  })

  test.each<[string, (queue: Queue, lease: Leased) => Promise<unknown>]>([
    ['an empty key', (queue) => queue.add([...messages('new'), { key: '', body: 1 }])],
    ['a key with NUL', (queue) => queue.add(messages('a\0b'))],
    ['half a character as a key', (queue) => queue.add(messages('\ud800'))],
    ['an endless key', (queue) => queue.add(messages('k'.repeat(2000)))],
    ['a body without JSON', (queue) => queue.add([...messages('new'), { key: 'k', body: 1n }])],
    ['no body', (queue) => queue.add([{ key: 'k', body: undefined }])],
    ['a body with NaN', (queue) => queue.add([{ key: 'k', body: { x: Number.NaN } }])],
    ['a limit of 0', (queue) => queue.claim({ limit: 0, leaseMs })],
    ['a limit that is no number', (queue) => queue.claim({ limit: Number.NaN, leaseMs })],
    ['a lease of 0', (queue) => queue.claim({ limit: 1, leaseMs: 0 })],
    ['an endless lease', (queue) => queue.claim({ limit: 1, leaseMs: longestLeaseMs + 1 })],
    ['no bytes', (queue) => queue.claim({ limit: 1, leaseMs, bytesMax: 0 })],
    ['an extension of 0', (queue, lease) => queue.extend([lease], 0)],
    ['an endless extension', (queue, lease) => queue.extend([lease], Infinity)],
    ['a failure without a reason', (queue, lease) => queue.fail(lease, { reason: '' })],
    ['a retry at no time', (queue, lease) => queue.fail(lease, { reason: 'x', retryAt: Number.NaN })],
  ])('refuses %s and changes nothing', async (_name, call) => {
    await using queue = (await open()).queue
    await queue.add(messages('a'))
    const lease = await one(queue)
    await expect(call(queue, lease)).rejects.toMatchObject({ code: 'invalid_argument' })
    expect(await queue.stats()).toEqual({ waiting: 0, leased: 1, done: 0, dead: 0 })
    await queue.done([lease])
  })

  test('delivers each message to one of several processes', async () => {
    const { place, queue } = await open()
    const keys = Array.from({ length: 60 }, (_, i) => `m/${i}`)
    await queue.add(messages(...keys))
    await queue[Symbol.asyncDispose]()
    const input = await temporaryFolder()
    const said = await Promise.all([1, 2, 3].map(() => runChild<{ key: string }>({ program: 'queue', job: 'drain', place, input })))
    expect(keysOf(said.flat()).toSorted()).toEqual(keys.toSorted())
  })

  test('keeps what it acknowledged through kill -9', async () => {
    const place = await make()
    const kills = 3
    const [added, done] = [new Set<string>(), new Set<string>()]
    for (const moment of killMoments(5, kills, 60)) {
      for (const fact of await killAfter<{ added?: string[]; done?: string[] }>(moment, { program: 'queue', job: 'work', place })) {
        for (const key of fact.added ?? []) added.add(key)
        for (const key of fact.done ?? []) done.add(key)
      }
    }
    await using queue = await openPlace<Open>(place, manualClock(Date.now() + 1e9))
    const left = await queue.claim({ limit: 100_000, leaseMs })
    expect(keysOf(left).filter((key) => done.has(key))).toEqual([])
    // A kill may fall between the end of the two messages at work and the word of it.
    const silent = [...added].filter((key) => !keysOf(left).includes(key) && !done.has(key))
    expect(silent.length).toBeLessThanOrEqual(2 * kills)
    for (const { key, body } of left) expect(body).toEqual({ of: key })
    // Adding is all or nothing: each child added its messages by threes.
    const stats = await queue.stats()
    expect((stats.leased + stats.done) % 3).toBe(0)
    expect(stats.leased + stats.done).toBeGreaterThanOrEqual(added.size)
  })
}

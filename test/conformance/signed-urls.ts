import { expect, test } from 'vitest'
import { manualClock, type ManualClock } from '#test/manual-clock.ts'
import type { ObjectStore } from '#schemas/object-store.ts'

/** A store whose signed URLs are served, by itself or by a server over loopback. */
export interface ServedStore extends AsyncDisposable {
  store: ObjectStore
}

const bytes = (text: string) => new TextEncoder().encode(text)
const key = 'a b/ü/100%?&#/k.bin'

/** What the signed URLs of every ObjectStore must do, asked over HTTP. @param make serves a store whose clock and server follow `clock` */
export function signedUrlSuite(make: (clock: ManualClock) => Promise<ServedStore>): void {
  const serve = async (): Promise<ServedStore & { clock: ManualClock }> => {
    const clock = manualClock(Date.now())
    const served = await make(clock)
    return { clock, store: served.store, [Symbol.asyncDispose]: () => served[Symbol.asyncDispose]() }
  }

  test('a signed GET reads the object, whole or a range of it', async () => {
    await using served = await serve()
    await served.store.put(key, bytes('0123456789'))
    const { url, method, expiresAt } = await served.store.signGet(key, 60_000)
    expect({ method, ms: expiresAt.getTime() }).toEqual({ method: 'GET', ms: served.clock.now() + 60_000 })
    const ask = async (range?: string) => {
      const answer = await fetch(url, { headers: range ? { range } : {} })
      return [answer.status, await answer.text(), answer.headers.get('content-range')]
    }
    expect(await ask()).toEqual([200, '0123456789', null])
    expect(await ask('bytes=2-4')).toEqual([206, '234', 'bytes 2-4/10'])
    expect(await ask('bytes=7-')).toEqual([206, '789', 'bytes 7-9/10'])
    expect(await ask('bytes=-3')).toEqual([206, '789', 'bytes 7-9/10'])
    expect((await ask('bytes=10-20'))[0]).toBe(416)
  })

  test('a signed GET reads an object of several megabytes', async () => {
    await using served = await serve()
    const body = new Uint8Array(3_500_001).map((_, i) => i % 251)
    await served.store.put('big', body)
    const { url } = await served.store.signGet('big', 60_000)
    expect(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(body)).toBe(true)
  })

  test('a signed PUT writes the object once', async () => {
    await using served = await serve()
    const { url } = await served.store.signPut(key, 60_000)
    const send = async (body: string) => (await fetch(url, { method: 'PUT', body })).status
    expect(await send('hello')).toBeLessThan(300)
    expect(await send('hello')).toBeLessThan(300)
    expect(await send('other')).toBe(409)
    expect(await served.store.get(key)).toEqual(bytes('hello'))
  })

  test('a signature is good for nothing else: another key, method, time, or no signature at all', async () => {
    await using served = await serve()
    for (const k of ['mine', 'other']) await served.store.put(k, bytes(k))
    const { url } = await served.store.signGet('mine', 60_000)
    const changed = (name: string, value: string) => {
      const other = new URL(url)
      other.searchParams.set(name, value)
      return other.href
    }
    const bare = new URL(url)
    const signature = bare.searchParams.get('signature') ?? ''
    bare.search = ''
    const forged = [
      url.replace('/mine?', '/other?'),
      changed('expires', String(served.clock.now() + 120_000)),
      changed('expires', 'never'),
      changed(
        'signature',
        signature.replace(/./, (c) => (c === '0' ? '1' : '0')),
      ),
      changed('signature', ''),
      changed('method', 'PUT'),
      bare.href,
    ]
    for (const wrong of forged) expect((await fetch(wrong)).status, wrong).toBe(403)
    expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(403)
    expect((await fetch(changed('method', 'PUT'), { method: 'PUT', body: 'x' })).status).toBe(403)
    expect(await served.store.get('mine')).toEqual(bytes('mine'))
  })

  test('a signature ends when its time is over', async () => {
    await using served = await serve()
    await served.store.put('k', bytes('x'))
    const [get, put] = [await served.store.signGet('k', 1000), await served.store.signPut('new', 1000)]
    served.clock.advance(999)
    expect((await fetch(get.url)).status).toBe(200)
    served.clock.advance(1)
    expect((await fetch(get.url)).status).toBe(403)
    expect((await fetch(put.url, { method: 'PUT', body: 'x' })).status).toBe(403)
    expect(await served.store.head('new')).toBeUndefined()
  })

  test('an object that is gone is 404 under a good signature', async () => {
    await using served = await serve()
    await served.store.put('k', bytes('x'))
    const { url } = await served.store.signGet('k', 1000)
    await served.store.delete('k')
    expect((await fetch(url)).status).toBe(404)
  })

  test('signs a GET only for what is there, and only for a sound time', async () => {
    await using served = await serve()
    await expect(served.store.signGet('nothing', 1000)).rejects.toMatchObject({ code: 'not_found' })
    for (const ttlMs of [0, -1, 1.5, Number.NaN, Infinity, 8 * 24 * 3_600_000])
      await expect(served.store.signPut('k', ttlMs)).rejects.toMatchObject({ code: 'invalid_argument' })
  })
}

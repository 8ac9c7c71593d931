import { createHook } from 'node:async_hooks'
import { writeFileSync } from 'node:fs'
import { mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { objectStoreSuite } from '#test/conformance/object-store.ts'
import { signedUrlSuite } from '#test/conformance/signed-urls.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { createServer, listen } from '#infra/net/server.ts'
import type { Clock } from '#schemas/clock.ts'
import { folderStore } from './folder.ts'
import { signedObjects } from './signed-objects.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const module = new URL('folder.ts', import.meta.url).href

async function serve(clock: Clock, bodyBytesMax?: number) {
  let origin = ''
  const store = folderStore(await temporaryFolder(), { clock, origin: () => origin })
  const app = await createServer({ title: 'Objects', version: '1', description: 'A test.' })
  await app.register(signedObjects(store, bodyBytesMax === undefined ? {} : { bodyBytesMax }))
  origin = (await listen(app, { host: '127.0.0.1', port: 0, setting: 'test.port' })).origin
  return { store, [Symbol.asyncDispose]: () => app.close() }
}

describe('folderStore', () => {
  objectStoreSuite(async () => ({ module, factory: 'folderStore', args: [await temporaryFolder()] }))
  signedUrlSuite((clock) => serve(clock))

  test('writes nothing before the first put, and leaves nothing staged after it', async () => {
    const root = join(await temporaryFolder(), 'new', 'store')
    const store = folderStore(root)
    expect(await Array.fromAsync(store.list(''))).toEqual([])
    await expect(stat(root)).rejects.toMatchObject({ code: 'ENOENT' })
    await store.put('a/b', bytes('x'))
    await store.put('a/b', bytes('y')).catch(() => undefined)
    expect(await readdir(join(root, '.tmp'))).toEqual([])
  })

  test('sweeps what a dead process staged long ago, not what is being written', async () => {
    const root = await temporaryFolder()
    const clock = manualClock(Date.now())
    await mkdir(join(root, '.tmp'))
    for (const name of ['dead', 'alive']) await writeFile(join(root, '.tmp', name), name)
    const twoDaysAgo = new Date(clock.now() - 2 * 24 * 3_600_000)
    await utimes(join(root, '.tmp', 'dead'), twoDaysAgo, twoDaysAgo)
    await folderStore(root, { clock }).put('k', bytes('x'))
    expect(await readdir(join(root, '.tmp'))).toEqual(['alive'])
  })

  test('makes its staging folder again when somebody took it away', async () => {
    const root = await temporaryFolder()
    const store = folderStore(root)
    await store.put('a', bytes('x'))
    await rm(join(root, '.tmp'), { recursive: true })
    await expect(store.put('b', bytes('y'))).rejects.toMatchObject({ code: 'store_unavailable' })
    await store.put('b', bytes('y'))
    expect(await store.get('b')).toEqual(bytes('y'))
  })

  test('says what to do when the root is a file', async () => {
    const root = join(await temporaryFolder(), 'file')
    await writeFile(root, 'no folder')
    await expect(folderStore(root).put('k', bytes('x'))).rejects.toMatchObject({ code: 'data_unreadable', message: expect.stringContaining(root) })
  })

  test('signs nothing without an origin, and says how to give it one', async () => {
    const store = folderStore(await temporaryFolder())
    await store.put('k', bytes('x'))
    for (const sign of [store.signGet, store.signPut])
      await expect(sign('k', 1000)).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('origin') })
  })

  test('shares one secret, which only its owner can read, among all who open the folder', async () => {
    const root = await temporaryFolder()
    const clock = manualClock()
    const stores = [1, 2, 3].map(() => folderStore(root, { clock, origin: 'http://127.0.0.1:1' }))
    const signed = await Promise.all(stores.map((store) => store.signPut('k', 1000)))
    expect(new Set(signed.map(({ url }) => url)).size).toBe(1)
    expect((await stat(join(root, '.tmp-secret'))).mode & 0o777).toBe(0o600)
  })

  test('refuses a signed PUT that is too large, and an unsigned one before reading it', async () => {
    await using served = await serve(manualClock(), 1000)
    const { url } = await served.store.signPut('k', 1000)
    expect((await fetch(url, { method: 'PUT', body: 'x'.repeat(1001) })).status).toBe(413)
    expect((await fetch(url.replace('/k?', '/other?'), { method: 'PUT', body: 'x'.repeat(1001) })).status).toBe(403)
    expect((await fetch(url, { method: 'PUT', body: 'x'.repeat(1000), headers: { 'content-type': 'application/json' } })).status).toBe(201)
  })

  test('refuses a signed PUT that grows too large without saying its length, and has nothing of one that breaks off', async () => {
    await using served = await serve(manualClock(), 100_000)
    const { url } = await served.store.signPut('k', 1000)
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(10_000)) })
    const answer = await fetch(url, { method: 'PUT', body: endless, duplex: 'half' }).then(
      ({ status }) => status,
      () => 'connection closed',
    )
    expect([413, 'connection closed']).toContain(answer)
    await breakOff(url, 50_000)
    expect(await Array.fromAsync(served.store.list(''))).toEqual([])
  })

  test('asks the file system about no object before the one it lists from, and none behind where the walk is left', async () => {
    const root = await temporaryFolder()
    for (const folder of ['a', 'many', 'z']) await mkdir(join(root, folder))
    for (let n = 0; n < 3_000; n++) writeFileSync(join(root, n < 2_000 ? 'many' : n % 2 === 0 ? 'a' : 'z', String(n).padStart(5, '0')), '')
    const store = folderStore(root)
    const seen: string[] = []
    const asked = await fileRequests(async () => {
      for await (const { key } of store.list('', { after: 'many/01000' })) if (seen.push(key) === 10) break
    })
    expect(seen).toEqual(Array.from({ length: 10 }, (_, n) => `many/${String(1_001 + n).padStart(5, '0')}`))
    // Names are read some hundreds in one request.
    expect(asked).toBeLessThan(60)
  })
})

/** How many requests the file system was asked for. */
async function fileRequests(work: () => Promise<void>): Promise<number> {
  let requests = 0
  const hook = createHook({ init: (_, type) => void (requests += Number(type === 'FSREQPROMISE' || type === 'FSREQCALLBACK')) }).enable()
  await work()
  hook.disable()
  return requests
}

/** Says that so many bytes will come, sends half of them and is gone. */
async function breakOff(url: string, bytes: number): Promise<void> {
  const request = httpRequest(url, { method: 'PUT', headers: { 'content-length': bytes } })
  const closed = new Promise((resolve) => request.once('close', resolve).once('error', resolve))
  await new Promise((resolve) => request.write(new Uint8Array(bytes / 2), resolve))
  request.destroy()
  await closed
}

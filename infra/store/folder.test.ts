import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises'
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
})

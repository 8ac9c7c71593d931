import { expect, test } from 'vitest'
import { createServer } from '#infra/net/server.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { folderStore } from './folder.ts'
import { signedObjects } from './signed-objects.ts'

async function served() {
  const store = folderStore(await temporaryFolder(), { origin: 'http://127.0.0.1' })
  const app = await createServer({ title: 'Objects', version: '1', description: 'A test.' })
  await app.register(signedObjects(store))
  const put = async (key: string, text: string) => {
    await store.put(key, new TextEncoder().encode(text))
    return (await store.signGet(key, 60_000)).url
  }
  const ask = async (url: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') => {
    const answer = await app.inject({ method, url, headers })
    return { status: answer.statusCode, body: answer.body, headers: answer.headers }
  }
  return { store, put, ask, [Symbol.asyncDispose]: () => app.close() }
}

test('an object that is named by its content has its sha256 as ETag; who has it is not sent it again', async () => {
  await using objects = await served()
  const sha256 = sha256Hex('0123456789')
  const url = await objects.put(`data/${sha256}.parquet`, '0123456789')
  const whole = await objects.ask(url)
  expect([whole.status, whole.headers['etag'], whole.headers['cache-control']]).toEqual([200, `"${sha256}"`, 'private, max-age=31536000, immutable'])
  for (const known of [`"${sha256}"`, `W/"${sha256}"`, `"other", "${sha256}"`, '*'])
    expect(await objects.ask(url, { 'if-none-match': known })).toMatchObject({ status: 304, body: '', headers: { etag: `"${sha256}"` } })
  expect((await objects.ask(url, { 'if-none-match': '"other"' })).status).toBe(200)
  expect((await objects.ask(url, { 'if-match': '"other"' })).status).toBe(412)
  const head = await objects.ask(url, {}, 'HEAD')
  expect([head.status, head.body, head.headers['content-length'], head.headers['etag']]).toEqual([200, '', '10', `"${sha256}"`])
})

test('a range is sent of the object that it was asked of, one at a time', async () => {
  await using objects = await served()
  const url = await objects.put('data/shard.parquet', '0123456789'.padEnd(2000, '-'))
  const etag = String((await objects.ask(url)).headers['etag'])
  expect(etag).toMatch(/^"[0-9a-f]{64}"$/)
  const range = async (headers: Record<string, string>) => {
    const { status, body } = await objects.ask(url, headers)
    return [status, status === 416 ? '' : body]
  }
  expect(await range({ range: 'bytes=2-4', 'if-range': etag })).toEqual([206, '234'])
  expect(await range({ range: 'Bytes= -3' })).toEqual([206, '---'])
  for (const other of [`W/${etag}`, '"other"', 'Sat, 29 Oct 1994 19:43:31 GMT'])
    expect(await range({ range: 'bytes=2-4', 'if-range': other })).toEqual([200, '0123456789'.padEnd(2000, '-')])
  for (const ignored of ['bytes=0-1,4-5', 'bytes=4-2', 'rows=0-1', 'bytes=-', 'bytes=a-b'])
    expect(await range({ range: ignored })).toEqual([200, '0123456789'.padEnd(2000, '-')])
  for (const beyond of ['bytes=2000-', 'bytes=-0', 'bytes=9999-10000']) expect(await range({ range: beyond })).toEqual([416, ''])
  expect(await range({ range: 'bytes=2-4', 'if-none-match': etag })).toEqual([304, ''])
  const head = await objects.ask(url, { range: 'bytes=2-4' }, 'HEAD')
  expect([head.status, head.headers['content-length'], head.headers['content-range']]).toEqual([200, '2000', undefined])
})

test('what points to the newest, and is replaced, has another tag each time and is asked for anew', async () => {
  await using objects = await served()
  const url = await objects.put('metadata/version-hint.text', '1')
  const first = await objects.ask(url)
  expect([first.headers['etag'], first.headers['cache-control']]).toEqual([`"${sha256Hex('1')}"`, 'private, no-cache'])
  await objects.store.delete('metadata/version-hint.text')
  await objects.put('metadata/version-hint.text', '2')
  expect(await objects.ask(url, { 'if-none-match': String(first.headers['etag']) })).toMatchObject({ status: 200, body: '2' })
})

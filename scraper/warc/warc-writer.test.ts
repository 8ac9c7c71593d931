import { appendFile, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseHttpResponse } from './http-message.ts'
import { readWarc } from './read-warc.ts'
import type { ArchivedExchange } from './warc-record.ts'
import { openWarcWriter } from './warc-writer.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-warc-'))
})
afterEach(() => rm(folder, { recursive: true }))

const at = Date.UTC(2026, 0, 2)
const exchange = (n: number, over: Partial<ArchivedExchange> = {}) => ({
  url: `http://h.example/p/${n}?q`,
  requestHeaders: { accept: 'text/html' },
  status: 200,
  headers: { 'content-type': 'text/html', 'content-encoding': 'br', 'content-length': '7', 'set-cookie': ['a', 'b'] },
  body: Buffer.from(`<p>${n}`),
  address: '192.0.2.1',
  ...over,
})
const openWriter = (fileBytesMax = 1e9) =>
  openWarcWriter({
    folder,
    name: 'miner-1',
    fileBytesMax,
    software: 'Orrery/1',
    requestHeaders: { 'user-agent': 'Orrery/1 (+http://c.example)' },
    now: () => at,
  })
const files = async () => (await readdir(folder)).toSorted()
async function* bytesOf(file: string): AsyncGenerator<Uint8Array> {
  yield await readFile(join(folder, file))
}
const read = async (file: string) =>
  Array.fromAsync(readWarc(bytesOf(file), { blockBytesMax: 1e6 }), ({ type, headers, block }) => ({ type, headers, text: Buffer.from(block).toString() }))
const first = 'miner-1-00001.warc.gz'
const second = 'miner-1-00002.warc.gz'

describe('an archive', () => {
  test('holds who wrote it, each request and its answer, and reads as what was fetched', async () => {
    {
      await using writer = await openWriter()
      await Promise.all([writer.write(exchange(1)), writer.write(exchange(2))])
      expect(await files()).toEqual([`${first}.open`])
    }
    expect(await files()).toEqual([first])
    const records = await read(first)
    expect(records.map(({ type, headers }) => [type, headers['warc-target-uri']])).toEqual([
      ['warcinfo', undefined],
      ['request', 'http://h.example/p/1?q'],
      ['response', 'http://h.example/p/1?q'],
      ['request', 'http://h.example/p/2?q'],
      ['response', 'http://h.example/p/2?q'],
    ])
    const [info, request, response] = records
    expect(info?.headers['warc-filename']).toBe(first)
    expect(request?.text).toBe('GET /p/1?q HTTP/1.1\r\nHost: h.example\r\nuser-agent: Orrery/1 (+http://c.example)\r\naccept: text/html\r\n\r\n')
    expect(request?.headers['warc-concurrent-to']).toBe(response?.headers['warc-record-id'])
    expect(response?.headers).toMatchObject({ 'warc-date': '2026-01-02T00:00:00.000Z', 'warc-ip-address': '192.0.2.1' })
    expect(await parseHttpResponse(Buffer.from(response?.text ?? ''), 100)).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/html', 'content-length': '4', 'x-crawl-content-encoding': 'br', 'set-cookie': ['a', 'b'] },
      body: new Uint8Array(Buffer.from('<p>1')),
    })
  })

  test('is the same bytes for the same crawl', async () => {
    const bytes: Buffer[] = []
    for (let round = 0; round < 2; round++) {
      {
        await using writer = await openWriter()
        await writer.write(exchange(1))
      }
      bytes.push(await readFile(join(folder, first)))
      await rm(join(folder, first))
    }
    expect(bytes[0]).toEqual(bytes[1])
  })

  test('has the digest every reader knows', async () => {
    {
      await using writer = await openWriter()
      await writer.write(exchange(1, { body: Buffer.from('') }))
    }
    // The SHA-1 of nothing, in base 32.
    expect((await read(first))[2]?.headers['warc-payload-digest']).toBe('sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ')
  })

  test('notes a 304 as a visit that found nothing new', async () => {
    {
      await using writer = await openWriter()
      await writer.write(exchange(1, { status: 304, headers: { etag: '"x"' }, body: new Uint8Array() }))
    }
    const revisit = (await read(first))[2]
    expect(revisit).toMatchObject({ type: 'revisit', text: 'HTTP/1.1 304 Not Modified\r\netag: "x"\r\n\r\n' })
    expect(revisit?.headers['warc-profile']).toBe('http://netpreserve.org/warc/1.1/revisit/server-not-modified')
  })

  test('goes on in another file when one is full', async () => {
    {
      await using writer = await openWriter(500)
      for (const n of [1, 2, 3]) await writer.write(exchange(n))
    }
    expect(await files()).toEqual([first, second, 'miner-1-00003.warc.gz'])
    expect((await read(second)).map(({ type }) => type)).toEqual(['warcinfo', 'request', 'response'])
  })

  test('lets no header break its lines', async () => {
    {
      await using writer = await openWriter()
      await writer.write(exchange(1, { requestHeaders: { x: 'a\r\nWARC-Type: y' }, headers: { y: 'a\rb' } }))
    }
    expect((await read(first)).map(({ type }) => type)).toEqual(['warcinfo', 'request', 'response'])
  })
})

/** An open file with one whole exchange, as a killed process leaves it. */
async function leave(): Promise<{ path: string; wholeBytes: number }> {
  {
    await using writer = await openWriter()
    await writer.write(exchange(1))
  }
  const path = join(folder, `${first}.open`)
  await rename(join(folder, first), path)
  return { path, wholeBytes: (await readFile(path)).length }
}
const goOn = async (n: number) => {
  await using writer = await openWriter()
  await writer.write(exchange(n))
}
const targets = async () => (await read(first)).map(({ type, headers }) => `${type} ${headers['warc-target-uri']?.slice(-3) ?? ''}`)
const both = ['warcinfo ', 'request 1?q', 'response 1?q', 'request 2?q', 'response 2?q']

describe('a crash', () => {
  test('between two writes costs nothing', async () => {
    await leave()
    await goOn(2)
    expect(await targets()).toEqual(both)
  })
  test('in the middle of one costs that one, and is not seen', async () => {
    const { path, wholeBytes } = await leave()
    for (const torn of [1, 5, 21, 22, 100]) {
      await truncate(path, wholeBytes)
      await appendFile(path, (await readFile(path)).subarray(0, torn))
      await goOn(2)
      expect(await targets()).toEqual(both)
      await rename(join(folder, first), path)
    }
  })
  test('that left noughts, or damage, is cut before them', async () => {
    const { path } = await leave()
    await appendFile(path, Buffer.alloc(5000))
    await goOn(2)
    expect(await targets()).toEqual(both)
    const bytes = await readFile(join(folder, first))
    bytes.fill(0, bytes.length - 30)
    await rm(join(folder, first))
    await writeFile(path, bytes)
    await goOn(3)
    expect(await targets()).toEqual([...both.slice(0, 4), 'request 3?q', 'response 3?q'])
  })
  test('before anything was written leaves a file that says who wrote it', async () => {
    await writeFile(join(folder, `${first}.open`), '')
    await goOn(1)
    expect(await targets()).toEqual(both.slice(0, 3))
  })
  test('leaves finished files and those of others alone', async () => {
    await writeFile(join(folder, 'miner-2-00009.warc.gz.open'), 'theirs')
    await goOn(1)
    await goOn(2)
    expect(await files()).toEqual([first, second, 'miner-2-00009.warc.gz.open'])
    expect(gunzipSync(await readFile(join(folder, first))).toString('latin1')).toContain('/p/1?q')
  })
})

test('a folder that cannot be used is said so', async () => {
  await writeFile(join(folder, 'file'), '')
  await expect(
    openWarcWriter({ folder: join(folder, 'file'), name: 'x', fileBytesMax: 1, software: 'x', requestHeaders: {}, now: () => 0 }),
  ).rejects.toMatchObject({
    code: 'data_unreadable',
  })
})

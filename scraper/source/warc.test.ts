import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createHttp } from '#infra/net/http.ts'
import { pageRecord, warcRecord } from '#test/golden/warc.ts'
import { openSite, type Page } from '#test/site/site.ts'
import { openWarc, warcPages } from './warc.ts'

const url = 'http://h.example/a?utm_source=x'
const records = [
  warcRecord('warcinfo', 'software: x'),
  warcRecord('request', 'GET / HTTP/1.1\r\n\r\n', { 'WARC-Target-URI': url }),
  pageRecord(url, '<title>A</title><a href=/b>b</a>', { 'Content-Type': 'text/html', ETag: '"1"' }),
  pageRecord('http://h.example/gone', 'x', {}, 404),
  pageRecord('http://h.example/pdf', '%PDF', { 'Content-Type': 'application/pdf' }),
  pageRecord('mailto:x@h.example', '<p>x'),
  pageRecord('http://h.example/big', 'x'.repeat(200_000)),
  warcRecord('response', 'nonsense', { 'WARC-Target-URI': 'http://h.example/bad' }),
  warcRecord('resource', '<p>resource', { 'WARC-Target-URI': 'http://h.example/r', 'Content-Type': 'text/html' }),
  warcRecord('revisit', '', { 'WARC-Target-URI': url }),
]
async function* once(bytes: Uint8Array) {
  yield bytes
}
const limits = { pageBytesMax: 1000 }

test('the pages of an archive come as if they had been fetched', async () => {
  const pages = await Array.fromAsync(warcPages(once(Buffer.concat(records)), limits))
  expect(pages.map(({ index, fetched, refusal }) => [index, fetched.url, refusal])).toEqual([
    [2, 'http://h.example/a', undefined],
    [4, 'http://h.example/pdf', undefined],
    [6, 'http://h.example/big', 'too_large'],
    [7, 'http://h.example/bad', 'bad_response'],
    [8, 'http://h.example/r', undefined],
  ])
  expect(pages[0]).toMatchObject({
    fetchedAt: Date.UTC(2026, 0, 2, 3, 4, 5),
    fetched: { status: 200, headers: { 'content-type': 'text/html', etag: '"1"' } },
  })
})

test('an archive can be gone on with from any record', async () => {
  const rest = await Array.fromAsync(warcPages(once(gzipSync(Buffer.concat(records))), { ...limits, from: 7 }), ({ index }) => index)
  expect(rest).toEqual([7, 8])
})

async function indexesOf(page: Page) {
  await using site = await openSite({ 'data.localhost': { '/x.warc.gz': page } })
  await using http = createHttp({ userAgent: 'x', timeoutMs: 2000, bytesMax: 100, hosts: site.hosts })
  let rests = 0
  const server = { http, rest: async () => void (rests += 1), signal: new AbortController().signal }
  const indexes = await Array.fromAsync(warcPages(openWarc('http://data.localhost/x.warc.gz', server), limits), ({ index }) => index)
  expect(rests).toBe(site.requests.length)
  return indexes
}

describe('an archive is opened', () => {
  const bytes = Buffer.concat(records.map((record) => gzipSync(record)))
  const ranged: Page = (response, { headers }) => {
    const [, start = '0', end = '0'] = /bytes=(\d+)-(\d+)/.exec(headers.range ?? '') ?? []
    // Small ranges: a server may give less than it is asked for.
    const part = bytes.subarray(Number(start), Math.min(Number(end) + 1, Number(start) + 500))
    if (part.length === 0) response.writeHead(416).end()
    else response.writeHead(206, { 'content-range': `bytes ${start}-${Number(start) + part.length - 1}/${bytes.length}` }).end(part)
  }
  test('from the web, part by part', async () => expect(await indexesOf(ranged)).toEqual([2, 4, 6, 7, 8]))
  test('from a server that only gives all', async () => expect(await indexesOf((response) => void response.end(bytes))).toEqual([2, 4, 6, 7, 8]))
  test('unless the server has none', async () => {
    await expect(indexesOf((response) => void response.writeHead(404).end())).rejects.toMatchObject({ code: 'upstream_failed' })
  })
  test('from a file, unless there is none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'orrery-warc-'))
    await using http = createHttp({ userAgent: 'x', timeoutMs: 2000, bytesMax: 100, hosts: () => undefined })
    const server = { http, rest: async () => undefined, signal: new AbortController().signal }
    await writeFile(join(folder, 'x.warc.gz'), bytes)
    const pages = await Array.fromAsync(warcPages(openWarc(join(folder, 'x.warc.gz'), server), limits))
    expect(pages).toHaveLength(5)
    await expect(Array.fromAsync(openWarc(join(folder, 'none.warc'), server))).rejects.toMatchObject({ code: 'not_found' })
    await rm(folder, { recursive: true })
  })
})

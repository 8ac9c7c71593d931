import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createHttp } from '#infra/net/http.ts'
import { pageRecord, warcRecord } from '#test/golden/warc.ts'
import { openSite, type Page } from '#test/site/site.ts'
import { openWarc, warcPages, type PassedOver } from './warc.ts'

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
  expect(pages.map(({ index, url: page, refusal }) => [index, page, refusal])).toEqual([
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

test('a page of an archive is known by its canonical URL, and is of the one that was asked for', async () => {
  const record = warcRecord('resource', '<p>x', { 'WARC-Target-URI': '<http://h.example/?b=%u011f&a#c>', 'Content-Type': 'text/html' })
  const [page] = await Array.fromAsync(warcPages(once(record), limits))
  expect([page?.url, page?.fetched.url]).toEqual(['http://h.example/?a&b=%25u011f', 'http://h.example/?b=%u011f&a'])
})

test('an archive can be gone on with from any record', async () => {
  const rest = await Array.fromAsync(warcPages(once(gzipSync(Buffer.concat(records))), { ...limits, from: 7 }), ({ index }) => index)
  expect(rest).toEqual([7, 8])
})

const passedOf = async (bytes: Uint8Array) => {
  const passed: PassedOver[] = []
  const pages = await Array.fromAsync(warcPages(once(bytes), { ...limits, wants: (url) => !url.endsWith('/other'), onPassed: (one) => void passed.push(one) }))
  return { pages: pages.map(({ url: page, fetchedAt }) => [page, new Date(fetchedAt).toISOString()]), passed }
}

test('what becomes no page is told, with the reason', async () => {
  const http = { 'Content-Type': 'application/http; msgtype=response' }
  const { pages, passed } = await passedOf(
    Buffer.concat([
      ...records.slice(0, 4),
      warcRecord('response', 'x', { 'WARC-Target-URI': 'dns:h.example', 'Content-Type': 'text/dns' }),
      warcRecord('response', 'HTTP/1.1 200 OK\r\n\r\n', { 'WARC-Target-URI': 'http://', ...http }),
      warcRecord('response', 'HTTP/1.1 200 OK\r\n\r\n', http),
      warcRecord('revisit', '', { 'WARC-Target-URI': url }),
      warcRecord('x-own', ''),
      pageRecord('http://h.example/other', '<p>'),
      pageRecord('<http://h.example/angled>', '<p>'),
      warcRecord('Response', 'HTTP/1.1 200 OK\n\n<p>', { 'WARC-Target-URI': 'http://h.example/torn', 'Content-Length': '900' }),
    ]),
  )
  expect(pages.map(([page]) => page)).toEqual(['http://h.example/a', 'http://h.example/angled'])
  expect(passed.map(({ index, reason }) => [index, reason])).toEqual([
    [0, 'warcinfo'],
    [1, 'request'],
    [3, 'http_404'],
    [4, 'not_http'],
    [5, 'no_url'],
    [6, 'no_url'],
    [7, 'revisit'],
    [8, 'other_type'],
    [9, 'not_wanted'],
    [11, 'invalid_record'],
  ])
  expect(passed.filter(({ fault }) => fault).map(({ fault }) => fault)).toMatchObject([
    { url: 'http://' },
    { url: '' },
    { url: 'http://h.example/torn', problem: 'it is torn' },
  ])
})

const dated = (date: string, head: string) => warcRecord('response', `HTTP/1.1 200 OK\r\n${head}\r\n<p>`, { 'WARC-Target-URI': url, 'WARC-Date': date })

describe('the date of a page', () => {
  const info = warcRecord('warcinfo', '', { 'WARC-Date': '2009-03-01T00:00:00Z' })
  const clueweb = '2009-01-294T05:21:46-0700'
  test.each([
    ['its record', [dated('2009-01-28T17:05:56.123Z', 'Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n')], '2009-01-28T17:05:56.000Z'],
    ['its record, as old writers put it', [dated('20090128170556', '')], '2009-01-28T17:05:56.000Z'],
    ['its headers, where that is none', [info, dated(clueweb, 'Date: Wed, 28 Jan 2009 17:05:56 GMT\r\n')], '2009-01-28T17:05:56.000Z'],
    ['its file, where there is no other', [info, dated(clueweb, 'Date: soon\r\n')], '2009-03-01T00:00:00.000Z'],
  ])('is that of %s', async (_, bytes, date) => expect((await passedOf(Buffer.concat(bytes))).pages).toEqual([['http://h.example/a', date]]))
  test('is missed, if there is none', async () => {
    const { pages, passed } = await passedOf(dated(clueweb, ''))
    expect([pages, passed]).toEqual([[], [{ index: 0, reason: 'no_date', fault: { url: 'http://h.example/a', date: clueweb } }]])
  })
})

test.each([
  ['length', 'too_large'],
  ['disconnect', 'truncated_body'],
])('a page that its crawler cut (%s) is refused', async (reason, refusal) => {
  const record = warcRecord('response', 'HTTP/1.1 200 OK\r\n\r\n<p>', { 'WARC-Target-URI': url, 'WARC-Truncated': reason })
  expect(await Array.fromAsync(warcPages(once(record), limits), (page) => page.refusal)).toEqual([refusal])
})

async function indexesOf(page: Page) {
  await using site = await openSite({ 'data.localhost': { '/x.warc.gz': page } })
  await using http = createHttp({ userAgent: 'x', timeoutMs: 60_000, bytesMax: 100, hosts: site.hosts })
  let permits = 0
  const server = { http, permit: async () => void (permits += 1), signal: new AbortController().signal }
  const indexes = await Array.fromAsync(warcPages(openWarc('http://data.localhost/x.warc.gz', server), limits), ({ index }) => index)
  expect(permits).toBe(site.requests.length)
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
    await using http = createHttp({ userAgent: 'x', timeoutMs: 60_000, bytesMax: 100, hosts: () => undefined })
    const server = { http, permit: async () => undefined, signal: new AbortController().signal }
    await writeFile(join(folder, 'x.warc.gz'), bytes)
    const pages = await Array.fromAsync(warcPages(openWarc(join(folder, 'x.warc.gz'), server), limits))
    expect(pages).toHaveLength(5)
    await expect(Array.fromAsync(openWarc(join(folder, 'none.warc'), server))).rejects.toMatchObject({ code: 'not_found' })
    await rm(folder, { recursive: true })
  })
})

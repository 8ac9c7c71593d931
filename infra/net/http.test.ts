import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { openSite, type Page } from '#test/site/site.ts'
import { createHttp, type HttpOptions } from './http.ts'

const send =
  (body: string | Uint8Array, headers: Record<string, string> = {}, status = 200): Page =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(body)
const redirect = (location: string): Page => send('', { location }, 302)
const chain = (length: number) => Object.fromEntries(Array.from({ length }, (_, i) => [`/${i}`, redirect(`/${i + 1}`)]))
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

async function openWeb(pages: Record<string, Page>, options: Partial<HttpOptions> = {}) {
  const site = await openSite({ 'one.localhost': pages, 'two.localhost': { '/': 'two' } })
  const http = createHttp({ userAgent: 'Orrery/0 (+test)', timeoutMs: 60_000, bytesMax: 1 << 20, hosts: site.hosts, ...options })
  return {
    site,
    http,
    get: (path: string) => http.get(`http://one.localhost${path}`),
    async [Symbol.asyncDispose]() {
      await http[Symbol.asyncDispose]()
      await site[Symbol.asyncDispose]()
    },
  }
}

test('asks a virtual host under its plain name, whatever port it listens on, and says who asks', async () => {
  await using web = await openWeb({ '/a?b=1': 'hello' })
  const answer = await web.get('/a?b=1')
  expect(answer).toMatchObject({ ok: true, url: 'http://one.localhost/a?b=1', status: 200 })
  expect(web.site.requests[0]?.headers).toMatchObject({ host: 'one.localhost', 'user-agent': 'Orrery/0 (+test)' })
})

describe('content encodings', () => {
  const words = 'the same words again '.repeat(50)
  test.each([
    ['gzip', gzipSync(words)],
    ['x-gzip', gzipSync(words)],
    ['GZIP;q=1', gzipSync(words)],
    ['br', brotliCompressSync(words)],
    ['zstd', zstdCompressSync(words)],
    ['deflate', deflateSync(words)],
    ['deflate', deflateRawSync(words)],
    ['gzip, br', brotliCompressSync(gzipSync(words))],
  ])('undoes %s', async (coding, body) => {
    await using web = await openWeb({ '/': send(body, { 'content-encoding': coding }) })
    const answer = await web.get('/')
    expect(answer.ok && text(answer.body)).toBe(words)
  })

  test.each([
    ['bad_encoding', send(gzipSync(words).subarray(0, 40), { 'content-encoding': 'gzip' })],
    ['bad_encoding', send(gzipSync(words).subarray(0, 5), { 'content-encoding': 'gzip' })],
    ['bad_encoding', send(deflateSync(words).subarray(0, 20), { 'content-encoding': 'deflate' })],
    ['bad_encoding', send(Buffer.alloc(50, 0xff), { 'content-encoding': 'br' })],
    ['bad_encoding', send(Buffer.alloc(50, 0x07), { 'content-encoding': 'deflate' })],
    ['bad_encoding', send('x', { 'content-encoding': 'gzip, gzip, gzip, gzip' })],
    ['too_large', send(Buffer.concat([gzipSync(Buffer.alloc(8 << 20)), Buffer.from('x')]), { 'content-encoding': 'gzip' })],
    ['too_large', send(gzipSync(Buffer.alloc(8 << 20)), { 'content-encoding': 'gzip' })],
    ['too_large', send(Buffer.alloc((1 << 20) + 1))],
  ] as const)('refuses with %s what it cannot or must not decode', async (reason, page) => {
    await using web = await openWeb({ '/': page })
    expect(await web.get('/')).toMatchObject({ ok: false, reason })
  })

  const packed = gzipSync(words)
  const named = Buffer.concat([
    packed.subarray(0, 3),
    Buffer.from([0x1e]),
    packed.subarray(4, 10),
    Buffer.from('\x02\0abname\0comment\0hc', 'latin1'),
    packed.subarray(10),
  ])
  const broken = Buffer.concat([packed.subarray(0, -8), Buffer.alloc(8)])
  test.each<[string, string, Uint8Array]>([
    ['gzip without its trailer', 'gzip', packed.subarray(0, -8)],
    ['gzip with half of it', 'gzip', packed.subarray(0, -3)],
    ['gzip with a wrong one', 'gzip', broken],
    ['gzip with something behind it', 'gzip', Buffer.concat([packed, Buffer.from('<!-- cached -->')])],
    ['gzip with all a header may have, and no trailer', 'gzip', named.subarray(0, -8)],
    ['gzip in members', 'gzip', Buffer.concat([gzipSync(words.slice(0, 300)), gzipSync(words.slice(300))])],
    ['gzip in members, the last without its trailer', 'gzip', Buffer.concat([gzipSync(words.slice(0, 300)), gzipSync(words.slice(300)).subarray(0, -8)])],
    ['gzip that is flushed, but not ended', 'gzip', gzipSync(words, { finishFlush: constants.Z_SYNC_FLUSH })],
    ['deflate that is flushed, but not ended', 'deflate', deflateRawSync(words, { finishFlush: constants.Z_SYNC_FLUSH })],
    ['zstd in frames', 'zstd', Buffer.concat([zstdCompressSync(words.slice(0, 300)), zstdCompressSync(words.slice(300))])],
    ['zlib without its check', 'deflate', deflateSync(words).subarray(0, -4)],
    ['what was packed once and is said to be so twice', 'gzip, gzip', packed],
  ])('undoes %s', async (_, coding, body) => {
    await using web = await openWeb({ '/': send(body, { 'content-encoding': coding }) })
    const answer = await web.get('/')
    expect(answer.ok && text(answer.body)).toBe(words)
  })

  test.each([
    'none',
    'identity',
    'UTF-8',
    'utf8',
    'binary',
    'aws-chunked',
    'iso-8859-1',
    'rot13',
    '',
    ',',
    'gzip',
    'x-gzip',
    'deflate',
    'br',
    'zstd',
    'none, gzip',
    '__proto__',
  ])('leaves text as it is that is said to be %j', async (coding) => {
    await using web = await openWeb({ '/': send(`<p>${words}</p>`, { 'content-encoding': coding }) })
    const answer = await web.get('/')
    expect(answer.ok && text(answer.body)).toBe(`<p>${words}</p>`)
  })

  test.each([
    ['all of it', packed, 0, { ok: true }],
    ['a byte too little', packed, 1, { ok: false, reason: 'truncated_body' }],
    ['torn', packed.subarray(0, 40), 0, { ok: false, reason: 'truncated_body' }],
  ])('takes a packed body whose length is that of what is in it when that is there: %s', async (_, body, more, expected) => {
    const headers = { 'content-encoding': 'gzip', 'content-length': String(words.length + more) }
    await using web = await openWeb({ '/': (response) => void response.writeHead(200, headers).write(body, () => response.socket?.end()) })
    expect(await web.get('/')).toMatchObject(expected)
  })

  test('undoes those it knows among others', async () => {
    await using web = await openWeb({
      '/': (response) => void response.writeHead(200, ['content-encoding', 'gzip', 'content-encoding', 'aws-chunked']).end(packed),
    })
    const answer = await web.get('/')
    expect(answer.ok && text(answer.body)).toBe(words)
  })

  test('refuses a bomb by its ratio before the cap is reached', async () => {
    await using web = await openWeb({ '/': send(gzipSync(Buffer.alloc(8 << 20)), { 'content-encoding': 'gzip' }) }, { bytesMax: 64 << 20 })
    expect(await web.get('/')).toMatchObject({ ok: false, reason: 'ratio_too_high' })
  })

  test.each([
    ['one layer', 'gzip', gzipSync(Buffer.alloc(3 << 20))],
    ['two', 'gzip, br', brotliCompressSync(gzipSync(Buffer.alloc(30 << 20)))],
    ['three', 'zstd, br, gzip', gzipSync(brotliCompressSync(zstdCompressSync(Buffer.alloc(60 << 20))))],
    ['three alike, one of them long', 'gzip, gzip, gzip', gzipSync(gzipSync(gzipSync(Buffer.alloc(60 << 20))))],
  ])('measures the ratio over all layers together: %s', async (_, coding, body) => {
    expect(body.length).toBeLessThan(4096)
    await using web = await openWeb({ '/': send(body, { 'content-encoding': coding }) }, { bytesMax: 64 << 20 })
    expect(await web.get('/')).toMatchObject({ ok: false, reason: 'ratio_too_high' })
    const head = await web.http.get('http://one.localhost/', { truncate: true })
    expect(head).toMatchObject({ ok: true, truncated: true })
    expect(head.ok && head.body.length).toBe(1 << 20)
  })

  test('decodes long bodies too, and refuses what one of them hides', async () => {
    const long = Buffer.concat(Array.from({ length: 40 }, () => crypto.getRandomValues(Buffer.alloc(50_000))))
    const pages = {
      '/': send(gzipSync(long), { 'content-encoding': 'gzip' }),
      '/cut': send(gzipSync(long).subarray(0, 1_000_000), { 'content-encoding': 'gzip' }),
    }
    await using web = await openWeb(pages, { bytesMax: 1_999_999 })
    expect(await web.get('/')).toMatchObject({ ok: false, reason: 'too_large' })
    expect(await web.get('/cut')).toMatchObject({ ok: false, reason: 'bad_encoding' })
    const answer = await web.http.get('http://one.localhost/', { bytesMax: 2_100_000 })
    expect(answer.ok && long.equals(answer.body)).toBe(true)
  })

  test('gives the head of a long body when asked to', async () => {
    await using web = await openWeb({ '/': send('abcdefgh'.repeat(1000)) })
    const answer = await web.http.get('http://one.localhost/', { bytesMax: 5, truncate: true })
    expect(answer).toMatchObject({ ok: true, truncated: true })
    expect(answer.ok && text(answer.body)).toBe('abcde')
  })
})

test('headers of one name come in lines', async () => {
  await using web = await openWeb({
    '/': (response) => void response.writeHead(200, { 'x-robots-tag': ['noindex', 'otherbot: noai'], link: ['</a>', '</b>'] }).end(),
  })
  expect(await web.get('/')).toMatchObject({ headers: { 'x-robots-tag': ['noindex', 'otherbot: noai'], link: ['</a>', '</b>'] } })
})

describe('redirects', () => {
  test('are followed, five at most', async () => {
    await using web = await openWeb({ ...chain(6), '/6': 'end' })
    expect(await web.get('/1')).toMatchObject({ ok: true, url: 'http://one.localhost/6' })
    expect(await web.get('/0')).toMatchObject({ ok: false, reason: 'too_many_redirects' })
  })

  test.each([
    ['raw UTF-8', '/caf\xc3\xa9?\xc3\xa9', '/caf%C3%A9?%C3%A9'],
    ['raw Latin-1', '/jos\xe9', '/jos%E9'],
  ])('are followed by the bytes that came: %s', async (_, location, path) => {
    await using web = await openWeb({ '/': redirect(location), [path]: 'here' })
    expect(await web.get('/')).toMatchObject({ ok: true, url: `http://one.localhost${path}` })
  })

  test('are given back when none is to be followed', async () => {
    await using web = await openWeb({ '/': redirect('/x') })
    const answer = await web.http.get('http://one.localhost/', { redirectsMax: 0 })
    expect(answer).toMatchObject({ ok: true, status: 302, headers: { location: '/x' } })
  })

  test.each([
    ['redirect_loop', '/a'],
    ['private_address', 'http://169.254.169.254/latest/meta-data/'],
    ['private_address', 'http://127.0.0.1:1/'],
    ['scheme_refused', 'file:///etc/passwd'],
    ['credentials_refused', 'http://user:pass@example.org/'],
    ['bad_redirect', 'http://['],
  ])('end with %s at %s', async (reason, location) => {
    await using web = await openWeb({ '/a': redirect(location) })
    expect(await web.get('/a')).toMatchObject({ ok: false, reason })
  })
})

describe('the egress rule', () => {
  test.each(['http://127.0.0.1', 'http://127.1', 'http://2130706433', 'http://0x7f000001', 'http://0177.0.0.1', 'http://[::1]', 'http://[::ffff:127.0.0.1]'])(
    'contacts nobody for %s',
    async (host) => {
      await using web = await openWeb({})
      expect(await web.http.get(`${host}:${web.site.port}/`)).toMatchObject({ ok: false, reason: 'private_address' })
      expect(web.site.requests).toEqual([])
    },
  )

  test('refuses a name with a private address among its answers, and looks it up once', async () => {
    let lookups = 0
    const lookup = async () => (lookups++ === 0 ? [{ address: '93.184.216.34' }, { address: '127.0.0.1' }] : [{ address: '93.184.216.34' }])
    await using web = await openWeb({}, { lookup })
    expect(await web.http.get(`http://rebinding.example:8080/`)).toMatchObject({ ok: false, reason: 'private_address' })
    expect(lookups).toBe(1)
    expect(web.site.requests).toEqual([])
  })

  test('lets through an origin that the caller named, and its port only', async () => {
    await using site = await openSite({ 'one.localhost': { '/': 'hello' } })
    await using http = createHttp({ userAgent: 'x', timeoutMs: 60_000, bytesMax: 1000, allowPrivate: [site.origin] })
    expect(await http.get(`${site.origin}/`)).toMatchObject({ ok: true, status: 200 })
    expect(await http.get(`http://127.0.0.1:${site.port === 1 ? 2 : 1}/`)).toMatchObject({ ok: false, reason: 'private_address' })
  })

  test.each([
    ['bad_url', 'no url'],
    ['scheme_refused', 'ftp://one.localhost/'],
    ['credentials_refused', 'http://a:b@one.localhost/'],
  ])('says %s of %s', async (reason, url) => {
    await using web = await openWeb({})
    expect(await web.http.get(url)).toMatchObject({ ok: false, reason })
  })
})

describe('a server that misbehaves gives a reason', () => {
  test.each<[string, Page]>([
    ['connection_failed', (response) => void response.socket?.destroy()],
    ['truncated_body', (response) => void response.writeHead(200, { 'content-length': '1000' }).write('short', () => response.socket?.destroy())],
    ['headers_too_large', send('x', { 'x-long': 'y'.repeat(40_000) })],
  ])('%s', async (reason, page) => {
    await using web = await openWeb({ '/': page })
    expect(await web.get('/')).toMatchObject({ ok: false, reason })
  })

  test.each<[string, Page]>([
    ['headers', () => undefined],
    ['body', (response) => void response.writeHead(200).write('x')],
  ])('timeout: never sends its %s', async (_, page) => {
    await using web = await openWeb({ '/': page }, { timeoutMs: 150 })
    expect(await web.get('/')).toMatchObject({ ok: false, reason: 'timeout' })
  })

  test('bad_response: does not speak HTTP', async () => {
    const server = createServer((socket) => socket.end('220 mail.example ESMTP\r\n'))
    const listening = Promise.withResolvers<void>()
    server.listen(0, '127.0.0.1', listening.resolve)
    await listening.promise
    const { port } = server.address() as AddressInfo
    await using http = createHttp({ userAgent: 'x', timeoutMs: 60_000, bytesMax: 1000, hosts: () => ({ address: '127.0.0.1', port }) })
    expect(await http.get('http://mail.localhost/')).toMatchObject({ ok: false, reason: 'bad_response' })
    server.close()
  })
})

test('an abort by the caller rejects with the caller’s reason', async () => {
  const stop = new AbortController()
  await using web = await openWeb({ '/': () => stop.abort(new Error('enough')) })
  await expect(web.http.get('http://one.localhost/', { signal: stop.signal })).rejects.toThrow('enough')
})

import type { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openListener } from '#test/site/listener.ts'
import { openSite } from '#test/site/site.ts'
import { createHttp, type HttpOptions } from './http.ts'

/** Longer than what is answered takes, also on a busy machine. */
const timeoutMs = 60_000

const answerHead = 'HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n'

/** A client and a server that does with each connection what it is told. */
async function face(greet: (socket: Socket) => void, options: Partial<HttpOptions> = {}, scheme = 'http') {
  const listener = await openListener(greet)
  const url = `${scheme}://127.0.0.1:${listener.port}/`
  const http = createHttp({
    userAgent: 'x',
    timeoutMs,
    headersMs: timeoutMs,
    bodyMs: timeoutMs,
    bytesMax: 1 << 16,
    allowPrivate: [new URL(url).origin],
    ...options,
  })
  onTestFinished(async () => {
    await http[Symbol.asyncDispose]()
    await listener[Symbol.asyncDispose]()
  })
  return { listener, url, http }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn()
}

/** Writes again and again until the other side goes away. */
function writeForever(socket: Socket, piece: string): void {
  const next = (): void => void (socket.destroyed || socket.write(piece, () => setImmediate(next)))
  next()
}

describe('each deadline has its own reason', () => {
  test.each<[string, (socket: Socket) => void, Partial<HttpOptions>, string]>([
    ['connect_timeout', () => undefined, { connectMs: 150 }, 'https'],
    ['headers_timeout', () => undefined, { headersMs: 150 }, 'http'],
    ['headers_timeout', (socket) => void socket.write('HTTP/1.1 200 OK\r\nx: '), { headersMs: 150 }, 'http'],
    ['body_timeout', (socket) => void socket.write(`${answerHead}content-length: 10\r\n\r\nhal`), { bodyMs: 150 }, 'http'],
    ['timeout', () => undefined, { timeoutMs: 150 }, 'http'],
    ['timeout', () => undefined, { timeoutMs: 150, connectMs: 5000 }, 'https'],
  ])('%s', async (reason, greet, options, scheme) => {
    const { http, url, listener } = await face(greet, options, scheme)
    expect(await http.get(url)).toMatchObject({ ok: false, reason })
    await http[Symbol.asyncDispose]()
    await until(() => listener.open() === 0)
  })

  test('connect_timeout: a name server that keeps silent', async () => {
    await using http = createHttp({ userAgent: 'x', timeoutMs: 60_000, connectMs: 100, bytesMax: 1, lookup: () => new Promise(() => undefined) })
    expect(await http.get('http://silent.example/')).toMatchObject({ ok: false, reason: 'connect_timeout' })
  })
})

describe('what never ends is ended, and its connection given up', () => {
  test.each<[string, (socket: Socket) => void]>([
    ['too_large', (socket) => writeForever(socket.write(answerHead + '\r\n') ? socket : socket, 'x'.repeat(4096))],
    ['too_large', (socket) => void socket.write(`${answerHead}content-length: 99999999999\r\n\r\n`)],
    ['too_large', (socket) => (socket.write(`${answerHead}transfer-encoding: chunked\r\n\r\n`), writeForever(socket, `1000\r\n${'x'.repeat(4096)}\r\n`))],
    ['headers_too_large', (socket) => (socket.write('HTTP/1.1 200 OK\r\n'), writeForever(socket, 'x: y\r\n'.repeat(50)))],
    ['headers_too_large', (socket) => writeForever(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(50))],
    [
      'headers_too_large',
      (socket) => (socket.write(`${answerHead}transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n`), writeForever(socket, 'x: y\r\n'.repeat(50))),
    ],
    ['too_large', (socket) => (socket.write(`${answerHead}transfer-encoding: chunked\r\n\r\n`), writeForever(socket, '1\r\nx\r\n'.repeat(500)))],
    ['headers_too_large', (socket) => (socket.write('HTTP/1.1 200 OK\r\nx: '), writeForever(socket, 'y'.repeat(1000)))],
  ])('%s', async (reason, greet) => {
    const { http, url, listener } = await face(greet)
    expect(await http.get(url)).toMatchObject({ ok: false, reason })
    await until(() => listener.open() === 0)
  })

  test('a redirect with an endless body is followed without it', async () => {
    let first = true
    const { http, url, listener } = await face((socket) => {
      if (!first) return void socket.end(`${answerHead}content-length: 2\r\n\r\nok`)
      first = false
      socket.write('HTTP/1.1 302 Found\r\nlocation: /next\r\n\r\n')
      writeForever(socket, 'x'.repeat(4096))
    })
    expect(await http.get(url)).toMatchObject({ ok: true, status: 200, url: `${url}next` })
    await until(() => listener.open() === 0)
  })
})

describe('a connection that ends early', () => {
  test.each<[string, string]>([
    ['connection_failed', ''],
    ['connection_failed', 'HTTP/1.1 200 OK\r\nx'],
    ['truncated_body', `${answerHead}content-length: 10\r\n\r\nhalf`],
    ['truncated_body', `${answerHead}transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n`],
    ['bad_response', 'HTTP/1.1 two hundred\r\n\r\n'],
  ])('%s: %j', async (reason, bytes) => {
    const { http, url } = await face((socket) => void socket.end(bytes))
    expect(await http.get(url)).toMatchObject({ ok: false, reason })
  })
})

describe('what had come of an answer that failed is given with the reason, where it is asked for', () => {
  const chunked = `${answerHead}transfer-encoding: chunked\r\n\r\n`
  test.each<[string, string, string, boolean]>([
    ['truncated_body', `${answerHead}content-length: 10\r\n\r\nhalf`, 'half', true],
    ['truncated_body', `${chunked}4\r\nhalf\r\n8\r\nof`, 'halfof', true],
    ['bad_response', `${chunked}4\r\nhalf\r\nno chunk\r\n`, 'half', true],
    ['body_timeout', `${answerHead}content-length: 10\r\n\r\nhalf`, 'half', false],
    ['bad_encoding', `${answerHead}content-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\x00`, '\x1f\x8b\x08\x00', false],
    ['too_large', `${answerHead}content-length: 100000\r\n\r\nhalf`, '', false],
    ['bad_redirect', 'HTTP/1.1 302 Found\r\nlocation: http://[\r\ncontent-length: 0\r\n\r\n', '', false],
  ])('%s: %j', async (reason, bytes, came, isEnd) => {
    const { http, url } = await face(
      (socket) => void (isEnd ? socket.end(bytes, 'latin1') : socket.write(bytes, 'latin1')),
      reason === 'body_timeout' ? { bodyMs: 150 } : {},
    )
    const answer = await http.get(url, { partial: true })
    expect(answer).toMatchObject({ ok: false, reason, wireBytes: came.length, partial: { status: reason === 'bad_redirect' ? 302 : 200 } })
    expect(answer.ok ? undefined : Buffer.from(answer.partial?.wire ?? []).toString('latin1')).toBe(came)
  })

  test('and none of another URL than the one that failed', async () => {
    const { http, url } = await face((socket) => void socket.end('HTTP/1.1 302 Found\r\nlocation: ftp://x/\r\ncontent-length: 0\r\n\r\n'))
    const answer = await http.get(url, { partial: true })
    expect(answer).toMatchObject({ ok: false, url: 'ftp://x/', reason: 'scheme_refused', wireBytes: 0 })
    expect(answer).not.toHaveProperty('partial')
  })

  test('and nothing where it is not asked for', async () => {
    const { http, url } = await face((socket) => void socket.end(`${answerHead}content-length: 10\r\n\r\nhalf`))
    const answer = await http.get(url)
    expect(answer).toMatchObject({ ok: false, reason: 'truncated_body', wireBytes: 4 })
    expect(answer).not.toHaveProperty('partial')
  })
})

test('says which address answered, how long it took, and whether the connection was there already', async () => {
  await using site = await openSite({ 'one.localhost': { '/': 'hello' } })
  await using http = createHttp({ userAgent: 'x', timeoutMs: 60_000, bytesMax: 1000, allowPrivate: [site.origin], hosts: site.hosts })
  const [first, second] = [await http.get(`${site.origin}/`), await http.get(`${site.origin}/`)]
  expect(first).toMatchObject({
    ok: true,
    address: '127.0.0.1',
    timings: { connectMs: expect.any(Number), firstByteMs: expect.any(Number), totalMs: expect.any(Number) },
  })
  expect(second).toMatchObject({ ok: true, address: '127.0.0.1', timings: { connectMs: undefined } })
  expect(await http.get('http://one.localhost/')).toMatchObject({ ok: true, address: undefined })
})

test('a client that is closed leaves no connection, whatever was going on', async () => {
  const { http, url, listener } = await face(() => undefined)
  const answers = [http.get(url), http.get(url), http.get(url)]
  await until(() => listener.open() === 1)
  await http[Symbol.asyncDispose]()
  for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ ok: false, reason: 'connection_failed' })
  await until(() => listener.open() === 0)
})

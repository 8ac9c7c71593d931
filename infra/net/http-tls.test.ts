import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from 'node:http2'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createAuthority, issueCertificate, type Certificate } from '#test/site/certificate.ts'
import { createHttp, type Http, type HttpOptions } from './http.ts'

const authority = createAuthority()
const good = issueCertificate({ names: ['tls.localhost'] }, authority)
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** Starts listening on loopback; the server and what is connected to it end with the test. */
async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const listening = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', listening.resolve)
  await listening.promise
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

function client(port: number, options: Partial<HttpOptions> = {}): Http {
  const http = createHttp({
    userAgent: 'Orrery/0 (+test)',
    timeoutMs: 60_000,
    bytesMax: 1 << 20,
    ca: authority.cert,
    allowPrivate: [`https://tls.localhost:${port}`],
    lookup: async () => [{ address: '127.0.0.1' }],
    ...options,
  })
  onTestFinished(() => http[Symbol.asyncDispose]())
  return http
}

/** A server that speaks HTTP/2 only. */
async function h2(answer: (stream: ServerHttp2Stream, path: string) => void): Promise<{ port: number; server: Http2SecureServer; sessions: () => number }> {
  const server = createSecureServer({ ...good, allowHTTP1: false })
  let sessions = 0
  server.on('session', (session) => {
    sessions++
    session.on('error', () => undefined)
  })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined)
    answer(stream, String(headers[':path']))
  })
  return { port: await listen(server), server, sessions: () => sessions }
}

describe('HTTP/2', () => {
  test('is spoken with a server that speaks nothing else, many requests over one connection', async () => {
    const seen: string[] = []
    const { port, sessions } = await h2((stream, path) => {
      seen.push(path)
      stream.respond({ ':status': 200, 'content-type': 'text/html', 'content-encoding': 'gzip', 'x-two': ['a', 'b'], 'x-bytes': 'caf\xc3\xa9' })
      stream.end(gzipSync(`page ${path}`))
    })
    const http = client(port)
    const answers = [await http.get(`https://tls.localhost:${port}/1`)]
    answers.push(...(await Promise.all(['/2', '/3', '/4'].map((path) => http.get(`https://tls.localhost:${port}${path}`)))))
    expect(answers.map((answer) => answer.ok && text(answer.body))).toEqual(['page /1', 'page /2', 'page /3', 'page /4'])
    expect(answers[0]).toMatchObject({
      ok: true,
      status: 200,
      address: '127.0.0.1',
      headers: { 'content-type': 'text/html', 'x-two': 'a, b', 'x-bytes': 'caf\xc3\xa9' },
    })
    expect(seen.toSorted()).toEqual(['/1', '/2', '/3', '/4'])
    expect(sessions()).toBe(1)
  })

  test('many long bodies over one connection wait for each other where there is room for one', async () => {
    const { port } = await h2((stream) => void (stream.respond({ ':status': 200 }), stream.end(Buffer.alloc(1_000_000))))
    const http = client(port, { bodiesBytesMax: 1_500_000 })
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => http.get(`https://tls.localhost:${port}/${i}`)))
    expect(answers.map((answer) => (answer.ok ? answer.body.length : answer.reason))).toEqual(Array.from({ length: 8 }, () => 1_000_000))
  })

  test.each<[string, (stream: ServerHttp2Stream) => void, Partial<HttpOptions>?]>([
    ['truncated_body', (stream) => void (stream.respond({ ':status': 200 }), stream.write('half', () => stream.session?.destroy()))],
    ['headers_too_large', (stream) => void (stream.respond({ ':status': 200, 'x-long': 'y'.repeat(40_000) }), stream.end('x'))],
    ['too_large', (stream) => void (stream.respond({ ':status': 200 }), stream.end(Buffer.alloc(1 << 21)))],
    ['body_timeout', (stream) => void (stream.respond({ ':status': 200 }), stream.write('and then nothing')), { bodyMs: 200 }],
    ['headers_timeout', () => undefined, { headersMs: 200 }],
  ])('%s', async (reason, answer, options) => {
    const { port } = await h2(answer)
    expect(await client(port, options).get(`https://tls.localhost:${port}/`)).toMatchObject({ ok: false, reason })
  })
})

describe('TLS trouble is a reason', () => {
  const past = { notBefore: new Date('2001-01-01'), notAfter: new Date('2002-01-01') }
  test.each<[string, Certificate]>([
    ['tls_expired', issueCertificate({ names: ['tls.localhost'], ...past }, authority)],
    ['tls_self_signed', issueCertificate({ names: ['tls.localhost'] })],
    ['tls_name_mismatch', issueCertificate({ names: ['other.localhost'] }, authority)],
    ['tls_untrusted', issueCertificate({ names: ['tls.localhost'] }, createAuthority('nobody knows'))],
  ])('%s', async (reason, certificate) => {
    let requests = 0
    const port = await listen(createServer(certificate, (_, response) => void (requests++, response.end('secret'))))
    expect(await client(port).get(`https://tls.localhost:${port}/`)).toMatchObject({ ok: false, reason })
    expect(requests).toBe(0)
  })

  test.each<[string, ServerOptions]>([
    ['an old protocol', { ...good, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' }],
    ['no certificate', {}],
  ])('tls: %s', async (_, options) => {
    const server = createServer(options)
    server.on('tlsClientError', () => undefined)
    const port = await listen(server)
    expect(await client(port).get(`https://tls.localhost:${port}/`)).toMatchObject({ ok: false, reason: 'tls' })
  })

  test('a certificate of the well-known authorities is asked for when no other is given', async () => {
    const port = await listen(createServer(good, (_, response) => void response.end('x')))
    const http = createHttp({
      userAgent: 'x',
      timeoutMs: 60_000,
      bytesMax: 100,
      allowPrivate: [`https://tls.localhost:${port}`],
      lookup: async () => [{ address: '127.0.0.1' }],
    })
    onTestFinished(() => http[Symbol.asyncDispose]())
    expect(await http.get(`https://tls.localhost:${port}/`)).toMatchObject({ ok: false, reason: 'tls_untrusted' })
  })
})

test('HTTP/1.1 is spoken over TLS with a server that speaks no other', async () => {
  const port = await listen(createServer(good, (request, response) => void response.end(`HTTP/${request.httpVersion} ${request.headers.host}`)))
  const answer = await client(port).get(`https://tls.localhost:${port}/`)
  expect(answer.ok && text(answer.body)).toBe(`HTTP/1.1 tls.localhost:${port}`)
})

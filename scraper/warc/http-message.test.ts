import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseHttpResponse } from './http-message.ts'

const bytesMax = 10_000
const block = (head: string, body: string | Uint8Array) =>
  Buffer.concat([Buffer.from(head.replaceAll('\n', '\r\n')), Buffer.from('\r\n\r\n'), Buffer.from(body)])
const bodyOf = async (head: string, body: string | Uint8Array) => {
  const message = await parseHttpResponse(block(`HTTP/1.1 200 OK\n${head}`, body), bytesMax)
  return typeof message === 'string' ? message : Buffer.from(message.body).toString()
}
const html = '<html><p>some text</p></html>'

test('status, headers and body, with line ends of either kind', async () => {
  expect(await parseHttpResponse(block('HTTP/1.1 404 Not Found\nContent-Type: text/html\nX: 1\nX: 2', html), bytesMax)).toEqual({
    status: 404,
    headers: { 'content-type': 'text/html', x: ['1', '2'] },
    body: new Uint8Array(Buffer.from(html)),
  })
  expect(await parseHttpResponse(Buffer.from('HTTP/2 200\nA: b\n\n\r\n\r\nbody'), bytesMax)).toMatchObject({
    status: 200,
    headers: { a: 'b' },
    body: new Uint8Array(Buffer.from('\r\n\r\nbody')),
  })
})

test.each([
  ['interim answers', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </b>\n\nHTTP/1.1 200 OK\r\na: b\r\n\r\n'],
  ['empty lines', '\r\n\nHTTP/1.1 200 OK\r\na: b\r\n\r\n'],
  ['lines that end in two CR', 'HTTP/1.1 200 OK\r\r\na: b\r\r\n\r\r\n'],
  ['ICY', 'ICY 200 OK\r\na: b\r\n\r\n'],
])('a head with %s', async (_, head) =>
  expect(await parseHttpResponse(Buffer.from(`${head}text`), bytesMax)).toEqual({
    status: 200,
    headers: { a: 'b' },
    body: new Uint8Array(Buffer.from('text')),
  }),
)

describe('a body is decoded', () => {
  test.each([
    ['gzip', gzipSync(html)],
    ['x-gzip', gzipSync(html)],
    ['br', brotliCompressSync(html)],
    ['zstd', zstdCompressSync(html)],
    ['deflate', deflateSync(html)],
    ['deflate', deflateRawSync(html)],
    ['br, gzip', gzipSync(brotliCompressSync(html))],
    ['identity', Buffer.from(html)],
  ])('from %s', async (coding, body) => expect(await bodyOf(`Content-Encoding: ${coding}`, body)).toBe(html))
  test.each(['gzip', 'br', 'zstd', 'deflate'])('and left alone where the archive did so: %s', async (coding) =>
    expect(await bodyOf(`Content-Encoding: ${coding}`, html)).toBe(html),
  )
  test('out of chunks, with their extensions and trailers', async () => {
    expect(await bodyOf('Transfer-Encoding: chunked', '5;x=y\r\n<html\r\n 00000000003 \r\n>ab\r\n0\r\nX: y\r\n\r\n')).toBe('<html>ab')
  })
  test('out of gzipped chunks', async () => {
    const packed = gzipSync(html)
    const chunks = Buffer.concat([Buffer.from(`${packed.length.toString(16)}\r\n`), packed, Buffer.from('\r\n0\r\n\r\n')])
    expect(await bodyOf('Transfer-Encoding: chunked\nContent-Encoding: gzip', chunks)).toBe(html)
  })
  test('and not out of chunks that the archive took apart', async () => expect(await bodyOf('Transfer-Encoding: chunked', html)).toBe(html))
  test('as far as torn chunks go', async () => expect(await bodyOf('Transfer-Encoding: chunked', '5\r\n<html\r\nff\r\n>ab')).toBe('<html>ab'))
})

describe('a hostile one', () => {
  test.each([
    ['bad_response', '', ''],
    ['bad_response', 'HTTP/1.1 2000 OK', ''],
    ['bad_response', 'GET / HTTP/1.1', ''],
    ['bad_response', 'HTTP/1.1 100 Continue', ''],
    ['bad_response', `HTTP/1.1 200 OK\nX: ${'y'.repeat(100_000)}`, ''],
    ['bad_encoding', 'HTTP/1.1 200 OK\nContent-Encoding: gzip, gzip, gzip, gzip', 'x'],
    ['bad_encoding', 'HTTP/1.1 200 OK\nContent-Encoding: gzip', gzipSync(html).subarray(0, 20)],
    ['bad_encoding', 'HTTP/1.1 200 OK\nContent-Encoding: br', Buffer.alloc(50, 0xff)],
    ['too_large', 'HTTP/1.1 200 OK', 'x'.repeat(10_001)],
    ['too_large', 'HTTP/1.1 200 OK\nContent-Encoding: gzip', gzipSync(Buffer.alloc(1 << 20))],
    ['too_large', 'HTTP/1.1 200 OK\nContent-Encoding: br', brotliCompressSync(Buffer.alloc(1 << 20))],
  ])('is %s: %s', async (code, head, body) => expect(await parseHttpResponse(block(head, body), bytesMax)).toBe(code))
  test('is never an error', async () => {
    const heads = ['', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n']
    const property = fc.asyncProperty(fc.constantFrom(...heads), fc.uint8Array(), async (head, bytes) => {
      const message = await parseHttpResponse(Buffer.concat([Buffer.from(head), bytes]), bytesMax)
      return typeof message === 'string' || message.body.length <= bytesMax
    })
    expect((await fc.check(property)).failed).toBe(false)
  })
})

import fc from 'fast-check'
import type { Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openListener } from '#test/site/listener.ts'
import { AnswerWire } from './answer-wire.ts'
import { createHttp } from './http.ts'
import { HttpTrouble } from './http-failure.ts'

const page = '<p>Good text</p>'
const bodyOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

/** A client, and a server that sends these bytes for each request. */
async function face(answers: readonly string[], isEnd = true) {
  let count = 0
  const listener = await openListener((socket: Socket) =>
    socket.on('data', () => {
      const bytes = Buffer.from(answers[count++ % answers.length] ?? '', 'latin1')
      if (isEnd) socket.end(bytes)
      else socket.write(bytes)
    }),
  )
  const origin = `http://127.0.0.1:${listener.port}`
  const http = createHttp({ userAgent: 'x', timeoutMs: 60_000, bytesMax: 1 << 16, allowPrivate: [origin] })
  onTestFinished(async () => {
    await http[Symbol.asyncDispose]()
    await listener[Symbol.asyncDispose]()
  })
  const get = async () => {
    const answer = await http.get(`${origin}/`, { redirectsMax: 0 })
    return answer.ok ? { ...answer, body: bodyOf(answer.body) } : answer
  }
  return { get, listener }
}

const ok = `HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n`
const whole = `content-length: ${page.length}\r\n\r\n${page}`
const hex = page.length.toString(16)

describe('a page is read as browsers read it', () => {
  test.each<[string, string]>([
    ['lines that end in LF', `${ok}${whole}`.replaceAll('\r\n', '\n')],
    ['one line that ends in LF', `${ok.replace('\r\n', '\n')}${whole}`],
    ['an empty line of LF alone', `${ok}content-length: ${page.length}\n\n${page}`],
    ['lines that end in two CR', `${ok}${whole}`.replaceAll('\r\n', '\r\r\n')],
    ['empty lines before', `\r\n\n${ok}${whole}`],
    ['no reason', `HTTP/1.1 200\r\n${whole}`],
    ['white space in the status line', `HTTP/1.1 \t 200  OK \r\n${whole}`],
    ['a status line in small letters', `http/1.1 200 ok\r\n${whole}`],
    ['a version to come', `HTTP/1.2 200 OK\r\n${whole}`],
    ['another one', `HTTP/2 200 OK\r\n${whole}`],
    ['bytes in the reason', `HTTP/1.1 200 \xfc\x01\r\n${whole}`],
    ['HTTP/1.0 with a length', `HTTP/1.0 200 OK\r\n${whole}`],
    ['HTTP/1.0 without one', `HTTP/1.0 200 OK\r\ncontent-type: text/html\r\n\r\n${page}`],
    ['HTTP/1.0 in chunks', `HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${hex}\r\n${page}\r\n0\r\n\r\n`],
    ['HTTP/1.0 that is in no chunks', `HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n${whole}`],
    ['HTTP/1.0 that is in no chunks, without a length', `HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\nx: y\r\n\r\n${page}`],
    ['ICY', `ICY 200 OK\r\ncontent-type: text/html\r\n\r\n${page}`],
    ['no length', `${ok}\r\n${page}`],
    ['a length that is none', `${ok}content-length: many\r\n\r\n${page}`],
    ['an empty length', `${ok}content-length:\r\n\r\n${page}`],
    ['white space behind the length', `${ok}content-length: ${page.length} \t\r\n\r\n${page}`],
    ['white space behind the coding', `${ok}transfer-encoding: chunked \r\n\r\n${hex}\r\n${page}\r\n0\r\n\r\n`],
    ['a length twice', `${ok}content-length: ${page.length}\r\n${whole}`],
    ['a length twice in a line', `${ok}content-length: ${page.length}, 0${page.length}\r\n\r\n${page}`],
    ['more than the length', `${ok}${whole}and what is no more of it`],
    ['chunks and a length', `${ok}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n${hex}\r\n${page}\r\n0\r\n\r\n`],
    ['chunks and two lengths', `${ok}content-length: 5, 6\r\nTransfer-Encoding: Chunked\r\n\r\n${hex}\r\n${page}\r\n0\r\n\r\n`],
    ['chunked twice', `${ok}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n${hex}\r\n${page}\r\n0\r\n\r\n`],
    ['identity with a length', `${ok}transfer-encoding: identity\r\n${whole}`],
    ['identity of HTTP/1.0', `HTTP/1.0 200 OK\r\ntransfer-encoding: identity\r\n${whole}`],
    ['identity without a length', `${ok}transfer-encoding: identity\r\n\r\n${page}`],
    ['a transfer coding nobody knows', `${ok}transfer-encoding: none\r\n${whole}`],
    ['chunks that end in LF', `${ok}transfer-encoding: chunked\r\n\r\n${hex}\n${page}\n0\n\n`],
    ['white space about the sizes', `${ok}transfer-encoding: chunked\r\n\r\n ${hex}  \r\n${page}\r\n0 \r\n\r\n`],
    ['noughts before the sizes', `${ok}transfer-encoding: chunked\r\n\r\n${hex.padStart(20, '0')}\r\n${page}\r\n${'0'.repeat(20)}\r\n\r\n`],
    ['extensions of chunks', `${ok}transfer-encoding: chunked\r\n\r\n${hex} ; a="b;\x01"\r\n${page}\r\n0;x\r\n\r\n`],
    ['a trailer', `${ok}transfer-encoding: chunked\r\n\r\n${hex}\r\n${page}\r\n0\r\nx: y\nno header\r\n\r\n`],
    ['no empty line behind the last chunk', `${ok}transfer-encoding: chunked\r\n\r\n${hex}\r\n${page}\r\n0\r\n`],
    ['interim answers before', `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\nlink: </a>\n\n${ok}${whole}`],
    ['an offer of another protocol', `${ok}connection: upgrade, keep-alive\r\nupgrade: h2,h2c\r\n${whole}`],
    ['what is no header', `${ok}no header\r\n: nameless\r\nx y: z\r\n\x01: z\r\n${whole}`],
    ['a first line that is folded', `HTTP/1.1 200 OK\r\n folded: x\r\n${whole}`],
  ])('%s', async (_, bytes) => {
    const { get } = await face([bytes])
    expect(await get()).toMatchObject({ ok: true, status: 200, body: page })
  })

  test.each<[string, string, Record<string, string | string[]>]>([
    ['control characters are spaces', 'x: a\x01b\x00c\x7fd\te\rf', { x: 'a b c d\te f' }],
    ['bytes beyond ASCII stay what they are', 'location: /caf\xc3\xa9\xe9', { location: '/caf\xc3\xa9\xe9' }],
    ['white space before a colon is none of the name', 'X-Note \t: a', { 'x-note': 'a' }],
    ['a folded line goes on with the one before', 'x: a\r\n b\r\n\t\r\n\tc', { x: 'a b c' }],
    ['a line behind one that is none is none', 'x: a\r\nno header\r\n b\r\ny: c', { x: 'a', y: 'c' }],
    ['a value may be empty, or have colons', 'x:\r\ny: a:b', { x: '', y: 'a:b' }],
    ['a name may come twice', 'x: a\r\nX: b', { x: ['a', 'b'] }],
    ['a name may be any token', '__proto__: a\r\n(x): b\r\nx!#$%&: c', { 'x!#$%&': 'c' }],
  ])('%s', async (_, lines, headers) => {
    const { get } = await face([`HTTP/1.1 302 Found\r\n${lines}\r\ncontent-length: 0\r\n\r\n`])
    const answer = await get()
    expect(answer).toMatchObject({ ok: true, status: 302, headers })
    expect(answer).not.toHaveProperty(['headers', '(x)'])
  })

  test.each([204, 304])('%d has no body, whatever it says of one', async (status) => {
    const { get } = await face([`HTTP/1.1 ${status} x\r\ncontent-length: 5\r\n\r\n`, `${ok}${whole}`])
    expect(await get()).toMatchObject({ ok: true, status, body: '' })
    expect(await get()).toMatchObject({ ok: true, status: 200, body: page })
  })
})

describe('what cannot be read is refused, and not asked for again', () => {
  test.each<[string, string]>([
    ['bad_response', `${ok}content-length: 5\r\ncontent-length: 6\r\n\r\nhello!`],
    ['bad_response', `${ok}content-length: 5, 6\r\n\r\nhello!`],
    ['bad_response', `${ok}transfer-encoding: chunked\r\n\r\nno chunk\r\n`],
    ['bad_response', `${ok}transfer-encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n`],
    ['bad_response', `${ok}transfer-encoding: chunked\r\n\r\n${'0'.repeat(2000)}`],
    ['bad_response', `${ok}transfer-encoding: chunked\r\n\r\n-1\r\n`],
    ['bad_response', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['bad_response', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n'],
    ['bad_response', page],
    ['too_large', `${ok}content-length: ${'9'.repeat(40)}\r\n\r\n`],
    ['headers_too_large', `${ok}x: ${'y'.repeat(40_000)}\r\n\r\n`],
    ['headers_too_large', `${ok}${'x: y\r\n'.repeat(6000)}\r\n`],
    ['headers_too_large', `${'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(2000)}${ok}\r\n`],
  ])('%s: %.100j', async (reason, bytes) => {
    const { get } = await face([bytes])
    expect(await get()).toMatchObject({ ok: false, reason })
  })
})

describe('a connection', () => {
  test.each<[string, number, string]>([
    ['serves again after a length', 1, `${ok}${whole}`],
    ['serves again after chunks', 1, `${ok}transfer-encoding: chunked\n\n${hex}\n${page}\n0\nx: y\n\n`],
    ['serves again for HTTP/1.0 that says so', 1, `HTTP/1.0 200 OK\nconnection: keep-alive\n${whole}`],
    ['does not after HTTP/1.0', 3, `HTTP/1.0 200 OK\r\n${whole}`],
    ['does not after chunks with a length', 3, `${ok}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n${hex}\r\n${page}\r\n0\r\n\r\n`],
    ['does not after bytes that nobody asked for', 3, `${ok}${whole}HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nother`],
    ['does not after bytes that are no answer', 3, `${ok}${whole}other`],
  ])('%s', async (_, connections, bytes) => {
    const { get, listener } = await face([bytes], false)
    for (let i = 0; i < 3; i++) expect(await get()).toMatchObject({ ok: true, body: page })
    expect(listener.connections()).toBe(connections)
  })
})

/** What comes out, or the reason why nothing more does. */
function readAll(chunks: readonly Buffer[]): string {
  const wire = new AnswerWire()
  const seen = [...chunks.map((chunk) => wire.take(chunk)), wire.end()].map(String).join('')
  return wire.trouble instanceof HttpTrouble ? `${seen}!${wire.trouble.reason}` : seen
}

/** The data of chunks as a strict parser takes them. */
function dataOf(chunks: string): string {
  let data = ''
  for (let at = 0; at < chunks.length;) {
    const lineEnd = chunks.indexOf('\r\n', at)
    const length = Number.parseInt(chunks.slice(at, lineEnd), 16)
    data += chunks.slice(lineEnd + 2, lineEnd + 2 + length)
    at = lineEnd + 4 + length
  }
  return data
}

const parts =
  'HTTP/1.1 200 OK|HTTP/1.1 100 Continue\r\n\r\n|ICY 200|HTTP|\r\n|\n|\r|\r\n\r\n| |: |;|x|\x00|\xff|content-length: 3|connection: close\r\n|3|abc|0'.split('|')
const bytesOf = (...given: string[]) => fc.array(fc.constantFrom(...given), { maxLength: 40 }).map((all) => Buffer.from(all.join(''), 'latin1'))
const headed = (head: string) => (tail: Uint8Array) => Buffer.concat([Buffer.from(head), tail])
const places = fc.array(fc.nat(400))
function cut(all: Buffer, at: readonly number[]): Buffer[] {
  const ends = [0, ...at.filter((place) => place < all.length).toSorted((a, b) => a - b), all.length]
  return ends.slice(1).map((to, i) => all.subarray(ends[i], to))
}

describe('bytes', () => {
  test('of any kind give an end or a reason, and little more than came', () => {
    const odd = bytesOf(...parts, 'transfer-encoding: chunked', '3\r\nabc\r\n0\r\n\r\n')
    fc.assert(
      fc.property(fc.oneof(odd, odd.map(headed(`${ok}transfer-encoding: chunked\n\n`))), (all) => {
        // A chunk of one byte gets a size and two line ends, a head a line more.
        expect(readAll([all]).length).toBeLessThan(6 * all.length + 200)
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['a length', `${ok}Content-Length: 5\r\n\r\nhello`],
    ['chunks', `${ok}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n, my world\r\n0\r\n\r\n`],
    ['neither', 'HTTP/1.0 200 OK\r\nx: y\r\n\r\nhello\n\n'],
  ])('that are strict pass as they came: %s', (_, text) => {
    const bytes = Buffer.from(text)
    expect(new AnswerWire().take(bytes)).toBe(bytes)
  })

  test('are read alike wherever they are cut', () => {
    const odd = bytesOf(...parts)
    fc.assert(
      fc.property(
        fc.oneof(odd, odd.map(headed(`${ok}content-length: 9\n\n`)), odd.map(headed('HTTP/1.0 200 OK\ntransfer-encoding: chunked\n\n'))),
        places,
        (all, at) => {
          expect(readAll(cut(all, at))).toBe(readAll([all]))
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('in chunks are put together wherever they are cut, and whatever their lines end in', () => {
    const chunk = fc.tuple(fc.string({ minLength: 1, unit: fc.constantFrom('a', '\r', '\n', '0') }), fc.constantFrom('\r\n', '\n', ' \r\n', ';x\n'))
    fc.assert(
      fc.property(fc.array(chunk), places, (chunks, at) => {
        const body = chunks.map(([data, end]) => `${data.length.toString(16)}${end}${data}${end.endsWith('\r\n') ? '\r\n' : '\n'}`).join('')
        const seen = readAll(cut(Buffer.from(`HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n${body}0\n\n`), at))
        const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
        expect(seen.startsWith(head)).toBe(true)
        expect(dataOf(seen.slice(head.length))).toBe(chunks.map(([data]) => data).join(''))
      }),
    )
  })
})

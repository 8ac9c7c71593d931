import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { createEvents } from './events.ts'
import { endStalled } from './stalled-reader.ts'

test('a reader that takes nothing of a stream is cut off, one that reads is not', async () => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const asked = async () => {
    const answering = once(server, 'request') as Promise<[unknown, ServerResponse]>
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    const [, raw] = await answering
    endStalled({ raw }, 100)
    Readable.from(endless(), { objectMode: false }).pipe(raw)
    return { socket, raw }
  }
  const reads = await asked()
  let bytes = 0
  reads.socket.on('data', (part) => (bytes += part.length))
  const stalls = await asked()
  stalls.socket.pause()
  await once(stalls.raw, 'close')
  expect(reads.raw.closed).toBe(false)
  expect(bytes).toBeGreaterThan(0)
  reads.socket.destroy()
  await once(reads.raw, 'close')
  server.close()
})

test('a stream behind another answer of its connection is timed from when it is its turn', async () => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const answers: ServerResponse[] = []
  server.on('request', (_request, raw) => answers.push(raw))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write('GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n')
  while (answers.length < 2) await once(server, 'request')
  const [first, second] = answers as [ServerResponse, ServerResponse]
  endStalled({ raw: second }, 100)
  Readable.from(endless(), { objectMode: false }).pipe(second)
  socket.pause()
  expect(second.socket).toBeNull()
  first.end()
  await once(second, 'close')
  server.close()
})

async function* endless(): AsyncGenerator<Buffer> {
  for (;;) {
    yield Buffer.alloc(2 ** 16)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('who is too far behind what happens is let go, and goes on from the last event it has', async () => {
  const events = createEvents(async () => ({}))
  const leaving = new AbortController()
  const reader = events.listen(undefined, leaving.signal)
  expect((await reader.next()).value).toMatchObject({ name: 'reset' })
  events.tell('progress', { n: 0 })
  const { value: last } = await reader.next()
  for (let n = 1; n <= 200; n++) events.tell('progress', { n })
  const again = events.listen(typeof last === 'object' ? last.id : '', leaving.signal)
  expect((await again.next()).value).toMatchObject({ data: '{"n":1}' })
  for (let n = 201; n <= 600; n++) events.tell('progress', { n })
  const heard: unknown[] = []
  for await (const event of reader) heard.push(event)
  // A few hundred at most are held for it; what it missed it is told by a reset.
  expect(heard.length).toBeLessThan(300)
  await again.return(undefined)
  expect(events.listeners).toBe(0)
  const late = events.listen(typeof last === 'object' ? last.id : '', leaving.signal)
  expect((await late.next()).value).toMatchObject({ name: 'reset' })
  await late.return(undefined)
})

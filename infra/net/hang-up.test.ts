import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { askedUntil, hangUp, isGone } from '#infra/net/hang-up.ts'

/** What answers a client, which goes away once `leave` is called. */
async function answering({ httpAllowHalfOpen = false } = {}) {
  const server = Object.assign(createServer(), { httpAllowHalfOpen })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  const [, raw] = (await once(server, 'request')) as [unknown, ServerResponse]
  return {
    raw,
    async sendsNoMore() {
      socket.end()
      await once(raw.req.socket, 'end')
    },
    async leave() {
      socket.destroy()
      await once(raw, 'close')
    },
    [Symbol.dispose]: () => void server.close(),
  }
}

test('a client that left, before or after somebody listens, has hung up', async () => {
  using answer = await answering()
  const before = hangUp(answer)
  expect(before.aborted).toBe(false)
  await answer.leave()
  expect([before.aborted, hangUp(answer).aborted]).toEqual([true, true])
})

test('who sends no more is not worked for any longer, and may still read', async () => {
  using answer = await answering({ httpAllowHalfOpen: true })
  const before = hangUp(answer)
  await answer.sendsNoMore()
  expect([before.aborted, hangUp(answer).aborted, isGone(answer)]).toEqual([true, true, false])
  answer.raw.destroy()
  expect(isGone(answer)).toBe(true)
})

test('who was answered has not hung up', async () => {
  using answer = await answering()
  const signal = hangUp(answer)
  answer.raw.end('x')
  await once(answer.raw, 'close')
  expect(signal.aborted).toBe(false)
})

test('who asks without a connection hangs up by its signal', async () => {
  using answer = await answering()
  const asker = new AbortController()
  const [early, other] = await Promise.all([askedUntil(asker.signal, async () => hangUp(answer)), hangUp(answer)])
  asker.abort()
  expect([early.aborted, other.aborted, askedUntil(asker.signal, () => hangUp(answer)).aborted]).toEqual([true, false, true])
  await answer.leave()
})

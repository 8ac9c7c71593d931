import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { createServer, listen } from './server.ts'
import { boundWaiting } from './waiting-answers.ts'

const answerBytes = 32 * 2 ** 20

test('answers that nobody reads hold so much memory and no more, until their readers are gone', async () => {
  await using app = await createServer({ title: 'Test', version: '1', description: 'A test.' })
  boundWaiting(app, 2.5 * answerBytes)
  await app.register(async (routes) => {
    routes.get('/large', (_request, reply) => reply.headers({ etag: '"x"', 'cache-control': 'max-age=3600' }).send(Buffer.alloc(answerBytes)))
  })
  const { origin, port } = await listen(app, { host: '127.0.0.1', port: 0, setting: 'test' })
  const asked = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n'))
    socket.on('error', () => undefined)
    await once(socket, 'readable')
    return socket
  }
  const ask = async () => {
    const answer = await fetch(`${origin}/large`)
    const told = ['retry-after', 'cache-control'].map((name) => answer.headers.get(name))
    return [answer.status, ...told, (await answer.arrayBuffer()).byteLength === answerBytes]
  }
  expect(await ask()).toEqual([200, null, 'max-age=3600', true])
  const idle = [await asked(), await asked()]
  expect(await ask()).toEqual([429, '1', 'no-store', false])
  for (const socket of idle) socket.destroy()
  for (;;) if ((await ask())[0] === 200) break
})

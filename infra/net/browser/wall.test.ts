import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { openListener } from '#test/site/listener.ts'
import { openWall } from './wall.ts'

test('nothing goes through the wall, neither a request nor a tunnel', async () => {
  await using listener = await openListener((socket) => void socket.end('hello'))
  const wall = await openWall()
  onTestFinished(() => wall[Symbol.asyncDispose]())
  const say = (head: string): Promise<string> => {
    const socket = connect(Number(new URL(wall.origin).port), '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(`${head}\r\n\r\n`)
    return text(socket)
  }
  for (const host of [`127.0.0.1:${listener.port}`, `localhost:${listener.port}`, 'public.example:443']) {
    expect(await say(`GET http://${host}/ HTTP/1.1\r\nhost: ${host}\r\nconnection: close`)).toMatch(/^HTTP\/1\.1 403/)
    expect(await say(`GET http://${host}/ HTTP/1.1\r\nhost: ${host}\r\nupgrade: websocket\r\nconnection: upgrade`)).toMatch(/^HTTP\/1\.1 403/)
    expect(await say(`CONNECT ${host} HTTP/1.1\r\nhost: ${host}`)).toMatch(/^HTTP\/1\.1 403/)
  }
  expect(listener.connections()).toBe(0)
})

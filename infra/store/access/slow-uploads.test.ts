import { readdir } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { listen } from '#infra/net/server.ts'
import { miner, rival, served, shardName, shardOf, type Form } from './served.fixture.ts'

const limits = { atOnce: 8, atOnceOfOne: 2, bytesAtOnce: 2 ** 30, paceBytes: 4096, paceMs: 4000 }

/** A service on a port, and clients that send a byte now and then for as long as they may. */
async function scene() {
  const at = await served({ uploadLimits: limits, date: Date.now, pace: systemClock() })
  const { port } = await listen(at.app, { host: '127.0.0.1', port: 0, setting: 'test.port' })
  const trickle = async (head: string): Promise<{ answer: () => string; ended: Promise<void> }> => {
    const socket: Socket = connect(port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    let answer = ''
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
    socket.on('error', () => undefined)
    socket.write(`POST /upload HTTP/1.1\r\nHost: a.test\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000000\r\n\r\n${head}`)
    const dripping = setInterval(() => socket.write('x'), 20)
    const ended = new Promise<void>((done) => socket.once('close', () => (clearInterval(dripping), done())))
    await delay(0)
    return { answer: () => answer, ended }
  }
  const formOf = async (n: number): Promise<Form> =>
    (await at.tao(miner, '/get-file-upload-url', { job_id: 'tao-1', filename: shardName(n) }, Date.now())).body as Form
  return { at, trickle, formOf }
}

const headOf = ({ fields }: Form): string =>
  `${Object.entries(fields)
    .map(([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
    .join('')}--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n`

test('uploads that trickle are let go, in their fields and in their file, and keep nobody else from uploading', async () => {
  const { at, trickle, formOf } = await scene()
  const forms = [await formOf(1), await formOf(2), await formOf(3), await formOf(4)] as const
  const nameless = await Promise.all(Array.from({ length: 30 }, () => trickle('--b\r\n')))
  const named = [await trickle(headOf(forms[0])), await trickle(headOf(forms[1]))]
  await expect.poll(() => readdir(join(at.folder, 'store', '.tmp')).catch(() => [])).toHaveLength(2)
  // A third of the same hotkey is refused at once; another's goes through.
  const third = await at.upload(forms[2], shardOf())
  const { body } = await at.tao(rival, '/get-file-upload-url', { job_id: 'tao-1', filename: shardName() }, Date.now())
  expect([third.status, (await at.upload(body as Form, shardOf())).status]).toEqual([429, 204])
  await Promise.all([...nameless, ...named].map(({ ended }) => ended))
  for (const each of [...nameless, ...named]) expect(each.answer()).toMatch(/^HTTP\/1.1 504 /)
  expect((await at.upload(forms[3], shardOf())).status).toBe(204)
  expect(await at.stored()).toHaveLength(2)
  expect((await at.audit('strangers')).filter(({ status }) => status === 504)).toHaveLength(30)
  expect((await at.audit('audit')).filter(({ status }) => status === 504)).toHaveLength(2)
})

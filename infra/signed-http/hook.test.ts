import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { developmentKey } from '#infra/chain/key-file.ts'
import { systemClock } from '#infra/clock.ts'
import { createServer, listen, type Server } from '#infra/net/server.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { btauth, signBtauth } from './btauth.ts'
import { threadedChecks } from './checks.ts'
import { iotaClient, signAsIotaClient } from './epistula.ts'
import { verifySignatures } from './hook.ts'
import { signedRequests } from './verify.ts'

const { signer } = developmentKey('a node')
const here = developmentKey('the feed').signer.address
const nowMs = 1_800_000_000_000
const schemes = [btauth, iotaClient]

async function service(): Promise<Server> {
  const app = await createServer({ title: 't', version: '1', description: 'd' })
  const checks = threadedChecks(join(await temporaryFolder(), 'requests.sqlite'), systemClock())
  app.addHook('onClose', () => checks[Symbol.asyncDispose]())
  const verify = signedRequests({ schemes, receivers: [here], date: () => nowMs, checks })
  verifySignatures(app, schemes, () => verify)
  await app.register(async (routes) => {
    const schema = { body: z.strictObject({ n: z.int() }) }
    routes.post('/posted', { schema, bodyLimit: 100 }, ({ signedBy, body }) => ({ hotkey: signedBy?.hotkey ?? null, body }))
    routes.get('/got', ({ signedBy, signedBody }) => ({ hotkey: signedBy?.hotkey ?? null, body: signedBody?.toString() ?? null }))
  })
  return app
}

let nonceNs = BigInt(nowMs) * 1_000_000n
const signed = (method: string, target: string, body: string) =>
  signBtauth(signer, { method, target, body: Buffer.from(body), nonceNs: ++nonceNs, receiver: here })

test('a signed request has its signer and its body; one that is not signed has neither, and is served', async () => {
  await using app = await service()
  const payload = '{"n": 1}'
  const json = { 'content-type': 'application/json' }
  const post = (headers: object) => app.inject({ method: 'POST', url: '/posted?a=%20', payload, headers: { ...json, ...headers } })
  expect((await post(signed('POST', '/posted?a=%20', payload))).json()).toEqual({ hotkey: signer.address, body: { n: 1 } })
  expect((await post({})).json()).toEqual({ hotkey: null, body: { n: 1 } })
  const wrong = await post(signed('POST', '/posted', payload))
  expect([wrong.statusCode, wrong.json().error.code]).toEqual([401, 'unauthorized'])
  expect((await app.inject({ url: '/got', headers: signed('GET', '/got', '') })).json()).toEqual({ hotkey: signer.address, body: '' })
})

test('a body that is too long is refused before it is hashed, whether or not it says how long it is', async () => {
  await using app = await service()
  const { port } = await listen(app, { host: '127.0.0.1', port: 0, setting: 'test' })
  const payload = `{"n": ${' '.repeat(200)}1}`
  const headers = { 'content-type': 'application/json', ...signed('POST', '/posted', payload) }
  expect((await app.inject({ method: 'POST', url: '/posted', payload, headers })).json().error.code).toBe('too_large')
  const body = new Blob([payload]).stream()
  const chunked = await fetch(`http://127.0.0.1:${port}/posted`, { method: 'POST', headers, body, duplex: 'half' } as RequestInit)
  expect([chunked.status, ((await chunked.json()) as { error: { code: string } }).error.code]).toEqual([413, 'too_large'])
})

test('a GET with a body, as IOTA’s client sends it, comes with its bytes', async () => {
  await using app = await service()
  const { port } = await listen(app, { host: '127.0.0.1', port: 0, setting: 'test' })
  const body = '{"n_fwd_activations": 2}'
  const headers = { ...signAsIotaClient(signer, { signedBody: Buffer.from(body), timestampMs: nowMs }), 'Content-Type': 'application/json' }
  const lines = [
    'GET /got HTTP/1.1',
    'Host: a',
    'Connection: close',
    `Content-Length: ${body.length}`,
    ...Object.entries(headers).map(([k, v]) => `${k}: ${v}`),
  ]
  const socket = connect(port, '127.0.0.1')
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`)
  const answer = await text(socket)
  expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toEqual({ hotkey: signer.address, body })
})

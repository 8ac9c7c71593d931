import { createPublicKey, verify as verifyEd25519 } from 'node:crypto'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { developmentKey } from '#infra/chain/key-file.ts'
import { publicKeyOf } from '#infra/chain/ss58.ts'
import { inMemory } from '#infra/sqlite/database.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { btauth, btauthMessage, signBtauth } from './btauth.ts'
import { signatureChecks } from './checks.ts'
import { epistula, iotaClient, signAsIotaClient, signEpistula } from './epistula.ts'
import type { ReceivedRequest } from './signed-request.ts'
import { signTao, tao } from './tao.ts'
import { signedRequests } from './verify.ts'

const { signer } = developmentKey('a node')
const stranger = developmentKey('a stranger').signer
const here = developmentKey('the feed').signer.address
const body = Buffer.from('{"node": "n", "limit": 2}')
const startMs = 1_800_000_000_000

/** Of which a request names one. */
const schemes = [btauth, tao, epistula, iotaClient]

/** A service at a time that can be moved. @param path where it remembers what came */
function service(path = inMemory, isKnown?: (hotkey: string) => boolean) {
  let ms = startMs
  const checks = signatureChecks(path)
  onTestFinished(() => checks[Symbol.asyncDispose]())
  const verify = signedRequests({ schemes, receivers: [here], date: () => ms, checks, ...(isKnown && { isKnown }) })
  return { verify, pass: (byMs: number) => void (ms += byMs) }
}

type Service = ReturnType<typeof service>

const btauthRequest = (atMs = startMs, extraNs = 7n, by = signer): ReceivedRequest => {
  const request = { method: 'POST', target: '/v1/leases?wait=1', body }
  return { ...request, headers: signBtauth(by, { ...request, nonceNs: BigInt(atMs) * 1_000_000n + extraNs, receiver: here }) }
}

const epistulaRequest = (atMs = startMs, uuid = 'b7e0'): ReceivedRequest => ({
  method: 'POST',
  target: '/v1/leases',
  body,
  headers: signEpistula(signer, { body, uuid, timestampMs: atMs, receiver: here }),
})

const taoRequest = (atMs = startMs, nonce = 'b7e0fbc0-0000-4000-8000-00000000000a'): ReceivedRequest => ({
  method: 'POST',
  target: '/get-file-upload-url',
  body,
  headers: signTao(signer, { body, nonce, timestampMs: atMs }),
})

/** What IOTA's client sends when it signed `signed`. */
const iotaRequest = (sent: string, signed: string, atMs = startMs): ReceivedRequest => ({
  method: 'POST',
  target: '/miner/report_loss',
  body: Buffer.from(sent),
  headers: signAsIotaClient(signer, { signedBody: Buffer.from(signed), timestampMs: atMs }),
})

const told = ({ verify }: Service, request: ReceivedRequest) =>
  verify(request).catch((error: { code: string; message: string }) => `${error.code}: ${error.message}`)
const refusedFor = (why: string | RegExp) => expect.stringMatching(new RegExp(`^unauthorized: .*${typeof why === 'string' ? why : why.source}`))

const headersOf = (request: ReceivedRequest): Record<string, string> => request.headers as Record<string, string>
/** Refused, or nobody's. */
const isNoSigner = (answer: unknown): boolean => answer === undefined || typeof answer === 'string'

test('btauth/1 signs the eight lines of the SDK, whose own example fits', () => {
  const alice = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'
  const bob = '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty'
  const asked = { method: 'post', target: '/generate?stream=false', body: Buffer.from('{"prompt": "hello"}'), nonce: '1752076800000000000' }
  const bodyHash = '341c57448e531310fbbe83f44cea2a5e838bd9e8a6b82b269f01d0dbbc23c3cc'
  const lines = ['btauth/1', 'sr25519', 'POST', asked.target, bodyHash, asked.nonce, alice, bob]
  expect(Buffer.from(btauthMessage({ ...asked, sender: alice, receiver: bob })).toString()).toBe(lines.join('\n'))
  // The SDK states a signature of this request by an ed25519 key: the same lines but for the second and the sender.
  const sender = '5FA9nQDVg267DEd8m1ZypXLBnvN7SFxYwV7ndqSYGiN9TTpu'
  const message = Buffer.from(lines.with(1, 'ed25519').with(6, sender).join('\n'))
  const signature = '1a6b631988bf1f7ea093ab9d5acf61f05c316d0b0e428b24b487b75a5f6ee0e1a56a26918fdf871b6cf09437e6588023a4ce423cf622621b2a7feee17612f704'
  const x = Buffer.from(publicKeyOf(sender)!).toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  expect(verifyEd25519(null, message, key, Buffer.from(signature, 'hex'))).toBe(true)
})

test('each form says who signed, and a request without a signature is nobody’s', async () => {
  const at = service()
  expect(await at.verify(btauthRequest())).toMatchObject({ hotkey: signer.address, scheme: 'btauth/1', isRepeat: false })
  expect(await at.verify(taoRequest())).toMatchObject({ hotkey: signer.address, scheme: 'x-tao/2' })
  expect(await at.verify(epistulaRequest())).toMatchObject({ hotkey: signer.address, scheme: 'epistula/2' })
  expect(await at.verify(iotaRequest('{}', '{}'))).toMatchObject({ hotkey: signer.address, scheme: 'iota' })
  expect(await at.verify({ method: 'GET', target: '/', headers: { host: 'feed' }, body: Buffer.alloc(0) })).toBeUndefined()
})

test('whatever of a request is changed, its signature is none', async () => {
  const other: Record<string, string> = {
    'x-bittensor-hotkey': stranger.address,
    'x-bittensor-receiver': stranger.address,
    'x-bittensor-nonce': `${BigInt(startMs) * 1_000_000n + 8n}`,
    'x-bittensor-version': '2',
    'x-bittensor-signature': `0x${'11'.repeat(63)}80`,
    'x-tao-version': '1',
    'x-tao-timestamp': String(startMs + 1),
    'x-tao-nonce': 'b7e0fbc0-0000-4000-8000-00000000000b',
    'x-tao-signed-by': stranger.address,
    'x-tao-signature': Buffer.alloc(64, 0x81).toString('base64'),
    'epistula-version': '1',
    'epistula-uuid': 'b7e1',
    'epistula-timestamp': String(startMs + 1),
    'epistula-signed-by': stranger.address,
    'epistula-signed-for': stranger.address,
    'epistula-request-signature': `0x${'22'.repeat(63)}81`,
  }
  for (const request of [btauthRequest(), taoRequest(), epistulaRequest(), iotaRequest('{"a": 1}', '{"a": 1}')]) {
    const at = service()
    for (const [name, value] of Object.entries(headersOf(request))) {
      expect(await told(at, { ...request, headers: { ...request.headers, [name]: other[name] } }), name).toEqual(refusedFor(''))
      for (const broken of ['', `${value} `, `${value},${value}`, value.slice(1)])
        expect(await told(at, { ...request, headers: { ...request.headers, [name]: broken } }), `${name}: ${broken}`).toSatisfy(isNoSigner)
      const { [name]: _, ...without } = headersOf(request)
      expect(await told(at, { ...request, headers: without }), `without ${name}`).toSatisfy(isNoSigner)
    }
    expect(await told(at, { ...request, body: Buffer.from('{"node": "n", "limit": 3}') })).toEqual(refusedFor('not one of'))
    // Nothing of all this has spent the request itself.
    expect(await told(at, request)).toMatchObject({ hotkey: signer.address })
  }
  const at = service()
  for (const changed of [{ method: 'PUT' }, { target: '/v1/leases?wait=2' }, { target: '/v1/acks' }])
    expect(await told(at, { ...btauthRequest(), ...changed })).toEqual(refusedFor('not one of'))
})

test('a time is good for ten seconds back, and two ahead where btauth says so; whoever is off learns the time here', async () => {
  for (const [request, aheadMs] of [
    [btauthRequest, 2000],
    [taoRequest, 10_000],
    [epistulaRequest, 10_000],
  ] as const) {
    const at = service()
    expect(await told(at, request(startMs - 10_000))).toMatchObject({ hotkey: signer.address })
    expect(await told(at, request(startMs - 10_001))).toEqual(refusedFor('too old'))
    expect(await told(at, request(startMs + aheadMs - 1))).toMatchObject({ hotkey: signer.address })
    expect(await told(at, request(startMs + aheadMs + 1))).toEqual(refusedFor('too early'))
    await expect(at.verify(request(startMs - 600_000))).rejects.toMatchObject({ details: { server_time_ms: startMs } })
  }
})

test('nanoseconds are told apart: they never pass through a Number', async () => {
  const at = service()
  for (const extraNs of [1n, 2n, 3n]) expect(await told(at, btauthRequest(startMs, extraNs))).toMatchObject({ isRepeat: false })
})

test('the very same request is refused, as long as its time would still be good', async () => {
  for (const [request, goodForMs] of [
    [btauthRequest(startMs + 2000, 0n), 12_000],
    [taoRequest(startMs + 10_000), 20_000],
    [epistulaRequest(startMs + 10_000), 20_000],
  ] as const) {
    const at = service()
    expect(await told(at, request)).toMatchObject({ isRepeat: false })
    for (const passedMs of [0, goodForMs / 2, goodForMs / 2]) {
      at.pass(passedMs)
      expect(await told(at, request)).toEqual(refusedFor('came before'))
    }
    at.pass(1)
    expect(await told(at, request)).toEqual(refusedFor('too old'))
  }
})

test('a nonce of one hotkey is no other’s', async () => {
  const at = service()
  expect(await told(at, btauthRequest())).toMatchObject({ hotkey: signer.address })
  expect(await told(at, btauthRequest(startMs, 7n, stranger))).toMatchObject({ hotkey: stranger.address, isRepeat: false })
})

test('a request that came before a restart does not come again after it', async () => {
  const path = join(await temporaryFolder(), 'requests.sqlite')
  for (const request of [btauthRequest(), taoRequest(), epistulaRequest()]) {
    expect(await told(service(path), request)).toMatchObject({ isRepeat: false })
    expect(await told(service(path), request)).toEqual(refusedFor('came before'))
  }
  const request = iotaRequest('{"a": 1}', '{"a": 1}')
  expect(await told(service(path), request)).toMatchObject({ isRepeat: false })
  expect(await told(service(path), request)).toMatchObject({ isRepeat: true })
  expect(await told(service(path), { ...request, target: '/elsewhere' })).toEqual(refusedFor('came before'))
})

test('whoever is nobody here is told so, before their signature costs anything', async () => {
  const at = service(inMemory, (hotkey) => hotkey === signer.address)
  expect(await told(at, btauthRequest())).toMatchObject({ hotkey: signer.address })
  const strange = btauthRequest(startMs, 8n, stranger)
  expect(await told(at, strange)).toMatch(/^forbidden: .*register/)
  expect(await told(at, { ...strange, headers: { ...strange.headers, 'x-bittensor-signature': `0x${'11'.repeat(64)}` } })).toMatch(/^forbidden/)
})

test('one form of signature does not stand in for another, nor two for one', async () => {
  const at = service()
  const both = { ...taoRequest(), headers: { ...taoRequest().headers, ...btauthRequest().headers } }
  // The first form that it names counts, and that one is of another target.
  expect(await told(at, both)).toEqual(refusedFor('not one of'))
  const checks = signatureChecks(inMemory)
  onTestFinished(() => checks[Symbol.asyncDispose]())
  const taoAlone = signedRequests({ schemes: [tao], receivers: [here], date: () => startMs, checks })
  expect(await taoAlone(btauthRequest())).toBeUndefined()
  expect(await taoAlone(both)).toMatchObject({ scheme: 'x-tao/2' })
})

test('another kind of key than sr25519 is refused, whatever the header asks for', async () => {
  const { headers, ...request } = btauthRequest()
  expect(await told(service(), { ...request, headers: { ...headers, 'x-bittensor-crypto': 'ed25519' } })).toEqual(refusedFor('sr25519'))
  expect(await told(service(), { ...request, headers: { ...headers, 'x-bittensor-crypto': 'sr25519' } })).toMatchObject({ hotkey: signer.address })
})

test('what is for nobody is refused where it must be bound', async () => {
  const request = { method: 'POST', target: '/v1/leases', body }
  const headers = signBtauth(signer, { ...request, nonceNs: BigInt(startMs) * 1_000_000n, receiver: '-' })
  expect(await told(service(), { ...request, headers })).toEqual(refusedFor('for nobody'))
  const unbound = signEpistula(signer, { body, uuid: 'u', timestampMs: startMs })
  expect(await told(service(), { ...request, headers: unbound })).toMatchObject({ scheme: 'epistula/2' })
})

test('IOTA’s client signs its keys sorted, its numbers as they stand, and {} for nothing', async () => {
  const at = service()
  const sent = '{"layer_idx": 3, "loss": 1e-05, "activation_id": "a"}'
  expect(await told(at, iotaRequest(sent, '{"activation_id": "a", "layer_idx": 3, "loss": 1e-05}'))).toMatchObject({ scheme: 'iota' })
  expect(await told(at, iotaRequest('', '{}'))).toMatchObject({ scheme: 'iota' })
  expect(await told(at, iotaRequest(sent, sent))).toMatchObject({ scheme: 'iota' })
  expect(await told(at, iotaRequest(sent, '{"activation_id": "a", "layer_idx": 3, "loss": 0.00001}'))).toEqual(refusedFor('not one of'))
  expect(await told(at, iotaRequest('{"a": 1}', '{}'))).toEqual(refusedFor('not one of'))
})

test('IOTA’s client repeats itself for two minutes: the same request, under the same key, and nowhere else', async () => {
  const at = service()
  const request = iotaRequest('{"a": 1}', '{"a": 1}')
  const first = await at.verify(request)
  for (const passedMs of [41_000, 41_000]) {
    at.pass(passedMs)
    expect(await at.verify(request)).toEqual({ ...first, isRepeat: true })
  }
  // It binds neither method nor target, so what was seen does.
  expect(await told(at, { ...request, target: '/miner/get_activations' })).toEqual(refusedFor('came before'))
  expect(await told(at, { ...request, method: 'GET' })).toEqual(refusedFor('came before'))
  const upper = String(request.headers['epistula-request-signature']).toUpperCase().replace('0X', '0x')
  expect(await at.verify({ ...request, headers: { ...request.headers, 'epistula-request-signature': upper } })).toEqual({ ...first, isRepeat: true })
  at.pass(150_000)
  expect(await told(at, request)).toEqual(refusedFor('too old'))
})

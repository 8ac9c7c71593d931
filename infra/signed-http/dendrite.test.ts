import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { developmentKey } from '#infra/chain/key-file.ts'
import { verifySignature } from '#infra/chain/signature.ts'
import { inMemory } from '#infra/sqlite/database.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { signatureChecks } from './checks.ts'
import { axonHeaders, dendrite, signDendrite } from './dendrite.ts'
import { signedRequests } from './verify.ts'

const [validator, stranger] = [developmentKey('a validator').signer, developmentKey('a stranger').signer]
const axon = developmentKey('a miner').signer
const startMs = 1_800_000_000_000
const nsOf = (ms: number) => BigInt(ms) * 1_000_000n
const uuid = '8a2f4a1e-0000-11ef-8000-00000000000a'

function service(path = inMemory) {
  let ms = startMs
  const checks = signatureChecks(path)
  onTestFinished(() => checks[Symbol.asyncDispose]())
  const verify = signedRequests({ schemes: [dendrite], receivers: [axon.address], date: () => ms, checks })
  const told = (headers: Record<string, string>) =>
    verify({ method: 'POST', target: '/GetMinerIndex', body: Buffer.from('{}'), headers }).then(
      (signed) => signed?.hotkey,
      ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
    )
  return { told, pass: (byMs: number) => void (ms += byMs) }
}

const asked = (atMs = startMs, rest: Partial<Parameters<typeof signDendrite>[1]> = {}, extraNs = 0n) =>
  signDendrite(validator, { receiver: axon.address, nonceNs: nsOf(atMs) + extraNs, uuid, timeoutSeconds: 12, ...rest })

test('a dendrite is taken within 4 s and its timeout, and then as long as its nonces grow', async () => {
  const at = service()
  expect(await at.told(asked(startMs - 16_001))).toMatch(/^unauthorized: .*too old/)
  expect(await at.told(asked(startMs - 16_000))).toBe(validator.address)
  expect(await at.told(asked(startMs - 16_000))).toMatch(/came before/)
  expect(await at.told(asked(startMs - 16_000, {}, -1n))).toMatch(/came before/)
  expect(await at.told(asked(startMs - 16_000, {}, 1n))).toBe(validator.address)
  at.pass(60_000)
  expect(await at.told(asked(startMs - 16_000, {}, 2n))).toBe(validator.address)
  expect(await at.told(asked(startMs, { uuid: 'b' }))).toMatch(/too old/)
  expect(await at.told(asked(startMs + 60_000, { uuid: 'b' }))).toBe(validator.address)
  expect(await at.told(asked(startMs + 70_001))).toMatch(/too early/)
})

test('whoever overheard one gains no time by saying that they wait longer, nor by a restart', async () => {
  const path = join(await temporaryFolder(), 'requests.sqlite')
  const before = service(path)
  const overheard = asked()
  expect(await before.told(overheard)).toBe(validator.address)
  const at = service(path)
  for (const passedMs of [0, 100_000, 53_999, 1]) {
    at.pass(passedMs)
    expect(await at.told({ ...overheard, timeout: '999999999' })).toMatch(/came before/)
  }
  at.pass(1)
  expect(await at.told({ ...overheard, timeout: '999999999' })).toMatch(/too old|came before/)
})

test('whatever is signed and changed, it is none; what is missing lets nobody in', async () => {
  const at = service()
  const headers = asked()
  const other: Record<string, string> = {
    bt_header_dendrite_nonce: String(nsOf(startMs) + 1n),
    bt_header_dendrite_uuid: 'another',
    bt_header_dendrite_hotkey: stranger.address,
    bt_header_dendrite_signature: `0x${'11'.repeat(63)}80`,
    bt_header_axon_hotkey: stranger.address,
    computed_body_hash: '00'.repeat(32),
    timeout: 'NaN',
  }
  for (const [name, value] of Object.entries(headers)) {
    expect(await at.told({ ...headers, [name]: other[name] ?? '' }), name).toMatch(/^unauthorized/)
    for (const broken of ['', `${value} `, `${value},${value}`, `-${value}`, '1e9'])
      expect(await at.told({ ...headers, [name]: broken }), `${name}: ${broken}`).toMatch(/^unauthorized/)
  }
  for (const name of Object.keys(headers).filter((each) => each.startsWith('bt_header'))) {
    const { [name]: _, ...without } = headers
    expect(await at.told(without), `without ${name}`).toMatch(/^unauthorized/)
  }
  expect(await at.told(asked(startMs, { receiver: stranger.address }))).toMatch(/for another/)
  expect(await at.told(headers)).toBe(validator.address)
})

test('an answer is signed by the axon for whoever asked', () => {
  const said = axonHeaders(axon, { to: validator.address, uuid: 'u', nonceNs: 7n, status: 403, message: 'Forbidden. ü', processMs: 1500 })
  expect(said).toMatchObject({ bt_header_axon_status_code: '403', bt_header_axon_status_message: 'Forbidden. ?', bt_header_axon_process_time: '1.5' })
  const message = Buffer.from(`7.${validator.address}.${axon.address}.u`)
  expect(verifySignature(axon.address, message, String(said['bt_header_axon_signature']))).toBe(true)
})

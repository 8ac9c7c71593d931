import { join } from 'node:path'
import { expect, test } from 'vitest'
import { developmentKey } from '#infra/chain/key-file.ts'
import { inMemory } from '#infra/sqlite/database.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { signatureChecks, type SignatureCheck } from './checks.ts'

const { signer } = developmentKey('a node')
const message = Buffer.from('m')
const signature = `0x${Buffer.from(signer.sign(message)).toString('hex')}`
const asked = (key: string, rest: Partial<SignatureCheck> = {}): SignatureCheck => ({
  hotkey: signer.address,
  messages: [message],
  signature,
  requestKey: sha256Hex(key),
  about: sha256Hex('x'),
  mayRepeat: true,
  untilMs: 10,
  nowMs: 0,
  ...rest,
})

test('what comes again is told from what is new, until its time is over, by every process', async () => {
  const path = join(await temporaryFolder(), 'requests.sqlite')
  await using one = signatureChecks(path)
  await using other = signatureChecks(path)
  expect(await one.check(asked('a'))).toBe('new')
  expect([await other.check(asked('a')), await one.check(asked('a', { about: sha256Hex('y') })), await other.check(asked('b'))]).toEqual([
    'again',
    'elsewhere',
    'new',
  ])
  expect(await one.check(asked('a', { nowMs: 10 }))).toBe('again')
  expect(await one.check(asked('c', { nowMs: 11 }))).toBe('new')
  expect(await other.check(asked('a', { nowMs: 11 }))).toBe('new')
  expect(await other.check(asked('d', { messages: [Buffer.from('n')] }))).toBe('wrong')
  expect(await other.check(asked('d'))).toBe('new')
})

test('of the same request at once one is new', async () => {
  await using checks = signatureChecks(inMemory)
  expect((await Promise.all(Array.from({ length: 5 }, () => checks.check(asked('a'))))).toSorted()).toEqual(['again', 'again', 'again', 'again', 'new'])
})

test('where there is no room, nothing old makes some: whoever floods it is told to wait, and nothing comes twice', async () => {
  await using checks = signatureChecks(inMemory, { rowsMax: 10 })
  for (let n = 0; n < 10; n++) expect(await checks.check(asked(`key ${n}`))).toBe('new')
  await expect(checks.check(asked('key 10'))).rejects.toMatchObject({ code: 'rate_limited' })
  expect(await checks.check(asked('key 0'))).toBe('again')
  expect(await checks.check(asked('key 10', { nowMs: 11 }))).toBe('new')
})

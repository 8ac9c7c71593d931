import { expect, onTestFinished, test } from 'vitest'
import { developmentKey } from '#infra/chain/key-file.ts'
import { inMemory } from '#infra/sqlite/database.ts'
import { signatureChecks } from './checks.ts'
import { folderAccessString, requireSignedString, type SignedString } from './signed-string.ts'

const { signer } = developmentKey('a miner')
const [coldkey, stranger] = [developmentKey('its coldkey').signer.address, developmentKey('a stranger').signer.address]
const nowS = 1_800_000_000

function service() {
  let nowMs = nowS * 1000
  const checks = signatureChecks(inMemory)
  onTestFinished(() => checks[Symbol.asyncDispose]())
  const told = (signed: SignedString) =>
    requireSignedString(signed, { date: () => nowMs, checks }).then(
      () => 'taken',
      ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
    )
  return { told, pass: (byMs: number) => void (nowMs += byMs) }
}

const signed = (timestampS = nowS): SignedString => {
  const message = folderAccessString({ coldkey, hotkey: signer.address, timestampS })
  return { hotkey: signer.address, message, signature: Buffer.from(signer.sign(Buffer.from(message))).toString('hex'), signedAtS: timestampS }
}

test('a string that its hotkey signed is taken once, with or without 0x', async () => {
  const at = service()
  expect(signed().message).toBe(`s3:data:access:${coldkey}:${signer.address}:1800000000`)
  expect(await at.told(signed())).toBe('taken')
  expect(await at.told(signed())).toMatch(/^unauthorized: .*came before/)
  expect(await at.told({ ...signed(), signature: `0x${signed().signature.toUpperCase()}` })).toMatch(/came before/)
  const next = signed(nowS + 1)
  expect(await at.told({ ...next, signature: `0x${next.signature}` })).toBe('taken')
  at.pass(301_000)
  expect(await at.told(next)).toMatch(/came before/)
  at.pass(1)
  expect(await at.told(next)).toMatch(/time/)
})

test.each([
  ['another hotkey', { hotkey: stranger }, 'not one of'],
  ['no hotkey', { hotkey: 'x' }, 'no SS58'],
  ['another coldkey', { message: folderAccessString({ coldkey: stranger, hotkey: signer.address, timestampS: nowS }) }, 'not one of'],
  ['another time', { message: folderAccessString({ coldkey, hotkey: signer.address, timestampS: nowS + 1 }), signedAtS: nowS + 1 }, 'not one of'],
  ['another signature', { signature: '11'.repeat(64) }, 'not one of'],
  ['no signature', { signature: '0x12' }, '128 hex'],
  ['an old time', { signedAtS: nowS - 301 }, 'time'],
  ['a time to come', { signedAtS: nowS + 61 }, 'time'],
  ['no time', { signedAtS: NaN }, 'time'],
])('with %s it is not, and the right one still is', async (_what, change, why) => {
  const at = service()
  expect(await at.told({ ...signed(), ...change })).toMatch(new RegExp(`^unauthorized: .*${why}`))
  expect(await at.told(signed())).toBe('taken')
})

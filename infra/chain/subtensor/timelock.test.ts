import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { initSync, tld, tle } from '@ideallabs/timelock_wasm_wrapper'
import { expect, test } from 'vitest'
import { roundAt, timelockDecrypt, timelockEncrypt } from './timelock.ts'
import { timelocked } from './timelocked.ts'

/** What quicknet signed in its round 1000; its hash is the round's published randomness. */
const round = 1000
const signature = Buffer.from('b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39', 'hex')
const randomness = 'fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd'
const publicKey =
  '83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a'
/** sha256 of the round in eight bytes, the first byte first. */
const identity = Buffer.from('f652498d092acd949bad74e40683bf3824fb817980504a0c7e6722cfc5a9c0a3', 'hex')
const curve = 'bls12_381'
const text = 'weights of a validator'

/** `text` by bittensor-core 0.1.5, which is the chain's own code, for round 1000. */
const sealedByCore =
  '997b70ede78a2c5b58fd8eae53a9746327df45a9e0fd817688236b7bf323fd3e804a87c0d3b5360d8082704322a32c1703c2459a72f7d158dba46b7840cddc4cea0210d37d3221806071a91b29e5a0a2637c17ec59f4bf011e03b6717b8f14902000000000000000550aca7f042535bd2c4b3a9150219d7e888d064ead1d72d78ab41b96b9fe74be200000000000000025922487eed594dbb5ebffd9eba4377e6ca1672128b257ad34843b3b0e27314e42000000000000002600000000000000ec6c12fbb7878f4d01d05395238fe85192f8c844d8b8bbb50625b7d9cfbc4d03fada19b032a60c0000000000000006049d497e9c2ac6f9f867b008000000000000004145535f47434d5f'

const wasm = new URL('timelock_wasm_wrapper_bg.wasm', import.meta.resolve('@ideallabs/timelock_wasm_wrapper'))
const opened = (sealed: Uint8Array) => Buffer.from(timelockDecrypt(sealed, signature)).toString()

test('opens what the chain sealed, and the chain’s crate what we seal', () => {
  expect(createHash('sha256').update(signature).digest('hex')).toBe(randomness)
  expect(opened(Buffer.from(sealedByCore, 'hex'))).toBe(text)
  initSync({ module: readFileSync(fileURLToPath(wasm)) })
  const theirs = Uint8Array.from(tle(identity, Buffer.from(text), Buffer.alloc(32, 7), Buffer.from(publicKey, 'hex'), curve) as number[])
  expect(opened(theirs)).toBe(text)
  const ours = timelockEncrypt(Buffer.from(text), round)
  expect(Buffer.from(tld(ours, signature, curve) as number[]).toString()).toBe(text)
  expect(ours.length).toBe(theirs.length)
})

test('seals in a thread, empty and long texts too', async () => {
  const texts = ['', 'x'.repeat(4000)]
  const sealed = await Promise.all(texts.map((plain) => timelocked(Buffer.from(plain), round)))
  expect(sealed.map(opened)).toEqual(texts)
})

test('is opened by no other round, and by nothing that is none', () => {
  const sealed = Buffer.from(sealedByCore, 'hex')
  const other = timelockEncrypt(Buffer.from(text), round + 1)
  for (const bad of [
    other,
    new Uint8Array(),
    sealed.subarray(0, 100),
    sealed.subarray(0, -20),
    Buffer.concat([sealed.subarray(0, 96), Buffer.alloc(8, 255), sealed.subarray(104)]),
  ])
    expect(() => timelockDecrypt(bad, signature)).toThrow(expect.objectContaining({ code: 'invalid_record' }))
  for (const at of [10, 110, 150, 200])
    expect(() =>
      timelockDecrypt(
        sealed.map((byte, i) => (i === at ? byte ^ 1 : byte)),
        signature,
      ),
    ).toThrow('cannot be opened')
  expect(() => timelockDecrypt(sealed, signature.subarray(1))).toThrow('cannot be opened')
})

test('knows which round of quicknet it is', () => {
  expect([0, 1_692_803_367_000, 1_692_803_373_000, 1_692_803_375_999, 1_692_806_367_000].map(roundAt)).toEqual([1, 1, 2, 2, 1000])
})

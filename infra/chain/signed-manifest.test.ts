import { expect, test } from 'vitest'
import { canonicalJson, contentAddress } from '#schemas/canonical-json.ts'
import { developmentKey } from './key-file.ts'
import { verifySignature } from './signature.ts'
import { signManifest, verifyManifest, verifyManifestBytes } from './signed-manifest.ts'

const { signer } = developmentKey('manifest test')
const unsigned = { kind: 'miner-index' as const, parent: null, hotkey: signer.address, shards: [{ job_id: 'a', rows: 3 }] }

test('a manifest signed twice has the same bytes', () => {
  expect(canonicalJson(signManifest(unsigned, signer))).toBe(canonicalJson(signManifest({ ...unsigned }, signer)))
})

test('the signature is over the content address of the manifest without it', () => {
  const { signature } = signManifest(unsigned, signer)
  expect(signature).toMatch(/^0x[0-9a-f]{128}$/)
  expect(verifySignature(signer.address, Buffer.from(contentAddress(unsigned)), signature)).toBe(true)
})

test('a signed manifest verifies, also when its members come in another order', () => {
  const { signature, ...rest } = signManifest(unsigned, signer)
  expect(verifyManifest({ signature, ...Object.fromEntries(Object.entries(rest).toReversed()) } as typeof unsigned & { signature: string })).toBe(true)
})

test('signing again replaces the signature', () => {
  const signed = signManifest(unsigned, signer)
  expect(signManifest(signed, signer)).toEqual(signed)
})

test('a manifest that was changed, or is of another hotkey, does not verify', () => {
  const signed = signManifest(unsigned, signer)
  expect(verifyManifest({ ...signed, parent: 'f'.repeat(64) } as unknown as typeof signed)).toBe(false)
  expect(verifyManifest({ ...signed, hotkey: developmentKey('other').signer.address })).toBe(false)
  expect(verifyManifest({ ...signed, signature: '0x' })).toBe(false)
  expect(verifyManifest({ ...signed, shards: [Number.NaN] } as unknown as typeof signed)).toBe(false)
})

test('nobody signs for another hotkey', () => {
  expect(() => signManifest({ ...unsigned, hotkey: developmentKey('other').signer.address }, signer)).toThrow(
    expect.objectContaining({ code: 'invalid_argument' }),
  )
})

const network = { netuid: 13, genesis: `0x${'a'.repeat(64)}` }

test('what is signed for one network is nothing on another', () => {
  const signed = signManifest(unsigned, signer, network)
  expect(signed.network).toEqual(network)
  expect(verifyManifest(signed, network)).toBe(true)
  for (const other of [
    { ...network, netuid: 14 },
    { ...network, genesis: `0x${'b'.repeat(64)}` },
  ]) {
    expect(verifyManifest(signed, other)).toBe(false)
    expect(verifyManifest({ ...signed, network: other }, other)).toBe(false)
  }
  const { network: _network, ...stripped } = signed
  expect(verifyManifest(stripped, network)).toBe(false)
})

test('what was signed before manifests named their network is still what it was', () => {
  expect(verifyManifest(signManifest(unsigned, signer), network)).toBe(true)
})

test('the bytes of a manifest verify as it does, wherever the signature stands in them, and no others do', () => {
  for (const over of [{}, { zone: 'last' }, { a: '"signature":"0x"' }]) {
    const signed = signManifest({ ...unsigned, ...over }, signer, network)
    const text = canonicalJson(signed)
    const isOf = (said: string, who: { hotkey: string; signature: string } = signed): boolean => verifyManifestBytes(who, Buffer.from(said))
    expect(isOf(text)).toBe(true)
    for (const other of [text.replace('"rows":3', '"rows":4'), text.replace('{', '{ '), text.replace('"signature"', '"sign"'), ''])
      expect(isOf(other)).toBe(false)
    expect(isOf(text, { ...signed, hotkey: developmentKey('other').signer.address })).toBe(false)
    expect(isOf(text.replace(signed.signature, '0x'), { ...signed, signature: '0x' })).toBe(false)
  }
})

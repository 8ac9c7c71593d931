import { readFile } from 'node:fs/promises'
import { encodeAddress, sr25519Verify } from '@polkadot/util-crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { developmentKey } from './key-file.ts'
import { verifySignature } from './signature.ts'
import { addressOf, isAddress, publicKeyOf } from './ss58.ts'

const { signer } = developmentKey('signature test')
const message = Buffer.from('hello')

describe('a signature', () => {
  test('comes out equal twice, and polkadot’s verifier takes it', () => {
    const signature = signer.sign(message)
    expect(signer.sign(message)).toEqual(signature)
    expect(signature).toHaveLength(64)
    expect(sr25519Verify(message, signature, signer.publicKey)).toBe(true)
    expect(verifySignature(signer.address, message, signature)).toBe(true)
    expect(verifySignature(signer.address, message, `0x${Buffer.from(signature).toString('hex')}`)).toBe(true)
  })

  test('has these very bytes, which schnorrkel itself (polkadot’s WebAssembly) was seen to accept', () => {
    const golden = developmentKey('1\nminer-1\nhotkey').signer
    expect(golden.address).toBe('5FnFmmE4hdtCjvN7BVvEgmyYhomFzEvjETtDYXHPnCq3WBMy')
    expect(Buffer.from(golden.sign(message)).toString('hex')).toBe(
      '8266827237c17ba18e38a2b5c201dbc2a2f1242d96915a717dd860f314220b65d09cc8acce55f17b06e447d280e6f2efa99d4f9515bf188fea5a14565d317080',
    )
  })

  test('is another for another message or key', () => {
    const signature = signer.sign(message)
    expect(signer.sign(Buffer.from('hellp'))).not.toEqual(signature)
    // The first half commits to the nonce: no two messages may share one.
    expect(signer.sign(Buffer.from('hellp')).subarray(0, 32)).not.toEqual(signature.subarray(0, 32))
    expect(verifySignature(signer.address, Buffer.from('hellp'), signature)).toBe(false)
    expect(verifySignature(developmentKey('other').signer.address, message, signature)).toBe(false)
  })

  test('that is malformed is none, and nothing throws', () => {
    const anything = fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.string(), fc.constant(undefined), fc.constant({}))
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constant(signer.address), fc.constant('0x')), anything, (address, signature) => {
        expect(verifySignature(address, message, signature as string)).toBe(false)
      }),
    )
    expect(verifySignature(undefined as unknown as string, message, signer.sign(message))).toBe(false)
  })

  test('with one bit turned is none', () => {
    const signature = signer.sign(message)
    fc.assert(
      fc.property(fc.nat(511), (bit) => {
        const turned = Uint8Array.from(signature)
        turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(verifySignature(signer.address, message, turned)).toBe(false)
      }),
      { numRuns: 40 },
    )
  })
})

describe('an address', () => {
  test('is the one polkadot makes, for any key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
        expect(addressOf(key)).toBe(encodeAddress(key, 42))
      }),
    )
  })

  test('has prefix 42, a checksum, 32 bytes and one spelling', () => {
    const { address, publicKey } = signer
    expect(publicKeyOf(address)).toEqual(publicKey)
    expect(address).toBe(encodeAddress(publicKey, 42))
    const wrong = [encodeAddress(publicKey, 0), encodeAddress(publicKey.subarray(0, 8), 42), `${address} `, `1${address}`, address.slice(0, -1)]
    for (const text of [...wrong, '', `0x${Buffer.from(publicKey).toString('hex')}`, 'x'.repeat(100_000)]) expect(isAddress(text)).toBe(false)
  })
})

test('the library that signs is the one polkadot signs with', async () => {
  const manifest = JSON.parse(await readFile(new URL('../../node_modules/@polkadot/util-crypto/package.json', import.meta.url), 'utf8')) as object
  expect(manifest).toMatchObject({ dependencies: { '@scure/sr25519': expect.any(String) as string } })
})

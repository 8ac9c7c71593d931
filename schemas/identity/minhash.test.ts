import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { minhash } from './minhash.ts'
import { bandHashes, bandKeys, signatureBytes, similarity } from './signature.ts'
import { pairWithJaccard } from '#test/golden/pairs.ts'

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

describe('minhash', () => {
  test.each([
    ['', 'ad948f3d279d42aeebf35cfdca0a9692de056c8286104fc0c96fc728f61a9c07'],
    ['hello', '810f9707f68fa410718425b7a92aca26ecd643a07c4fd03fe9118ff6e445e1c3'],
    ['The quick brown fox jumps over the lazy dog.', 'c3a9892018836d990b96eb0218793b615bdd6612694e4d1dc48e44efd07aeb23'],
    ['素早い茶色の狐は怠け者の犬を飛び越える', 'f462f84426793e2d3aa3b571df16836640ca963ed385fe2f5ec4522e831af4fe'],
    ['Ünïcode ΣΊΣΥΦΟΣ мир 12 345 😀 e\u0301', '84f0335b12ab0d3a70acb74ec47ec2e4be7f14d4d596bed53dc8a3582c9d24ca'],
  ])('keeps its test vector for %j (from an independent implementation in Python)', (text, sha256) => {
    expect(digest(minhash(text))).toBe(sha256)
  })

  test('does not see case, punctuation, white space or repeated shingles', () => {
    expect(minhash('One two, three; four five SIX')).toEqual(minhash('one\n two three four - five six!'))
    expect(minhash('a b c d e '.repeat(3))).toEqual(minhash('a b c d e '.repeat(9)))
  })

  test('is 448 bytes for any text, and similar to itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const signature = minhash(text)
        expect(signature).toHaveLength(signatureBytes)
        expect(similarity(signature, signature)).toBe(1)
      }),
      { numRuns: 50 },
    )
  })

  test('gives the bands of a signature one key each, wherever its bytes lie', () => {
    const signature = minhash('one two three four five six')
    const keys = bandHashes(signature)
    expect(new Set(keys).size).toBe(bandKeys)
    const moved = new Uint8Array(signatureBytes + 3)
    moved.set(signature, 3)
    expect(bandHashes(moved.subarray(3))).toEqual(keys)
  })

  test('estimates the Jaccard similarity of shingles without bias', () => {
    for (const jaccard of [0.2, 0.5, 0.8, 0.95]) {
      const errors = Array.from({ length: 40 }, (_, seed) => {
        const pair = pairWithJaccard(jaccard, seed)
        return similarity(minhash(pair.a), minhash(pair.b)) - pair.jaccard
      })
      expect(Math.abs(errors.reduce((sum, e) => sum + e, 0) / errors.length)).toBeLessThan(0.03)
      expect(Math.max(...errors.map(Math.abs))).toBeLessThan(0.2)
    }
  })
})

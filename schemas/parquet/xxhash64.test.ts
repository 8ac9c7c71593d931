import fc from 'fast-check'
import { xxhash64 as reference } from 'hyparquet/src/xxhash.js'
import { expect, test } from 'vitest'
import { xxhash64 } from './xxhash64.ts'

const hash = (bytes: Uint8Array, start: number, length: number): bigint => {
  const out = new Uint32Array(2)
  xxhash64(bytes, start, length, out, 0)
  return (BigInt(out[1] ?? 0) << 32n) | BigInt(out[0] ?? 0)
}

test('gives the test values of the specification', () => {
  expect(hash(new Uint8Array(), 0, 0)).toBe(0xef46db3751d8e999n)
  expect(hash(new TextEncoder().encode('abc'), 0, 3)).toBe(0x44bc2cf5ad770999n)
})

test('agrees with an implementation in BigInts for any stretch of any bytes', () => {
  expect.hasAssertions()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(50), (bytes, skip) => {
      const start = Math.min(skip, bytes.length)
      expect(hash(bytes, start, bytes.length - start)).toBe(reference(bytes.subarray(start)))
    }),
    { numRuns: 500 },
  )
})

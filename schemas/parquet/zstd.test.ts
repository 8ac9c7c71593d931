import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compressedBytesMax, zstdCompressor } from './zstd.ts'

test('one context after another input gives the bytes of Node’s own call, at level 3', () => {
  using compress = zstdCompressor()
  const words = fc.array(fc.constantFrom('the ', 'quick ', 'brown ', 'fox '), { maxLength: 3_000 }).map((some) => Buffer.from(some.join('')))
  const anything = fc.oneof(
    words,
    fc.uint8Array({ maxLength: 20_000 }),
    fc.integer({ min: 0, max: 3_000_000 }).map((size) => Buffer.alloc(size, 'abcde\u00e9')),
  )
  fc.assert(
    fc.property(anything, fc.nat(50), (input, at) => {
      const output = Buffer.alloc(at + compressedBytesMax(input.length))
      const frame = output.subarray(at, at + compress(input, output, at))
      expect(frame.equals(zstdCompressSync(input, { params: { [constants.ZSTD_c_compressionLevel]: 3 }, chunkSize: compressedBytesMax(input.length) }))).toBe(
        true,
      )
      expect(zstdDecompressSync(frame).equals(input)).toBe(true)
    }),
    { numRuns: 60 },
  )
})

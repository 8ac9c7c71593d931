import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { testsWasmBuild } from '#test/conformance/wasm-build.ts'
import { appendText, newPage } from './page.ts'
import { hashTexts } from './text-hashes.ts'
import { xxhash64 } from './xxhash64.ts'

test('texts of any length have the hashes that JavaScript gives each', () => {
  expect.hasAssertions()
  const long = fc.integer({ min: 65_500, max: 65_600 }).map((size) => 'x'.repeat(size))
  const texts = fc.array(fc.oneof({ weight: 9, arbitrary: fc.string({ maxLength: 100 }) }, { weight: 1, arbitrary: long }), { maxLength: 300 })
  fc.assert(
    fc.property(texts, fc.nat(3), (some, first) => {
      const page = newPage(64)
      const expected = new Uint32Array(2 * (first + some.length))
      some.forEach((text, n) => {
        appendText(page, text)
        xxhash64(page.bytes, page.valueStart, page.length - page.valueStart, expected, 2 * (first + n))
      })
      const hashes = new Uint32Array(expected.length)
      hashTexts(page.bytes, page.length, hashes, first)
      expect(hashes).toEqual(expected)
    }),
    { numRuns: 100 },
  )
})

testsWasmBuild(join(import.meta.dirname, 'text-hashes'))

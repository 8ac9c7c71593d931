import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256Hex } from '../canonical-json.ts'
import { appendText, newPage } from './page.ts'
import { hashTexts } from './text-hashes.ts'
import { xxhash64 } from './xxhash64.ts'

const beside = (name: string): string => join(import.meta.dirname, name)
const build = JSON.parse(readFileSync(beside('text-hashes.build.json'), 'utf8')) as { source_sha256: string; wasm_sha256: string; compiler: string }
const compiler = spawnSync(beside('text-hashes.sh'), ['--compiler'], { encoding: 'utf8' }).stdout?.trim()
const canBuild = compiler === build.compiler
if (!canBuild)
  console.warn(`The kernel is not built again here, only hashes are compared: that needs wasm-ld and ${build.compiler}; there is ${compiler ?? 'none'}.`)

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

test('the binary was built from the source that stands beside it', () => {
  expect(sha256Hex(readFileSync(beside('text-hashes.c')))).toBe(build.source_sha256)
  expect(sha256Hex(readFileSync(beside('text-hashes.wasm')))).toBe(build.wasm_sha256)
})

test.skipIf(!canBuild)('the binary comes out byte for byte when it is built again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-hashes-'))
  try {
    const built = join(folder, 'text-hashes.wasm')
    execFileSync(beside('text-hashes.sh'), [built], { stdio: 'inherit' })
    expect(readFileSync(built).equals(readFileSync(beside('text-hashes.wasm')))).toBe(true)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contentId, normalizeText } from './content-id.ts'

describe('normalizeText', () => {
  test.each([
    ['a\r\nb\rc\u2028d', 'a\nb\nc\nd'],
    ['\n\n a  b \t\n\n\n\nc\n', ' a  b\n\nc'],
    ['x\u00A0y\u3000z', 'x y z'],
    ['e\u0301', '\u00E9'],
    ['e\u0000\u0301\uFEFF', '\u00E9'],
    ['a\uD800b', 'a\uFFFDb'],
    ['  if x:\n\treturn', '  if x:\n\treturn'],
    [' \t\n ', ''],
  ])('%j becomes %j', (text, normal) => {
    expect(normalizeText(text)).toBe(normal)
  })

  test('is idempotent', () => {
    const units = fc.string({
      unit: fc.constantFrom(...'a \t\n\r\u0301\u0345\u2000\u2028\u00AD\uD800\uDC00\uFEFF\u1100\u1161é\uE000'.split('')),
      maxLength: 60,
    })
    fc.assert(
      fc.property(fc.oneof(units, fc.string({ unit: 'binary' })), (text) => {
        expect(normalizeText(normalizeText(text))).toBe(normalizeText(text))
      }),
      { numRuns: 600 },
    )
  })

  test('reads a megabyte of spaces in linear time', () => {
    const text = `${' '.repeat(1_000_000)}x${'\n'.repeat(1_000_000)}`
    expect(normalizeText(text)).toHaveLength(1_000_001)
  })
})

describe('contentId', () => {
  test('is the sha256 of the normalized UTF-8', () => {
    expect(contentId('hello world')).toBe('b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9')
    expect(contentId('hello world\r\n')).toBe(contentId('hello world'))
  })
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fitsBytes, startOf } from './text-bytes.ts'

test('a beginning is as long as it may be, and ends with a whole character', () => {
  expect(['añb', 'ab', '\u{FEFF}ab', '😀😀'].map((text) => startOf(text, 3))).toEqual(['añ', 'ab', '\u{FEFF}', ''])
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, bytes) => {
      const start = startOf(text, bytes)
      expect(text.startsWith(start) && Buffer.byteLength(start) <= bytes).toBe(true)
      const next = String.fromCodePoint(text.codePointAt(start.length) ?? 0)
      expect(start === text || Buffer.byteLength(start + next) > bytes).toBe(true)
    }),
  )
})

test('what fits is told by its bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(60), (text, bytes) => {
      expect(fitsBytes(text, bytes)).toBe(Buffer.byteLength(text) <= bytes)
    }),
  )
})

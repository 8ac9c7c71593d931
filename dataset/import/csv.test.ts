import fc from 'fast-check'
import { expect, test } from 'vitest'
import { recordsOf } from './csv.ts'

const field = fc
  .oneof(fc.string({ unit: fc.constantFrom('a', ' ', ',', '"', '\n', 'é', '🦀'), maxLength: 6 }), fc.string({ unit: 'grapheme' }))
  .map((text) => text.replaceAll('\r', ''))
const spelt = (text: string, isQuoted: boolean): string => (isQuoted || /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

async function* cut(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

test('records come out as they were put in, however their bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 5 }),
      fc.boolean(),
      fc.constantFrom('\n', '\r\n'),
      fc.integer({ min: 1, max: 7 }),
      async (records, isQuoted, end, size) => {
        const text = records.map((fields) => fields.map((each) => spelt(each, isQuoted)).join(',')).join(end)
        // A mark at the beginning of a file is none of its text.
        fc.pre(!text.startsWith('\uFEFF'))
        expect(await Array.fromAsync(recordsOf(cut(Buffer.from(text), size)))).toEqual(records)
      },
    ),
  )
})

test('a quote within a field that has none at its beginning is one; what stands behind a closing one belongs to the field', async () => {
  const bytes = Buffer.from('a 5" pipe,said "no, never"\r\n"x"y"z,""\r\n')
  for (const size of [1, 3, 1000]) {
    expect(await Array.fromAsync(recordsOf(cut(bytes, size)))).toEqual([
      ['a 5" pipe', 'said "no', ' never"'],
      ['xy"z', ''],
    ])
  }
})

test('a record of too many fields ends the file, and not the memory', async () => {
  await expect(Array.fromAsync(recordsOf(cut(Buffer.alloc(2 ** 20, ','), 2 ** 16)))).rejects.toThrow('more than 10000 fields')
})

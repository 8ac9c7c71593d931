import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { csvRowsOf, recordsOf } from './csv.ts'
import { RowFault } from './foreign-row.ts'
import { jsonLinesOf } from './jsonl.ts'

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

const cellsIn = async (name: string, bytes: Uint8Array) => {
  const path = join(await temporaryFolder(), name)
  await writeFile(path, bytes)
  const rows = name.endsWith('.csv') ? csvRowsOf(path, 0, new AbortController().signal) : jsonLinesOf(path, 0, new AbortController().signal)
  return Array.fromAsync(rows, ({ cells }) => (cells instanceof RowFault ? cells.code : { ...cells }))
}

test.each([
  ['UTF-16 of Windows', 'a.csv', Buffer.from('\ufefftext,n\r\nGrüße,1\r\n', 'utf16le'), [{ text: 'Grüße', n: '1' }]],
  ['UTF-16, the other way round', 'a.jsonl', Buffer.from('\ufeff{"text":"😀"}\n{"text":"b"}', 'utf16le').swap16(), [{ text: '😀' }, { text: 'b' }]],
  ['a column that begins like zstd', 'a.csv', Buffer.from('(text),P\na,b\n'), [{ '(text)': 'a', P: 'b' }]],
  [
    'numbers that Python writes and JSON has not',
    'a.jsonl',
    Buffer.from('{"text":"NaN, \\"Infinity","n":NaN,"list":[-Infinity,Infinity]}\n{"text":NaNa}\n'),
    [{ text: 'NaN, "Infinity', n: null, list: [null, null] }, 'not_json'],
  ],
  ['a text sequence', 'a.jsonl', Buffer.from('\x1e{"text":"a"}\n\x1e{"text":"b"}\n'), [{ text: 'a' }, { text: 'b' }]],
  [
    'zstd that can be sought in',
    'a.jsonl.zst',
    Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2]), zstdCompressSync('{"text":"a"}\n'), zstdCompressSync('{"text":"b"}\n')]),
    [{ text: 'a' }, { text: 'b' }],
  ],
])('%s is read', async (_what, name, bytes, expected) => {
  expect(await cellsIn(name, bytes)).toEqual(expected)
})

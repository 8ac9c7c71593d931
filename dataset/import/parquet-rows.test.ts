import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { expect, test } from 'vitest'
import type { OrreryError } from '#schemas/errors.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { unpackHadoopLz4, unpackLz4 } from './lz4.ts'
import { parquetFooter, parquetRowsOf } from './parquet-rows.ts'
import { openFileBytes } from './source-bytes.ts'

test('a row group of more rows than anybody writes is refused before it is in memory, whatever few bytes it has', async () => {
  const path = join(await temporaryFolder(), 'many.parquet')
  await writeFile(path, new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'text', data: ['a', 'b'], type: 'STRING' }] })))
  await using file = await openFileBytes(path)
  const footer = await parquetFooter(path, file)
  const rowsOf = () => Array.fromAsync(parquetRowsOf({ path, file, footer }, ['text'], 0, new AbortController().signal))
  expect(await rowsOf()).toMatchObject([{ cells: { text: 'a' } }, { cells: { text: 'b' } }])
  footer.row_groups[0]!.num_rows = 2n ** 21n + 1n
  await expect(rowsOf()).rejects.toMatchObject({ code: 'invalid_record', message: expect.stringContaining('a row group of 2097153 rows') })
})

/** As pyarrow writes `text` of three rows, packed with LZ4_RAW. */
const packed =
  'UEFSMRUAFZoBFWQsFQYVABUGFQYcAAAA8hMCAAAAAwM+AAAAdGhlIHNhbWUgd29yZHMgYWdhaW4gYW5kCgAvLCAgAAtQAQAAAGIVBBksNQAYBnNjaGVtYRUCABUMJQIYBHRleHQlAEwcAAAAFgYZHBkcJgAcFQwZJQYAGRgEdGV4dBUOFgYWwgEWjAEmCEkcFQAVABUCADwWfhkGGSYCBAAAABbCARYGJggWjAEAKCBwYXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW9uIDI2LjAuMRkcHAAAAIwAAABQQVIx'
const words = 'the same words again and again, the same words again and again'

async function rowsIn(bytes: Uint8Array) {
  const path = join(await temporaryFolder(), 'some.parquet')
  await writeFile(path, bytes)
  await using file = await openFileBytes(path)
  const footer = await parquetFooter(path, file)
  return await Array.fromAsync(parquetRowsOf({ path, file, footer }, ['text'], 0, new AbortController().signal), ({ cells }) => cells)
}

test('pages that LZ4 packed are read, and a damaged one is told', async () => {
  const bytes = Buffer.from(packed, 'base64')
  expect(await rowsIn(bytes)).toEqual([{ text: words }, { text: 'b' }, { text: null }])
  for (let at = 21; at < 71; at++) {
    const damaged = Buffer.from(bytes)
    damaged[at]! ^= 0x5a
    const refused = await rowsIn(damaged).then(
      () => undefined,
      (error: unknown) => (error as OrreryError).code,
    )
    expect([undefined, 'invalid_record']).toContain(refused)
  }
})

test('an LZ4 block that lies of its lengths or reaches beyond its ends is damaged; frames of Hadoop are its other form', () => {
  // Four literals, six bytes of four back, five literals.
  const block = Uint8Array.from([0x42, 97, 98, 99, 100, 4, 0, 0x50, 101, 102, 103, 104, 105])
  const text = 'abcdabcdabefghi'
  expect(Buffer.from(unpackLz4(block, text.length)).toString()).toBe(text)
  for (const [cut, bytes] of [
    [block, 14],
    [block, 16],
    [block.subarray(0, 6), 15],
    [block.subarray(0, 9), 15],
    [Uint8Array.of(0xf0, 255), 300],
    [Uint8Array.of(0x02, 1, 0), 6],
  ] as const)
    expect(() => unpackLz4(cut, bytes)).toThrow(/LZ4 block/)
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 15, 0, 0, 0, 13]), block])
  expect(Buffer.from(unpackHadoopLz4(Buffer.concat([frame, frame]), 30)).toString()).toBe(text + text)
  expect(Buffer.from(unpackHadoopLz4(block, 15)).toString()).toBe(text)
})

test('a file that is encrypted, or has columns that are, says so', async () => {
  const footer = Buffer.from(Buffer.from(packed, 'base64'))
  footer.write('PARE', footer.length - 4)
  await expect(rowsIn(footer)).rejects.toMatchObject({ code: 'invalid_record', message: expect.stringMatching(/is encrypted.*write it anew without/) })
  const path = join(await temporaryFolder(), 'columns.parquet')
  await writeFile(path, Buffer.from(packed, 'base64'))
  await using file = await openFileBytes(path)
  const metadata = await parquetFooter(path, file)
  metadata.row_groups[0]!.columns[0]!.crypto_metadata = {}
  const rows = Array.fromAsync(parquetRowsOf({ path, file, footer: metadata }, ['text'], 0, new AbortController().signal))
  await expect(rows).rejects.toMatchObject({ message: expect.stringMatching(/columns of it are/) })
})

import fc from 'fast-check'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { readParquet, writeParquet } from 'parquet-wasm/node'
import { describe, expect, test } from 'vitest'
import { testDocuments } from '#test/golden/documents.ts'
import type { Document } from '../document.ts'
import { documentColumns, documentSchema, toCell } from './columns.ts'
import { decodeDocuments, decodeFile, RefusedRow } from './decode.ts'
import { encodeDocuments } from './encode.ts'
import { inMemory } from './file-bytes.ts'
import { inspectParquet, readFooter } from './inspect.ts'
import { chunkRange } from './pages.ts'

const outcomeOf = (hostile: Uint8Array): Promise<unknown> =>
  decodeDocuments(hostile).then(
    (read) => read.length,
    (error: { code?: string }) => error.code,
  )

const withFooter = (...parts: readonly Uint8Array[]) => {
  const own = Buffer.concat(parts)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(own.length)
  return Buffer.concat([Buffer.from('PAR1'), own, length, Buffer.from('PAR1')])
}

const asOther = (documents: readonly Document[]) =>
  new Uint8Array(
    parquetWriteBuffer({
      schema: [...documentSchema],
      columnData: documentColumns.map((column) => ({ name: column.name, data: documents.map((document) => toCell(column, document)) })),
    }),
  )

describe('hostile bytes', () => {
  const bytes = encodeDocuments(testDocuments(12), { codec: 'zstd' })
  const refused = { code: 'invalid_record' }

  test.each([
    ['nothing', new Uint8Array()],
    ['a header only', bytes.slice(0, 4)],
    ['magic without a footer', new TextEncoder().encode('PAR1\0\0\0\0PAR1')],
    ['a truncated file', bytes.slice(0, bytes.length - 100)],
    ['a file without its head', bytes.slice(50)],
    ['text', new TextEncoder().encode('this is no parquet file at all')],
  ])('refuses %s', async (_, hostile) => {
    await expect(inspectParquet(inMemory(hostile))).rejects.toMatchObject(refused)
    await expect(decodeDocuments(hostile)).rejects.toMatchObject(refused)
  })

  const [listField, listOfLists, listOfStructs, listOfBooleans] = [0x19, 0xf9, 0xfc, 0xf1]
  const [thirtyMillion, fourteenMillion, mostOfAll] = [Buffer.from('8087a70e', 'hex'), Buffer.from('80808007', 'hex'), Buffer.from('ffffffff07', 'hex')]

  test.each([
    ['nests without end', withFooter(Buffer.alloc(1 << 20, 0x1c))],
    [
      'claims lists of lists of millions',
      withFooter(Buffer.from([listField]), ...Array.from({ length: 20_000 }, () => Buffer.concat([Buffer.from([listOfLists]), thirtyMillion]))),
    ],
    ['holds millions of nothing', withFooter(Buffer.from([listField, listOfStructs]), fourteenMillion, Buffer.alloc(14 << 20))],
    ['claims 2^31 booleans', withFooter(Buffer.from([listField, listOfBooleans]), mostOfAll, Buffer.alloc(14 << 20))],
    ['holds a number without an end', withFooter(Buffer.from([0x15]), Buffer.alloc(1 << 20, 0xff))],
  ])('refuses a footer that %s, before anything is made of it', async (_, hostile) => {
    const before = process.memoryUsage().rss
    await expect(inspectParquet(inMemory(hostile))).rejects.toMatchObject(refused)
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 2 ** 20)
  })

  test('refuses a page whose header claims lists of lists of millions', async () => {
    const lists = Array.from({ length: 800 }, () => Buffer.concat([Buffer.from([listOfLists]), thirtyMillion]))
    const header = Buffer.concat([Buffer.from([listField]), ...lists])
    const hostile = Buffer.from(bytes)
    header.copy(hostile, 4)
    expect(await outcomeOf(hostile)).toBe('invalid_record')
  })

  test('refuses a small file whose dictionaries give one long value to many rows, before anything is made of it', async () => {
    const text = 'a long text that stands there once '.repeat(2 ** 15)
    const file = asOther(testDocuments(600).map((document) => ({ ...document, text })))
    expect(file.length).toBeLessThan(2 ** 20)
    await expect(decodeDocuments(file)).rejects.toMatchObject({
      code: 'invalid_record',
      details: { what: 'its rows from 0 hold more than 536870912 characters' },
    })
  })

  test.each(['label', 'id', 'minhash', 'rights'])('makes nothing of a cell of %s that is longer than its column may be', async (name) => {
    const long =
      name === 'minhash' ? new Uint8Array(100_000) : name === 'rights' ? { ...testDocuments(1)[0]!.rights, licence: 'x'.repeat(100_000) } : 'x'.repeat(100_000)
    const [rows] = await Array.fromAsync(decodeFile(inMemory(asOther(testDocuments(20, { [name]: long })))))
    expect(rows?.map((row) => (row instanceof RefusedRow ? [row.column, row.reason] : []))).toEqual(Array.from({ length: 20 }, () => [name, 'too_large']))
  })

  /** Bytes of ours have pages of version 2, those of Arrow of version 1. */
  const files = [bytes, encodeDocuments(testDocuments(12), { codec: 'snappy' }), writeParquet(readParquet(bytes))]

  test('refuses or reads a file with flipped bytes, in bounded time, with a coded error', async () => {
    expect.hasAssertions()
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...files), flips, async (file, places) => {
        const flipped = file.slice()
        for (const [place, mask] of places) flipped[place % file.length] = (flipped[place % file.length] as number) ^ mask
        expect([12, 'invalid_record']).toContain(await outcomeOf(flipped))
      }),
      { numRuns: 600 },
    )
  })

  test('never reads other documents out of our own pages when a bit of them flips, as each has a checksum', async () => {
    expect.hasAssertions()
    const documents = testDocuments(12)
    const { row_groups: groups } = await readFooter(inMemory(bytes))
    const end = Math.max(...groups.flatMap(({ columns }) => columns.map(({ meta_data: chunk }) => chunkRange(chunk!).end)))
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 4, max: end - 1 }), fc.nat(7), async (place, bit) => {
        const flipped = bytes.slice()
        flipped[place] = (flipped[place] as number) ^ (1 << bit)
        const read = await decodeDocuments(flipped).catch(({ code }) => code)
        expect(read === 'invalid_record' ? documents : read).toEqual(documents)
      }),
      { numRuns: 400 },
    )
  })

  test('refuses a file that lost a stretch of its bytes, or had one doubled or zeroed', async () => {
    expect.hasAssertions()
    const stretch = fc.record({ from: fc.nat(), bytes: fc.integer({ min: 1, max: 5_000 }), how: fc.constantFrom('lost', 'doubled', 'zeroed') })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...files), stretch, async (file, { from, bytes: length, how }) => {
        const at = from % file.length
        const part =
          how === 'lost'
            ? []
            : how === 'zeroed'
              ? [Buffer.alloc(Math.min(length, file.length - at))]
              : [file.slice(at, at + length), file.slice(at, at + length)]
        expect([12, 'invalid_record']).toContain(await outcomeOf(Buffer.concat([file.slice(0, at), ...part, file.slice(at + length)])))
      }),
      { numRuns: 200 },
    )
  })

  test('refuses or reads a file with a flipped footer', async () => {
    expect.hasAssertions()
    const footerBytes = new DataView(bytes.buffer).getUint32(bytes.length - 8, true)
    await fc.assert(
      fc.asyncProperty(fc.nat(footerBytes + 7), fc.integer({ min: 1, max: 255 }), async (place, mask) => {
        const flipped = bytes.slice()
        const at = bytes.length - 1 - place
        flipped[at] = (flipped[at] as number) ^ mask
        const outcome = await inspectParquet(inMemory(flipped)).then(
          ({ rows }) => typeof rows,
          (error: { code?: string }) => error.code,
        )
        expect(['number', 'invalid_record']).toContain(outcome)
      }),
      // The example leaves a row group without columns.
      { numRuns: 1500, examples: [[4017, 16]] },
    )
  })
})

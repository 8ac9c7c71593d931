import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { parquetMetadata, parquetReadObjects, type SchemaElement } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Document } from '../document.ts'
import { canonicalJson } from '../canonical-json.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { documentColumns, documentSchema, toCell } from './columns.ts'
import { decompressors } from './compression.ts'
import { decodeDocuments } from './decode.ts'
import { DocumentEncoder, encodeDocuments } from './encode.ts'
import { inMemory } from './file-bytes.ts'
import { inspectParquet } from './inspect.ts'

const documents = testDocuments(60)
const codecs = ['zstd', 'snappy'] as const
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-parquet-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe.each(codecs)('a shard written with %s', (codec) => {
  const bytes = encodeDocuments(documents, { codec })

  test('gives its documents back', async () => {
    expect(await decodeDocuments(bytes)).toEqual(documents)
    expect(encodeDocuments(documents, { codec })).toEqual(bytes)
  })

  test('is the same in whatever portions its documents come', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 6 }), (sizes) => {
        using encoder = new DocumentEncoder({ codec })
        const pieces: Buffer[] = []
        const take = (part: Iterable<Uint8Array>) => {
          for (const piece of part) pieces.push(Buffer.from(piece))
        }
        let from = 0
        for (const size of [...sizes, documents.length]) take(encoder.append(documents.slice(from, (from += size))))
        take(encoder.finish())
        expect(Buffer.concat(pieces).equals(bytes)).toBe(true)
      }),
      { numRuns: 15 },
    )
  })

  test('is read from any view of its bytes: a Buffer, a part of a larger array', async () => {
    const padded = new Uint8Array(bytes.length + 16)
    padded.set(bytes, 8)
    for (const view of [Buffer.from(bytes), padded.subarray(8, 8 + bytes.length)]) {
      expect(await decodeDocuments(view)).toEqual(documents)
      expect((await inspectParquet(inMemory(view))).rows).toBe(60)
    }
  })

  test('says what it is in its footer', async () => {
    expect(await inspectParquet(inMemory(bytes))).toEqual({
      rows: 60,
      rowGroups: [{ rows: 60, bytes: expect.any(Number) }],
      codecs: [codec.toUpperCase()],
      schemaFault: undefined,
      createdBy: 'orrery version 1',
    })
  })

  test('reads the same in DuckDB and in hyparquet', async () => {
    const path = join(folder, `${codec}.parquet`)
    await writeFile(path, bytes)
    const database = await DuckDBInstance.create(':memory:')
    const connection = await database.connect()
    const reader = await connection.runAndReadAll(
      `SELECT * EXCLUDE file_row_number FROM read_parquet('${path}', file_row_number = true) ORDER BY file_row_number`,
    )
    const rows = reader.getRowObjectsJS()
    connection.closeSync()
    database.closeSync()
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
    const expected = documents.map(toRow)
    expect(rows.map(withBytes)).toEqual(expected)
    expect((await parquetReadObjects({ file, compressors: decompressors, utf8: false })).map(withBytes)).toEqual(expected)
  })
})

/** The row as a reader without our codec sees it. */
function toRow(document: Document): Record<string, unknown> {
  const jsonCells = documentColumns.filter(({ kind }) => kind === 'json').map(({ name }) => [name, canonicalJson(document[name])])
  return { ...document, ...Object.fromEntries(jsonCells) }
}

/** One shape for what the readers spell differently: blobs. */
function withBytes(row: Record<string, unknown>): Record<string, unknown> {
  return { ...row, minhash: Uint8Array.from(row['minhash'] as Uint8Array) }
}

describe('encodeDocuments', () => {
  test('has blooms on id and uri, and statistics on datetime', () => {
    const bytes = encodeDocuments(documents, { codec: 'zstd' })
    const chunks = parquetMetadata(bytes).row_groups[0]?.columns ?? []
    const chunk = (name: string) => chunks.find(({ meta_data }) => meta_data?.path_in_schema[0] === name)?.meta_data
    expect(chunks.filter(({ meta_data }) => meta_data?.bloom_filter_offset !== undefined).map(({ meta_data }) => meta_data?.path_in_schema[0])).toEqual([
      'id',
      'uri',
    ])
    expect(chunk('datetime')?.statistics).toMatchObject({ min_value: documents[0]?.datetime, max_value: documents[59]?.datetime })
    expect(chunk('text')?.statistics).toMatchObject({ null_count: 0n, is_max_value_exact: false, is_min_value_exact: false })
  })

  test('refuses another schema, and says which column differs', async () => {
    // A signature of a fixed length is another column: pyarrow, polars and `datasets` each trip over it.
    const foreign = (schema: SchemaElement[]) =>
      new Uint8Array(
        parquetWriteBuffer({
          schema,
          columnData: documentColumns.map((column) => ({ name: column.name, data: documents.map((document) => toCell(column, document)) })),
        }),
      )
    const fixed = foreign(
      documentSchema.map((element) => (element.name === 'minhash' ? { ...element, type: 'FIXED_LEN_BYTE_ARRAY', type_length: 448 } : element)),
    )
    const what = 'its column 28 is REQUIRED "minhash" FIXED_LEN_BYTE_ARRAY (448), not REQUIRED "minhash" BYTE_ARRAY'
    expect((await inspectParquet(inMemory(fixed))).schemaFault).toBe(what)
    await expect(decodeDocuments(fixed)).rejects.toMatchObject({ code: 'invalid_record', details: { what } })
    expect(await decodeDocuments(foreign([...documentSchema]))).toEqual(documents)
  })

  test('makes row groups of exactly 10,000 rows, only the last shorter', async () => {
    const base = testDocuments(4)
    const many = Array.from({ length: 20_001 }, (_, n) => ({ ...(base[n % 4] as Document), uri: `https://e.example/${n}`, version: n + 1 }))
    const bytes = encodeDocuments(many, { codec: 'zstd' })
    expect(await inspectParquet(inMemory(bytes))).toMatchObject({ rows: 20_001, rowGroups: [{ rows: 10_000 }, { rows: 10_000 }, { rows: 1 }] })
    const read = await decodeDocuments(bytes)
    expect(read.map(({ uri }) => uri)).toEqual(many.map(({ uri }) => uri))
    const paged = parquetMetadata(bytes).row_groups[0]?.columns.filter(({ offset_index_offset }) => offset_index_offset)
    expect(paged?.map(({ meta_data }) => meta_data?.path_in_schema[0])).toContain('text')
  })

  test.each(codecs)('writes columns of nulls with %s', async (codec) => {
    const bare = testDocuments(3, { author: null, site_name: null, published_at: null, modified_at: null, etag: null, last_modified: null })
    expect(await decodeDocuments(encodeDocuments(bare, { codec }))).toEqual(bare)
  })

  test('writes any document so that it reads back equal', async () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).map((value) => value.toWellFormed())
    const instant = fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
    const some = fc.record({
      title: text,
      text,
      etag: fc.option(text),
      published_at: fc.option(instant),
      modified_at: fc.constant(null),
      datetime: instant,
      quality: fc.dictionary(
        fc.stringMatching(/^[a-z]{1,5}$/),
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
        { noNullPrototype: true },
      ),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(some, { maxLength: 5 }), fc.constantFrom(...codecs), async (parts, codec) => {
        const rows = parts.map((part, n) => testDocument(n, part))
        expect(await decodeDocuments(encodeDocuments(rows, { codec }))).toEqual(rows)
      }),
      { numRuns: 40 },
    )
  })
})

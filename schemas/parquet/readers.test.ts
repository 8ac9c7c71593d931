import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { tableFromIPC } from 'apache-arrow'
import { parquetMetadata, readColumnIndex, readOffsetIndex, type ColumnChunk } from 'hyparquet'
import { readParquet, writeParquet } from 'parquet-wasm/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findPython, runPython } from '#test/bench/python.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { longText } from '#test/golden/shard-cases.ts'
import { documentColumns, documentSchema, toCell } from './columns.ts'
import { decodeDocuments } from './decode.ts'
import { encodeDocuments } from './encode.ts'

const python = await findPython({ packages: ['pyarrow'], install: false })
if (!python) console.warn('pyarrow.parquet is not read: no Python with pyarrow; name one in PYARROW_PYTHON')

const documents = [...testDocuments(40), testDocument(40, { title: longText }), testDocument(41, { title: `\u{FFFD}${'x'.repeat(80)}` })]
const bytes = encodeDocuments(documents, { codec: 'zstd' })
let folder: string
let path: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-readers-'))
  path = join(folder, 'shard.parquet')
  await writeFile(path, bytes)
})
afterAll(() => rm(folder, { recursive: true }))

/** Cells in one spelling: times as milliseconds, bytes as hex. */
const spell = (value: unknown): unknown =>
  value instanceof Date ? value.getTime() : value instanceof Uint8Array ? Buffer.from(value).toString('hex') : (value ?? null)
const expected = documents.map((document) => Object.fromEntries(documentColumns.map((column) => [column.name, spell(toCell(column, document))])))

test('parquet-wasm reads every cell, and what it writes of them is read by us', async () => {
  const table = tableFromIPC(readParquet(bytes).intoIPCStream())
  expect(table.toArray().map((row) => Object.fromEntries(Object.entries(row.toJSON()).map(([name, cell]) => [name, spell(cell)])))).toEqual(expected)
  expect(await decodeDocuments(writeParquet(readParquet(bytes)))).toEqual(documents)
})

test.skipIf(!python)('pyarrow reads every cell, and what it writes of them, with pages of either version, is read by us', async () => {
  const script = `
import json, sys, datetime, pyarrow.parquet as pq
path, folder = sys.argv[1:]
table = pq.read_table(path)
for version in ('1.0', '2.0'):
  for dictionary in (True, False):
    pq.write_table(table, f'{folder}/{version}-{dictionary}.parquet', compression='zstd', data_page_version=version, use_dictionary=dictionary)
pq.write_table(table.slice(0, 0), f'{folder}/empty.parquet', compression='zstd')
pq.write_table(table, f'{folder}/gzip.parquet', compression='gzip', data_page_version='2.0', use_dictionary=False)
def spell(value):
  if isinstance(value, bytes): return value.hex()
  if isinstance(value, datetime.datetime): return round(value.timestamp() * 1000)
  return value
print(json.dumps([{name: spell(cell) for name, cell in row.items()} for row in table.to_pylist()]))`
  expect(await runPython(python as string, script, [path, folder])).toEqual(expected)
  for (const name of ['1.0-True', '1.0-False', '2.0-True', '2.0-False']) {
    expect(await decodeDocuments(await readFile(join(folder, `${name}.parquet`)))).toEqual(documents)
  }
  expect(await decodeDocuments(await readFile(join(folder, 'empty.parquet')))).toEqual([])
  await expect(decodeDocuments(await readFile(join(folder, 'gzip.parquet')))).rejects.toMatchObject({ details: { what: 'it is compressed with GZIP' } })
})

test('DuckDB finds by the bloom filters that an id or a uri is not there', async () => {
  const database = await DuckDBInstance.create(':memory:')
  const connection = await database.connect()
  const excludes = async (column: string, value: string) => {
    const reader = await connection.runAndReadAll(`select bloom_filter_excludes as excludes from parquet_bloom_probe('${path}', '${column}', '${value}')`)
    return reader.getRowObjectsJS().map((row) => row['excludes'])
  }
  for (const { id, uri } of documents) expect([...(await excludes('id', id)), ...(await excludes('uri', uri))]).toEqual([false, false])
  const strangers = Array.from({ length: 50 }, (_, n) => `https://stranger.example/${n}`)
  const found = (await Promise.all(strangers.map((uri) => excludes('uri', uri)))).flat().filter((excluded) => excluded === false)
  connection.closeSync()
  database.closeSync()
  expect(found.length).toBeLessThan(5)
})

const element = (chunk: ColumnChunk) => documentSchema.find(({ name }) => name === chunk.meta_data?.path_in_schema[0])!

describe('page indexes', () => {
  const base = testDocuments(6)
  const many = Array.from({ length: 10_100 }, (_, n) => ({ ...base[n % 6]!, uri: `https://e.example/${String(n).padStart(6, '0')}` }))
  const file = encodeDocuments(many, { codec: 'zstd' })
  const groups = parquetMetadata(file.slice().buffer).row_groups
  const at = (offset: bigint | undefined, length: number | undefined) => ({ view: new DataView(file.buffer, Number(offset), Number(length)), offset: 0 })

  test('the signature has no bounds', () => {
    for (const { columns } of groups) {
      const { meta_data: chunk, column_index_offset: index } = columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === 'minhash')!
      expect([index, chunk!.statistics]).toEqual([undefined, { null_count: 0n }])
    }
  })

  test('every other chunk has both, and they tell where its pages are and what is in them', () => {
    for (const { columns, num_rows } of groups) {
      for (const chunk of columns.filter(({ meta_data }) => meta_data?.path_in_schema[0] !== 'minhash')) {
        const offsets = readOffsetIndex(at(chunk.offset_index_offset, chunk.offset_index_length)).page_locations
        const end = Number(chunk.meta_data!.dictionary_page_offset ?? chunk.meta_data!.data_page_offset) + Number(chunk.meta_data!.total_compressed_size)
        expect(offsets.map((page) => Number(page.offset) + page.compressed_page_size)).toEqual([...offsets.slice(1).map((page) => Number(page.offset)), end])
        const starts = [...offsets.map((page) => Number(page.first_row_index)), Number(num_rows)]
        expect(starts[0]).toBe(0)
        for (const [n, start] of starts.slice(1).entries()) expect((start - starts[n]! - 1) * (5_000 - start + starts[n]!)).toBeGreaterThanOrEqual(0)
        const index = readColumnIndex(at(chunk.column_index_offset, chunk.column_index_length), element(chunk))
        expect(index.null_pages).toEqual(offsets.map(() => chunk.meta_data?.path_in_schema[0] === 'markdown'))
        expect(index.null_counts?.reduce((a, b) => a + b, 0n)).toBe(chunk.meta_data?.statistics?.null_count)
      }
    }
  })

  test('a sorted column says so, and its pages do not overlap', () => {
    const uri = groups[0]!.columns[1]!
    const index = readColumnIndex(at(uri.column_index_offset, uri.column_index_length), element(uri))
    expect(index.boundary_order).toBe('ASCENDING')
    expect([index.min_values, index.max_values]).toEqual([
      ['https://e.example/000000', 'https://e.example/005000'],
      ['https://e.example/004999', 'https://e.example/009999'],
    ])
  })
})

test('bounds of long texts are cut between characters, the upper one raised, in the order of UTF-8', () => {
  const [group] = parquetMetadata(bytes.slice().buffer).row_groups
  const statistics = group!.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === 'title')!.meta_data!.statistics
  expect(statistics).toMatchObject({ min_value: 'Page 0', is_min_value_exact: true, max_value: `\u{FFFD}${'x'.repeat(60)}y`, is_max_value_exact: false })
  const [cut] = parquetMetadata(encodeDocuments([testDocument(1, { title: longText })], { codec: 'zstd' }).slice().buffer).row_groups
  const title = cut!.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === 'title')!.meta_data!.statistics
  expect(title).toMatchObject({ min_value: 'é'.repeat(31), max_value: `${'é'.repeat(30)}ê`, is_min_value_exact: false, is_max_value_exact: false })
})

test.each([
  [[0.25, Number.NaN, 0.5], { min: 0.25, max: 0.5, indexed: true }],
  [[Number.NaN, Number.NaN, Number.NaN], { min: undefined, max: undefined, indexed: false }],
])('what is not a number, which no document has, would stand in no bound: %j', (scores, expected) => {
  const [group] = parquetMetadata(
    encodeDocuments(
      scores.map((score, n) => testDocument(n, { lang_score: score, published_score: score })),
      { codec: 'zstd' },
    ).slice().buffer,
  ).row_groups
  for (const name of ['lang_score', 'published_score']) {
    const chunk = group!.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === name)!
    const { min_value: min, max_value: max } = chunk.meta_data!.statistics!
    expect({ min, max, indexed: chunk.column_index_offset !== undefined }).toEqual(expected)
  }
})

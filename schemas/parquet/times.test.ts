import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { expect, test } from 'vitest'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { documentColumns, documentSchema, toCell } from './columns.ts'
import { decodeDocuments } from './decode.ts'
import { encodeDocuments } from './encode.ts'
import { decompressors } from './compression.ts'
import { inspectParquet } from './inspect.ts'

/** The first and last a document may have, and those around the epoch and the halves of a number. */
const instants = [
  '0001-01-01T00:00:00.000Z',
  '1969-12-31T23:59:59.999Z',
  '1970-01-01T00:00:00.000Z',
  '1970-02-19T17:02:47.296Z',
  '2026-01-05T01:02:03.004Z',
  '9999-12-31T23:59:59.999Z',
]

test('times stand in a shard as microseconds, in its bounds too, and come back as they were', async () => {
  const documents = instants.map((instant, n) => testDocument(n, { datetime: new Date(instant), published_at: new Date(instant) }))
  const bytes = encodeDocuments(documents, { codec: 'zstd' })
  expect((await decodeDocuments(bytes)).map(({ datetime }) => datetime.toISOString())).toEqual(instants)
  const file = Uint8Array.from(bytes).buffer
  const metadata = await parquetMetadataAsync(file)
  const column = metadata.row_groups[0]!.columns.find(({ meta_data: chunk }) => chunk?.path_in_schema[0] === 'datetime')
  expect([column?.meta_data?.statistics?.min_value, column?.meta_data?.statistics?.max_value]).toEqual([new Date(instants[0]!), new Date(instants.at(-1)!)])
  const rows = await parquetReadObjects({ file, compressors: decompressors, columns: ['datetime'], parsers: { timestampFromMicroseconds: String } })
  expect(rows.map(({ datetime }) => datetime)).toEqual(instants.map((instant) => String(BigInt(Date.parse(instant)) * 1000n)))
})

const inMillis = documentSchema.map((element) =>
  element.logical_type?.type === 'TIMESTAMP'
    ? { ...element, converted_type: 'TIMESTAMP_MILLIS' as const, logical_type: { type: 'TIMESTAMP' as const, isAdjustedToUTC: true, unit: 'MILLIS' as const } }
    : element,
)
const written = (schema: typeof inMillis): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      schema,
      columnData: documentColumns.map((column) => ({ name: column.name, data: testDocuments(20).map((document) => toCell(column, document)) })),
    }),
  )

test('a shard of before, with milliseconds, is read as it was, and so is one that has both', async () => {
  expect(await decodeDocuments(written(inMillis))).toEqual(testDocuments(20))
  const mixed = inMillis.map((element, at) => (element.name === 'fetched_at' ? documentSchema[at]! : element))
  expect(await decodeDocuments(written(mixed))).toEqual(testDocuments(20))
})

test('a time between two milliseconds is in the earlier one, also before 1970', async () => {
  const micros = [1_767_225_600_000_999n, 1n, -1n, -1000n, -1001n]
  const documents = testDocuments(micros.length)
  const columnData = documentColumns.map((column) => ({
    name: column.name,
    data: column.name === 'datetime' ? micros : documents.map((document) => toCell(column, document)),
  }))
  const read = await decodeDocuments(new Uint8Array(parquetWriteBuffer({ schema: [...documentSchema], columnData })))
  expect(read.map(({ datetime }) => datetime.getTime())).toEqual([1_767_225_600_000, 0, -1, -1, -2])
})

test('a shard whose times say two units at once, or another, is none', async () => {
  const at = documentSchema.findIndex(({ name }) => name === 'datetime')
  for (const unit of ['MILLIS', 'NANOS'] as const) {
    const schema = documentSchema.with(at, { ...documentSchema[at]!, logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit } })
    expect(
      (await inspectParquet({ byteLength: written(schema as never).length, slice: async (start, end) => written(schema as never).slice(start, end) }))
        .schemaFault,
    ).toMatch(/column 16 is /)
  }
})

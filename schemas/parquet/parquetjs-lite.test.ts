// @ts-expect-error -- it ships no types
import parquetjs from 'parquetjs-lite'
import { expect, test } from 'vitest'
import { testDocuments } from '#test/golden/documents.ts'
import { documentColumns, toCell } from './columns.ts'
import { encodeDocuments } from './encode.ts'

const documents = testDocuments(60)
const bytes = Buffer.from(encodeDocuments(documents, { codec: 'snappy' }))
/** It converts an INT64 to a Date by unary plus, which no BigInt survives: its own timestamps break in the same way. */
const unreadable = documentColumns.filter(({ kind }) => kind === 'timestamp').map(({ name }) => name)

test('parquetjs-lite reads every column of a snappy shard but the timestamps', async () => {
  const readable = documentColumns.map(({ name }) => name).filter((name) => !unreadable.includes(name))
  const reader = await parquetjs.ParquetReader.openBuffer(bytes)
  expect(Number(reader.getRowCount())).toBe(documents.length)
  const rows = await rowsOf(reader, readable)
  await reader.close()
  expect(rows).toEqual(
    documents.map((document) => {
      const cells = documentColumns.filter(({ name }) => readable.includes(name)).map((column) => [column.name, toCell(column, document) ?? undefined])
      return Object.fromEntries(cells)
    }),
  )
})

test.each(unreadable)('parquetjs-lite cannot read the timestamps of %s', async (name) => {
  const reader = await parquetjs.ParquetReader.openBuffer(bytes)
  await expect(rowsOf(reader, [name])).rejects.toThrow('Cannot convert a BigInt value to a number')
  await reader.close()
})

interface Reader {
  getCursor(columns: string[]): { next(): Promise<Record<string, unknown> | null> }
}

async function rowsOf(reader: Reader, columns: string[]): Promise<Record<string, unknown>[]> {
  const cursor = reader.getCursor(columns)
  const rows: Record<string, unknown>[] = []
  for (let row = await cursor.next(); row; row = await cursor.next()) {
    if (row['minhash']) row['minhash'] = Uint8Array.from(row['minhash'] as Uint8Array)
    rows.push(row)
  }
  return rows
}

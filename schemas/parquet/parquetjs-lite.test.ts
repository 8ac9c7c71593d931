// @ts-expect-error -- it ships no types
import parquetjs from 'parquetjs-lite'
import { expect, test } from 'vitest'
import { testDocuments } from '#test/golden/documents.ts'
import { documentColumns, toCell } from './columns.ts'
import { encodeDocuments } from './encode.ts'

const documents = testDocuments(60)
const bytes = Buffer.from(encodeDocuments(documents, { codec: 'snappy' }))

test('parquetjs-lite reads every column of a snappy shard', async () => {
  const reader = await parquetjs.ParquetReader.openBuffer(bytes)
  expect(Number(reader.getRowCount())).toBe(documents.length)
  const rows = await rowsOf(
    reader,
    documentColumns.map(({ name }) => name),
  )
  await reader.close()
  expect(rows).toEqual(documents.map((document) => Object.fromEntries(documentColumns.map((column) => [column.name, toCell(column, document) ?? undefined]))))
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

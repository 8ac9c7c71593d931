import { expect, test } from 'vitest'
import { columnTable, type DocumentColumn } from '#schemas/document-columns.ts'
import { DocumentFields, DocumentsQuery } from './wire.ts'

test('all documents of an answer take at most 32 MiB, since every field is bounded', () => {
  const shown = Object.entries<DocumentColumn>(columnTable).filter(([name]) => name in DocumentFields.shape)
  expect(shown.map(([name]) => name)).toEqual(Object.keys(columnTable).filter((name) => !['text', 'markdown', 'minhash'].includes(name)))
  const most = DocumentsQuery.shape.limit.parse(200)
  expect(DocumentsQuery.shape.limit.safeParse(most + 1).success).toBe(false)
  // Of ids, times, numbers and chosen words none is longer than 140 characters.
  expect(most * shown.reduce((sum, [name, { bytesMax = 4 * 140 }]) => sum + name.length + bytesMax, 0)).toBeLessThan(32 * 2 ** 20)
})

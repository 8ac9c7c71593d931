import { expect, test } from 'vitest'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { batches, documentBytes } from './batches.ts'

const sizes = async (...parts: Parameters<typeof batches>): Promise<number[]> => (await Array.fromAsync(batches(...parts))).map(({ length }) => length)

test('a batch ends at its rows or its bytes, whichever comes first, and nothing is lost', async () => {
  const documents = testDocuments(10)
  const three = documents.slice(0, 3).reduce((sum, document) => sum + documentBytes(document), 0)
  expect(await sizes(documents, { rows: 4, bytes: Infinity })).toEqual([4, 4, 2])
  expect((await sizes(documents, { rows: 4, bytes: three }))[0]).toBe(3)
  expect((await Array.fromAsync(batches(documents, { rows: 4, bytes: three }))).flat()).toEqual(documents)
})

test('a document larger than a batch is one by itself', async () => {
  const large = testDocument(1, { text: 'word '.repeat(5000) })
  expect(await sizes([testDocument(0), large, testDocument(2)], { rows: 10, bytes: 20_000 })).toEqual([1, 1, 1])
})

test('every text a row carries counts', () => {
  const small = documentBytes(testDocument(0))
  for (const part of [{ title: 'x'.repeat(1000) }, { url: 'x'.repeat(1000) }, { etag: 'x'.repeat(1000) }, { quality: { ['x'.repeat(1000)]: 1 } }])
    expect(documentBytes(testDocument(0, part))).toBeGreaterThan(small + 2000)
})

import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { folderStore } from '#infra/store/folder.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { DataFile } from '#schemas/data-file.ts'
import { DeletedRows } from '#schemas/deletion-vector.ts'
import type { Document } from '#schemas/document.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { encodeDocuments } from '#schemas/parquet/encode.ts'
import { readDeletionVector, writeDeletionVector } from './deletion-vector.ts'
import { readDataFile, readForeignFile } from './read-data-file.ts'
import { verifyObject } from './verify-object.ts'
import { writeDataFile } from './write-data-file.ts'

const { signal } = new AbortController()
const writtenAt = new Date('2026-01-02T03:04:05Z')
const keyOf = ({ sha256 }: { sha256: string }) => `files/${sha256}.parquet`
const openStore = async () => folderStore(await temporaryFolder())

async function write(store: ObjectStore, documents: Iterable<Document> | AsyncIterable<Document>): Promise<DataFile> {
  return writeDataFile(store, { documents, codec: 'zstd', writtenAt, keyOf, spool: await temporaryFolder() })
}

/** Nothing compresses it. */
const signature = (n: number) => new Uint8Array(createHash('shake256', { outputLength: 448 }).update(String(n)).digest())

async function* asyncly<T>(values: Iterable<T>): AsyncGenerator<T> {
  yield* values
}

async function* failing() {
  yield testDocument(1)
  throw new Error('the source failed')
}

describe('writeDataFile', () => {
  test('writes what encodeDocuments gives, named by its content, and tells what is in it', async () => {
    const store = await openStore()
    const documents = [testDocument(1, { label: '__proto__' }), testDocument(2, { label: 'a' }), testDocument(3, { label: '__proto__' })]
    const bytes = encodeDocuments(documents, { codec: 'zstd' })
    const file = await write(store, documents)
    expect(Buffer.from(await store.get(file.key)).equals(bytes)).toBe(true)
    const times = documents.map(({ datetime }) => datetime.toISOString()).toSorted()
    expect(file).toMatchObject({
      key: `files/${sha256Hex(bytes)}.parquet`,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      bytes: bytes.length,
      rows: 3,
      text_bytes: documents.reduce((sum, { text_bytes }) => sum + text_bytes, 0),
      written_at: writtenAt.toISOString(),
      datetime_range: { first: times[0], last: times[2] },
      labels: [
        ['__proto__', 2],
        ['a', 1],
      ],
    })
    expect(file.columns).toHaveLength(Object.keys(documents[0]!).length)
    expect(file.columns.reduce((sum, size) => sum + size, 0)).toBeLessThan(bytes.length)
  })

  test('gives the same bytes however the documents come, also of several row groups and longer than what is kept in memory', async () => {
    const store = await openStore()
    const [some, spool] = [testDocuments(7), await temporaryFolder()]
    const documents = Array.from({ length: 20_500 }, (_, n) => ({ ...some[n % 7]!, uri: `https://e.example/${n}`, minhash: signature(n) }))
    const bytes = encodeDocuments(documents, { codec: 'zstd' })
    expect(bytes.length).toBeGreaterThan(8 * 2 ** 20)
    const file = await writeDataFile(store, { documents: asyncly(documents), codec: 'zstd', writtenAt, keyOf, spool })
    expect(Buffer.from(await store.get(file.key)).equals(bytes)).toBe(true)
    expect(file).toMatchObject({ rows: 20_500, sha256: sha256Hex(bytes) })
    expect(await readdir(spool)).toEqual([])
  })

  test('writes nothing when its documents fail', async () => {
    const store = await openStore()
    await expect(write(store, failing())).rejects.toThrow('the source failed')
    expect(await Array.fromAsync(store.list(''))).toEqual([])
  })

  test('writes a file without rows', async () => {
    const store = await openStore()
    const file = await write(store, [])
    expect(file).toMatchObject({ rows: 0, text_bytes: 0, datetime_range: null, labels: [] })
    expect((await Array.fromAsync(readDataFile(store, { file, deletes: null }, { signal }))).flat()).toEqual([])
  })
})

describe('a deletion vector', () => {
  test('takes its rows from what is read of its file', async () => {
    const store = await openStore()
    const documents = testDocuments(40)
    const file = await write(store, documents)
    const deletes = await writeDeletionVector(store, 'deletes/', DeletedRows.of([0, 7, 39]))
    const read = (await Array.fromAsync(readDataFile(store, { file, deletes }, { signal }))).flat()
    expect(read).toEqual(documents.map((document, row) => ({ row, document })).filter(({ row }) => ![0, 7, 39].includes(row)))
    const some = (await Array.fromAsync(readDataFile(store, { file, deletes }, { signal, rows: [3, 7, 8] }))).flat()
    expect(some.map(({ row }) => row)).toEqual([3, 8])
  })

  test('of no rows is none, and the same rows are the same object', async () => {
    const store = await openStore()
    expect(await writeDeletionVector(store, 'deletes/', DeletedRows.none)).toBeNull()
    const one = await writeDeletionVector(store, 'deletes/', DeletedRows.of([4, 2]))
    expect(await writeDeletionVector(store, 'deletes/', DeletedRows.of([2, 4]))).toEqual(one)
  })

  test('is refused where it is not what is said of it', async () => {
    const store = await openStore()
    const file = await write(store, testDocuments(40))
    const deletes = (await writeDeletionVector(store, 'deletes/', DeletedRows.of([39])))!
    const read = (change: object, rows = 40) => readDeletionVector(store, { file: { ...file, rows }, deletes: { ...deletes, ...change } })
    expect([...(await read({}))]).toEqual([39])
    for (const change of [{ bytes: deletes.bytes - 1 }, { bytes: deletes.bytes + 1 }, { bytes: 2 ** 40 }, { sha256: '0'.repeat(64) }, { rows: 2 }])
      await expect(read(change)).rejects.toMatchObject({ code: 'invalid_record' })
    await expect(read({}, 39)).rejects.toMatchObject({ code: 'invalid_record' })
    await expect(read({ key: 'deletes/none' })).rejects.toMatchObject({ code: 'not_found' })
  })
})

test('a file of our own with a wrong row cannot be read; one of others loses that row', async () => {
  const store = await openStore()
  const documents = testDocuments(3).map((document, n) => (n === 1 ? { ...document, http_status: 0 } : document))
  const listed = { file: await write(store, documents), deletes: null }
  await expect(Array.fromAsync(readDataFile(store, listed, { signal }))).rejects.toMatchObject({ code: 'data_unreadable', details: { key: listed.file.key } })
  const read = (await Array.fromAsync(readForeignFile(store, listed, { signal }))).flat()
  expect(read).toMatchObject([{ row: 0 }, { row: 1, column: 'http_status', reason: 'invalid' }, { row: 2 }])
})

test('an object is verified by its size and its sha256, in pieces', async () => {
  const store = await openStore()
  const body = Buffer.alloc(2 ** 21 + 5, 'orrery')
  await store.put('k', body)
  const object = { key: 'k', sha256: sha256Hex(body), bytes: body.length }
  expect(await verifyObject(store, object, signal)).toBeUndefined()
  expect(await verifyObject(store, { ...object, key: 'other' }, signal)).toBe('missing_object')
  expect(await verifyObject(store, { ...object, bytes: 5 }, signal)).toBe('wrong_size')
  expect(await verifyObject(store, { ...object, sha256: '0'.repeat(64) }, signal)).toBe('wrong_sha256')
})

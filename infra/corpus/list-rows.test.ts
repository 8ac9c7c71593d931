import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { folderStore } from '#infra/store/folder.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { readFooter } from '#schemas/parquet/inspect.ts'
import { inMemory } from '#schemas/parquet/file-bytes.ts'
import { chunkRange } from '#schemas/parquet/pages.ts'
import { rowIdentity } from '#schemas/row-identity.ts'
import { blockBytes, decodeRowList, digestBytes, identityAt } from '#schemas/row-list.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { testDocuments } from '#test/golden/documents.ts'
import { digestOf, hashParts } from './list-rows.ts'
import { writeDataFile } from './write-data-file.ts'

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const keyOf = ({ sha256 }: { sha256: string }) => `files/${sha256}.parquet`

test('a data file has a list beside it: each row, its label, each block of its bytes; and the bytes of each row group are those of its chunks', async () => {
  const store = folderStore(await temporaryFolder())
  const some = testDocuments(9)
  const documents = Array.from({ length: 10_003 }, (_, n) => ({
    ...some[n % 9]!,
    uri: `https://e.example/${n}`,
    label: n % 5 === 0 ? 'b' : n % 3 === 0 ? '__proto__' : 'a',
  }))
  const file = await writeDataFile(store, { documents, codec: 'zstd', writtenAt: new Date(0), keyOf, spool: await temporaryFolder() })
  const bytes = await store.get(file.key)
  const listBytes = await store.get(file.row_list!.key)
  expect(file.row_list).toEqual({ key: `files/${sha256Hex(listBytes)}.rows`, sha256: sha256Hex(listBytes), bytes: listBytes.length })
  const list = decodeRowList(listBytes, file)
  for (const row of [0, 1, 4999, 9999, 10_002]) {
    expect(identityAt(list, row)).toEqual(rowIdentity(documents[row]!))
    expect(file.labels[list.label[row]!]?.[0]).toBe(documents[row]!.label)
  }
  for (let block = 0; block * blockBytes < bytes.length; block++)
    expect(Buffer.from(list.digests.subarray(block * digestBytes, (block + 1) * digestBytes))).toEqual(
      Buffer.from(digestOf(bytes.subarray(block * blockBytes, (block + 1) * blockBytes))),
    )
  const { row_groups: groups } = await readFooter(inMemory(bytes))
  const expected = groups.map(({ num_rows: rows, columns }) => {
    const ranges = columns.map(({ meta_data: chunk }) => chunkRange(chunk!))
    const group = bytes.subarray(Math.min(...ranges.map(({ start }) => start)), Math.max(...ranges.map(({ end }) => end)))
    return { rows: Number(rows), bytes: group.length, sha256: sha256Hex(group) }
  })
  expect(file.row_groups).toEqual(expected)
})

test('parts are hashed alike however the bytes come', async () => {
  const bytes = new Uint8Array(createHash('shake256', { outputLength: 3 * blockBytes }).digest())
  const parts = {
    groups: [
      { rows: 1, bytes: blockBytes - 4 },
      { rows: 1, bytes: blockBytes },
      { rows: 1, bytes: 77 },
    ],
    fileBytes: bytes.length,
  }
  const first = await hashParts(inPieces(bytes, bytes.length), parts)
  expect(first.row_groups[1]?.sha256).toBe(sha256Hex(bytes.subarray(blockBytes, 2 * blockBytes)))
  expect(first.row_groups[2]?.sha256).toBe(sha256Hex(bytes.subarray(2 * blockBytes, 2 * blockBytes + 77)))
  for (const size of [1000, blockBytes, blockBytes + 1]) expect(await hashParts(inPieces(bytes, size), parts)).toEqual(first)
})

import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { folderStore } from '#infra/store/folder.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { testDocuments } from '#test/golden/documents.ts'
import type { ByteRange } from '#schemas/object-store.ts'
import { readDataFile } from './read-data-file.ts'
import { writeDataFile } from './write-data-file.ts'

const { signal } = new AbortController()
const keyOf = ({ sha256 }: { sha256: string }) => sha256

/** Noise: the file must be long enough to be read by ranges. */
const title = (n: number) => createHash('shake256', { outputLength: 400 }).update(String(n)).digest('hex')

test('what is read of a file follows what is wanted of it', async () => {
  const store = folderStore(await temporaryFolder())
  const some = testDocuments(5)
  const documents = Array.from({ length: 12_000 }, (_, n) => ({ ...some[n % 5]!, uri: `https://e.example/${n}`, title: title(n) }))
  const file = await writeDataFile(store, { documents, codec: 'zstd', writtenAt: new Date(0), keyOf, spool: await temporaryFolder() })
  const listed = { file, deletes: null }
  let bytes = 0
  const counted = {
    async get(key: string, range?: ByteRange) {
      const body = await store.get(key, range)
      bytes += body.length
      return body
    },
  }
  const take = async (options: object) => {
    bytes = 0
    const rows = (await Array.fromAsync(readDataFile(counted, listed, { signal, ...options }))).flat()
    return [rows.length, bytes / file.bytes] as const
  }
  const [all, whole] = await take({})
  expect([all, whole > 0.9 && whole < 1.1]).toEqual([12_000, true])
  const [labels, ofLabels] = await take({ columns: ['id', 'label'] })
  expect([labels, ofLabels < 0.2]).toEqual([12_000, true])
  const [tail, ofTail] = await take({ from: 11_000 })
  expect([tail, ofTail < 0.3]).toEqual([1_000, true])
  const [few, ofFew] = await take({ rows: [3, 11_999] })
  expect([few, ofFew < 0.5]).toEqual([2, true])
  const [none, ofNone] = await take({ rows: [] })
  expect([none, ofNone < 0.05]).toEqual([0, true])
})

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { folderStore } from '#infra/store/folder.ts'
import { testDocument } from '#test/golden/documents.ts'
import type { Document } from '#schemas/document.ts'
import { readDataFile } from '#infra/corpus/read-data-file.ts'
import { writeDataFile } from '#infra/corpus/write-data-file.ts'

/** Writes so many documents of 2 KiB as one file and reads them again: `node streamed-file-child.ts FOLDER DOCUMENTS` prints how many, and the most bytes it held outside of the heap. */
const [folder = '', count = '0'] = process.argv.slice(2)
const base = testDocument(1)
let heldBytes = 0
const look = () => void (heldBytes = Math.max(heldBytes, process.memoryUsage().arrayBuffers))

function* documents(): Generator<Document> {
  for (let n = 0; n < Number(count); n++) {
    if (n % 100 === 0) look()
    const text = createHash('shake256', { outputLength: 1024 }).update(String(n)).digest('hex')
    yield { ...base, uri: `https://e.example/${n}`, text, text_bytes: text.length }
  }
}

const store = folderStore(join(folder, 'store'))
const params = { codec: 'zstd', writtenAt: new Date(0), keyOf: ({ sha256 }: { sha256: string }) => sha256, spool: join(folder, 'spool') } as const
const file = await writeDataFile(store, { documents: documents(), ...params })
let read = 0
for await (const rows of readDataFile(store, { file, deletes: null }, { signal: new AbortController().signal })) {
  look()
  read += rows.length
}
process.stdout.write(JSON.stringify({ read, bytes: file.bytes, heldBytes }))

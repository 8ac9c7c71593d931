import { expect, test } from 'vitest'
import { hashParts, RowCollector } from '#infra/corpus/list-rows.ts'
import { provedFile } from '#infra/corpus/proved-file.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { encodeDocuments } from '#schemas/parquet/encode.ts'
import { identityAt, type RowColumns } from '#schemas/row-list.ts'
import type { ClaimedFile } from '#scraper/validator/claim.ts'
import { DrawnRows } from '#scraper/validator/drawn-rows.ts'
import { checkFooter } from '#scraper/validator/structure.ts'
import { testDocuments } from '#test/golden/documents.ts'

const { signal } = new AbortController()
const documents = testDocuments(40)
const whole = encodeDocuments(documents, { codec: 'zstd' })
const [{ hotkey, job_id: jobId }] = documents as [(typeof documents)[0]]

function columnsOf(): { columns: RowColumns; labels: string[] } {
  const collector = new RowCollector()
  for (const document of documents) collector.add(document)
  const { columns, labels } = collector.collected()
  return { columns, labels: labels.map(([label]) => label) }
}
const { columns, labels } = columnsOf()

const identities = async (_: string, __: string, rows: readonly number[]) =>
  rows.map((row) => ({ ...identityAt(columns, row), label: labels[columns.label[row] as number] ?? '' }))

/** Numbers that repeat, of 32 bits. */
function* numbers(seed: number): Generator<number> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state
  }
}

/** Bytes turned, cut out, doubled, cut off or zeroed, mostly in the footer and the headers of pages. */
function mutated(seed: number): Uint8Array {
  const random = numbers(seed)
  const next = (below: number): number => random.next().value! % below
  let bytes = Uint8Array.from(whole)
  for (let changes = 1 + next(4); changes > 0; changes--) {
    const at = next(3) === 0 ? next(bytes.length) : bytes.length - 1 - next(Math.min(bytes.length, 14_000))
    const size = 1 + next(64)
    const kind = next(8)
    if (kind < 4) bytes[at] = next(256)
    else if (kind === 4) bytes.fill(kind === 4 ? 255 : 0, at, at + size)
    else if (kind === 5) bytes = Uint8Array.from(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]))
    else if (kind === 6) bytes = Uint8Array.from(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + size), bytes.subarray(at)]))
    else bytes = bytes.slice(0, Math.max(1, at))
  }
  return bytes
}

/** What a look says of a miner whose shard has these bytes, and whose list and hashes are honest about them: `sound`, or the code of a failure. */
async function lookAt(bytes: Uint8Array): Promise<string> {
  const store: Pick<ObjectStore, 'get'> = { get: async (_, range) => bytes.subarray(range?.start, range?.end) }
  const { digests } = await hashParts(inOne(bytes), { groups: [], fileBytes: bytes.length })
  const file = { key: 'shard', sha256: 'ab', bytes: bytes.length, rows: documents.length }
  const fault = await checkFooter({ file } as unknown as ClaimedFile, provedFile(store, file, digests, signal))
  if (fault) return fault.code
  const known = { ...file, jobId, writtenAt: new Date(Date.UTC(2026, 5, 1)).toISOString(), deletes: null }
  const rows = new DrawnRows(hotkey, [known], { store, book: { proofs: async () => ({ digests, groups: [] }), identities }, signal })
  for (const row of [0, 17, 39]) {
    const read = await rows.read({ file: 'ab', row, block: 1 }, Date.UTC(2026, 5, 2))
    if ('code' in read) return read.code
  }
  return 'sound'
}

async function* inOne(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

test('two thousand shards that are broken, each in its way, are each a verdict and never an error', { timeout: 600_000 }, async () => {
  expect(await lookAt(whole)).toBe('sound')
  const codes = new Map<string, number>()
  for (let seed = 1; seed <= 2000; seed++) {
    const code = await lookAt(mutated(seed))
    codes.set(code, (codes.get(code) ?? 0) + 1)
  }
  // Many are in bytes that nobody reads: bounds, filters, other rows.
  expect(codes.get('not_parquet')).toBeGreaterThan(500)
  expect(codes.size).toBeGreaterThan(4)
})

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderCorpusIndex } from '#infra/corpus-index/corpus-index.ts'
import { signManifest } from '#infra/chain/signed-manifest.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Document } from '#schemas/document.ts'
import { lineage, lineOf } from '#schemas/lineage.ts'
import type { DatasetManifest } from '#schemas/manifest.ts'
import { encodeDocuments } from '#schemas/parquet/encode.ts'
import { prose, testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, putShard, putSnapshot, shardWorld, type ShardWorld, type SnapshotRequest } from '#test/golden/shards.ts'
import { readDocuments } from '../documents.ts'
import { versionFiles } from '../version-files.ts'
import type { DatasetEntry } from '../versions.ts'
import { ingest, type IngestRequest } from './ingest.ts'
import { IngestMemory } from './memory.ts'

const never = new AbortController().signal
const run = async (world: ShardWorld, parts: Partial<IngestRequest> = {}) =>
  (await ingest({ ...world, name: 'web', origin: goldenOrigin, signal: never, ...parts })).entry
const idsOf = async (world: ShardWorld, entry: DatasetEntry | undefined): Promise<string[]> =>
  entry ? (await Array.fromAsync(readDocuments(world.store, entry.manifest, never))).map(({ id }) => id).toSorted() : []
const sortedIds = (documents: readonly Document[]): string[] => documents.map(({ id }) => id).toSorted()
const skipped = (world: ShardWorld): unknown[] => world.events.filter(({ name }) => name === 'dataset.shard_skipped').map(({ fields }) => fields['reason'])
type Claim = NonNullable<SnapshotRequest['claim']>
const versions = async (world: ShardWorld): Promise<number> => (await world.catalog.head(lineage.dataset('web')))?.version ?? 0

test('a job without files, and one without rows, are no reason to stop', async () => {
  await using world = await shardWorld()
  const signer = await world.signer('a')
  await putSnapshot(world, { signer, jobId: 'none', shards: [] })
  expect(await run(world)).toBeUndefined()
  await putShard(world, { signer, jobId: 'empty', documents: [] })
  await putShard(world, { signer, jobId: 'one', documents: testDocuments(1) })
  await putShard(world, { signer, jobId: 'all-gone', documents: testDocuments(3), deletes: [0, 1, 2] })
  expect(await idsOf(world, await run(world))).toEqual(sortedIds(testDocuments(1)))
})

test('what a miner deleted leaves, and a copy of another miner takes its place', async () => {
  await using world = await shardWorld()
  const [a, b] = [await world.signer('a'), await world.signer('b')]
  const copy = testDocument(1, { uri: 'https://zzz.example/copy' })
  await putShard(world, { signer: a, jobId: 'one', documents: testDocuments(3) })
  await putShard(world, { signer: b, jobId: 'one', documents: [copy] })
  const first = await run(world)
  await putShard(world, { signer: a, jobId: 'one', documents: testDocuments(3), deletes: [0, 1] })
  const second = await run(world)
  expect(await idsOf(world, second)).toEqual(sortedIds([testDocument(1), testDocument(2)]))
  const kept = (await Array.fromAsync(readDocuments(world.store, second!.manifest, never))).find(({ id }) => id === copy.id)
  expect([kept?.uri, kept?.hotkey]).toEqual([copy.uri, b.address])
  expect(second?.kind === 'version' && Buffer.from(await world.store.get(second.manifest.gone?.key ?? '')).toString('hex')).toBe(testDocument(0).id)
  expect(await idsOf(world, first)).toEqual(sortedIds(testDocuments(3)))
})

test('rows that only moved to another file are neither gone nor new', async () => {
  await using world = await shardWorld()
  const signer = await world.signer('a')
  const all = testDocuments(6)
  await putSnapshot(world, { signer, jobId: 'one', shards: [{ documents: all.slice(0, 3) }, { documents: all.slice(3), deletes: [0] }] })
  await run(world)
  const ordinals = async () => (await Promise.all((await world.index.stats()).files.map((file) => world.index.rows(file)))).flat().map(({ ordinal }) => ordinal)
  const before = await ordinals()
  await putShard(world, { signer, jobId: 'one', documents: all.filter((_, n) => n !== 3) })
  const entry = await run(world)
  expect(entry?.kind === 'version' && entry.manifest).toMatchObject({ gone: null, documents: 5, dropped: [] })
  expect((await ordinals()).toSorted()).toEqual(before.toSorted())
  expect((await Array.fromAsync(versionFiles(world.store, entry!.manifest))).map(({ deletes }) => deletes)).toEqual([null])
})

test('a row that moved with another text or signature is no longer taken', async () => {
  await using world = await shardWorld()
  const signer = await world.signer('a')
  const [honest, other] = [testDocument(0), testDocument(1)]
  await putShard(world, { signer, jobId: 'one', documents: [honest, other] })
  await run(world)
  const swapped = { ...honest, text: 'b'.repeat(honest.text_bytes) }
  await putSnapshot(world, { signer, jobId: 'one', shards: [{ documents: [swapped, { ...other, minhash: honest.minhash }, testDocument(2)] }] })
  const second = await run(world)
  expect(await idsOf(world, second)).toEqual([testDocument(2).id])
  expect(second?.kind === 'version' && new Map(second.manifest.dropped)).toEqual(
    new Map([
      ['id_mismatch', 1],
      ['signature_mismatch', 1],
    ]),
  )
})

test('nothing leaves while a file of the snapshot is missing, and what is withdrawn leaves all the same', async () => {
  await using world = await shardWorld()
  const signer = await world.signer('a')
  await putSnapshot(world, { signer, jobId: 'one', shards: [{ documents: testDocuments(3) }, { documents: [testDocument(10)] }] })
  await run(world)
  const merged = [...testDocuments(3), testDocument(20)]
  const { files } = await putSnapshot(world, { signer, jobId: 'one', shards: [{ documents: [testDocument(10)], deletes: [0] }, { documents: merged }] })
  const lost = files[1]!.file
  const bytes = await world.store.get(lost.key)
  await world.store.delete(lost.key)
  const memory = new IngestMemory()
  expect(await idsOf(world, await run(world, { memory }))).toEqual(sortedIds(testDocuments(3)))
  expect(skipped(world)).toEqual(['missing_object'])
  // It comes back: the next snapshot of the job takes it in.
  await world.store.put(lost.key, bytes)
  await putSnapshot(world, { signer, jobId: 'one', shards: [{ documents: merged }] })
  expect(await idsOf(world, await run(world, { memory }))).toEqual(sortedIds(merged))
})

test('a damaged deletion vector costs its file, not the job: what was there stays', async () => {
  await using world = await shardWorld()
  const signer = await world.signer('a')
  const damage = (jobId: string, documents: Document[]) =>
    putShard(world, {
      signer,
      jobId,
      documents,
      deletes: [1],
      claim: (m) => ({
        ...m,
        files: m.files.map(({ file, deletes }) => ({ file, deletes: deletes && { ...deletes, rows: 2 } })),
      }),
    })
  await putShard(world, { signer, jobId: 'old', documents: testDocuments(3) })
  await run(world)
  await damage('old', testDocuments(3))
  await damage('new', [testDocument(7), testDocument(8)])
  await putShard(world, { signer, jobId: 'good', documents: [testDocument(9)] })
  expect(await idsOf(world, await run(world))).toEqual(sortedIds([...testDocuments(3), testDocument(9)]))
  expect(skipped(world)).toEqual(['bad_deletes', 'bad_deletes'])
  await putShard(world, { signer, jobId: 'old', documents: testDocuments(3), deletes: [1] })
  expect(await idsOf(world, await run(world))).toEqual(sortedIds([testDocument(0), testDocument(2), testDocument(9)]))
})

test('a deletion vector that is missing may come: the next snapshot of the job takes the file in', async () => {
  await using world = await shardWorld()
  const signer = await world.signer('a')
  const { files } = await putShard(world, { signer, jobId: 'one', documents: testDocuments(3), deletes: [1] })
  const { key } = files[0]!.deletes!
  const bytes = await world.store.get(key)
  await world.store.delete(key)
  expect(await idsOf(world, await run(world))).toEqual([])
  expect(skipped(world)).toEqual(['missing_object'])
  await world.store.put(key, bytes)
  await putSnapshot(world, { signer, jobId: 'one', shards: [{ documents: testDocuments(3), deletes: [1] }, { documents: [testDocument(5)] }] })
  expect(await idsOf(world, await run(world))).toEqual(sortedIds([testDocument(0), testDocument(2), testDocument(5)]))
})

test('what cannot be taken is looked at once, not at every ingest', async () => {
  await using world = await shardWorld()
  const signer = await world.signer('a')
  const garbage = Buffer.from('PAR1 this is no table PAR1')
  const file = { sha256: sha256Hex(garbage), bytes: garbage.length }
  const claim: Claim = (m) => ({
    ...m,
    files: m.files.map((listed, n) => (n === 0 ? { ...listed, file: { ...listed.file, ...file, key: listed.file.key.replace('_1_', '_9_') } } : listed)),
  })
  const shards = [{ documents: [testDocument(1)] }, { documents: [testDocument(2)] }]
  const { files } = await putSnapshot(world, { signer, jobId: 'one', shards, claim })
  await world.store.put(files[0]!.file.key, garbage)
  const memory = new IngestMemory()
  const reads: string[] = []
  const store = { ...world.store, get: (key: string, range?: { start: number; end: number }) => (reads.push(key), world.store.get(key, range)) }
  await run(world, { memory, store })
  expect(skipped(world)).toEqual(['unreadable'])
  reads.length = 0
  await putSnapshot(world, { signer, jobId: 'one', shards: [...shards, { documents: [testDocument(3)] }], claim })
  expect(await idsOf(world, await run(world, { memory, store }))).toEqual(sortedIds([testDocument(2), testDocument(3)]))
  expect(skipped(world)).toEqual(['unreadable', 'unreadable'])
  expect(reads.filter((key) => key.includes(file.sha256))).toEqual([])
  reads.length = 0
  await run(world, { memory, store })
  expect(reads).toEqual([])
})

const untouched = () => Promise.reject(new Error('nothing is to be read or written'))

test('nothing new costs no look at what miners have, but for the names of their heads', async () => {
  await using world = await shardWorld()
  for (const jobId of ['one', 'two', 'three']) await putShard(world, { signer: await world.signer('a'), jobId, documents: testDocuments(5) })
  const [memory, store] = [new IngestMemory(), { ...world.store }]
  await run(world, { memory, store })
  let heads = 0
  const catalog = { ...world.catalog, commit: untouched, head: ((line) => (heads++, world.catalog.head(line))) as typeof world.catalog.head }
  Object.assign(store, { get: untouched, put: untouched, head: untouched })
  await run(world, { memory, catalog, store })
  expect(heads).toBe(1)
})

test('a catalog that went back, or an index of another time, does no harm', async () => {
  await using world = await shardWorld()
  const signer = await world.signer('a')
  const first = await putShard(world, { signer, jobId: 'one', documents: testDocuments(4) })
  await run(world)
  await putSnapshot(world, { signer, jobId: 'one', shards: [{ documents: testDocuments(4), deletes: [3] }, { documents: [testDocument(9)] }] })
  const second = await run(world)
  // The index of the first version, beside the catalog of the second.
  await using other = await shardWorld()
  await putShard(other, { signer, jobId: 'one', documents: testDocuments(4) })
  await run(other)
  expect(await run(world, { index: other.index })).toEqual(second)
  expect(await other.index.stats()).toMatchObject({ live: 4, shadowed: 0 })
  // The index of the second, beside a catalog that has neither.
  await using restored = await shardWorld()
  await restored.catalog.commit(
    lineage.snapshot(signer.address, 'one'),
    undefined,
    signManifest({ ...first, parent: null, signature: undefined }, signer) as typeof first,
  )
  const again = await run(world, { catalog: restored.catalog, index: world.index })
  expect([again?.version, await idsOf(world, again)]).toEqual([1, sortedIds(testDocuments(4))])
  expect(await world.index.stats()).toMatchObject({ live: 4, shadowed: 0 })
})

test('a lost index is made again from the version, and a row that was withdrawn does not come back', async () => {
  await using world = await shardWorld()
  const [a, b] = [await world.signer('a'), await world.signer('b')]
  await putShard(world, { signer: a, jobId: 'one', documents: [testDocument(1), testDocument(2)] })
  await putShard(world, {
    signer: b,
    jobId: 'one',
    documents: [testDocument(1, { uri: 'https://zzz.example/1' }), testDocument(2, { uri: 'https://zzz.example/2' })],
    deletes: [1],
  })
  await run(world)
  await rm(join(world.dir, 'other'), { recursive: true, force: true })
  await using index = folderCorpusIndex(join(world.dir, 'other'))
  await putShard(world, { signer: a, jobId: 'one', documents: [testDocument(1), testDocument(2)], deletes: [0, 1] })
  expect(await idsOf(world, await run(world, { index }))).toEqual([testDocument(1).id])
  expect(await index.stats()).toMatchObject({ live: 1, shadowed: 0 })
})

test('a second process is refused while the first has the index', async () => {
  await using world = await shardWorld()
  expect(() => folderCorpusIndex(join(world.dir, 'corpus'))).toThrow(expect.objectContaining({ code: 'conflict' }))
})

test('a version of other rules is cleaned again, row by row', async () => {
  await using world = await shardWorld()
  const signer = await world.signer('a')
  await putShard(world, { signer, jobId: 'one', documents: [...testDocuments(5), testDocument(6, { text: '※ … ※' })], deletes: [4] })
  const entry = await run(world)
  if (entry?.kind !== 'version') throw new Error('there is no version')
  const { sha256 } = await world.catalog.commit(lineage.dataset('web'), entry.sha256, { ...entry.manifest, parent: entry.sha256, cleaning: 1 })
  const next = await run(world, { portionRows: 2 })
  expect(next?.kind === 'version' && next.manifest).toMatchObject({ documents: 4, cleaning: entry.manifest.cleaning, dropped: entry.manifest.dropped })
  expect(next?.kind === 'version' && next.manifest.groups).toEqual(entry.manifest.groups)
  expect(sha256).not.toBe(next?.sha256)
  expect(await run(world)).toEqual(next)
})

test('a dataset of before goes on in its line, and its old version stays readable', async () => {
  await using world = await shardWorld()
  const bytes = encodeDocuments(testDocuments(3), { codec: 'zstd' })
  const file = { key: 'datasets/web/0123456789abcdef/part-00000.parquet', sha256: sha256Hex(bytes), bytes: bytes.length, rows: 3 }
  await world.store.put(file.key, bytes)
  const labels = { example: 3 }
  const old: DatasetManifest = {
    kind: 'dataset',
    parent: null,
    origin: goldenOrigin,
    name: 'web',
    sources: [],
    files: [file],
    documents: 3,
    text_bytes: 9,
    labels,
    dropped: {},
  }
  const former = await world.catalog.commit(lineOf({ prefix: 'dataset/', kind: 'dataset', former: [] }, 'web'), undefined, old)
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: testDocuments(5) })
  const entry = await run(world)
  expect(entry).toMatchObject({ version: 2, kind: 'version', manifest: { parent: former.sha256, documents: 5 } })
  const first = await world.catalog.get(lineage.dataset('web'), { version: 1 })
  expect(await idsOf(world, first)).toEqual(sortedIds(testDocuments(3)))
})

test('a large file is taken in portions, each of them a version that stands by itself', async () => {
  await using world = await shardWorld()
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: testDocuments(10), deletes: [9] })
  const entry = await run(world, { portionRows: 4 })
  expect(await versions(world)).toBe(3)
  const counts = (await world.catalog.history(lineage.dataset('web'), { limit: 10 })).map(({ manifest }) => [manifest.documents, manifest.dropped])
  expect(counts).toEqual([
    [9, [['deleted', 1]]],
    [8, [['not_taken', 2]]],
    [4, [['not_taken', 6]]],
  ])
  expect(await idsOf(world, entry)).toEqual(sortedIds(testDocuments(9)))
})

test('one wrong row among a hundred costs itself, with its reason', async () => {
  await using world = await shardWorld()
  const odd = [
    testDocument(100, { text: '' }),
    testDocument(101, { label: 'x'.repeat(141) }),
    testDocument(102, { label: 'Upper' }),
    testDocument(103, { http_status: 0 }),
    testDocument(104, { lang_score: NaN }),
  ]
  const documents = [...testDocuments(20), ...odd]
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents })
  await putShard(world, {
    signer: await world.signer('b'),
    jobId: 'one',
    documents: [testDocument(200, { label: '__proto__' }), testDocument(201, { label: 'constructor' })],
  })
  const entry = await run(world)
  if (entry?.kind !== 'version') throw new Error('there is no version')
  expect(Object.fromEntries(entry.manifest.dropped)).toEqual({ empty: 1, bad_label: 1, http_status_invalid: 1, lang_score_invalid: 1 })
  expect(entry.manifest.labels).toEqual([
    ['__proto__', 1],
    ['constructor', 1],
    ['example', 20],
    ['upper', 1],
  ])
})

const copy = (n: number): Document => testDocument(1, { text: prose(5), uri: `https://host.example/${String(n).padStart(4, '0')}`, published_at: null })

test('a thousand copies of one text are one document, and the next best stands ready', async () => {
  await using world = await shardWorld()
  const [a, b] = [await world.signer('a'), await world.signer('b')]
  await putShard(world, { signer: a, jobId: 'one', documents: Array.from({ length: 1000 }, (_, n) => copy(n + 1)) })
  await putShard(world, { signer: b, jobId: 'one', documents: [copy(0)] })
  await run(world)
  await putShard(world, { signer: b, jobId: 'one', documents: [copy(0)], deletes: [0] })
  const entry = await run(world)
  const [kept, ...others] = await Array.fromAsync(readDocuments(world.store, entry!.manifest, never))
  expect([kept?.uri, others.length]).toEqual([copy(1).uri, 0])
})

test.each([20_000, 500])(
  'a file that breaks off in the middle is no file of the dataset, also when a version was made of its first %d rows',
  async (portionRows) => {
    await using world = await shardWorld()
    const signer = await world.signer('a')
    const rows = Array.from({ length: 3000 }, (_, n) => testDocument(n, { text: prose(n, 12) }))
    const honest = await putShard(world, { signer, jobId: 'one', documents: rows })
    const bytes = Uint8Array.from(await world.store.get(honest.files[0]!.file.key))
    bytes.fill(0x55, Math.floor(bytes.length * 0.8), Math.floor(bytes.length * 0.82))
    const file = { sha256: sha256Hex(bytes), bytes: bytes.length }
    const claim: Claim = (m) => ({
      ...m,
      files: m.files.map((listed) => ({ ...listed, file: { ...listed.file, ...file, key: listed.file.key.replace('_3000_', '_3001_') } })),
    })
    const torn = await putShard(world, { signer, jobId: 'one', documents: rows, claim })
    await world.store.put(torn.files[0]!.file.key, bytes)
    await putShard(world, { signer: await world.signer('b'), jobId: 'one', documents: [testDocument(5000)] })
    const entry = await run(world, { portionRows })
    expect(skipped(world)).toEqual(['unreadable'])
    expect(await idsOf(world, entry)).toEqual([testDocument(5000).id])
    expect(await world.index.stats()).toMatchObject({ live: 1, shadowed: 0 })
    expect(await Array.fromAsync(versionFiles(world.store, entry!.manifest))).toHaveLength(1)
  },
)

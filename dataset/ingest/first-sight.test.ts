import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeList } from '#infra/corpus/list-object.ts'
import { folderCorpusIndex } from '#infra/corpus-index/corpus-index.ts'
import type { CorpusIndex } from '#schemas/corpus-index.ts'
import type { Document } from '#schemas/document.ts'
import { lineage } from '#schemas/lineage.ts'
import type { VersionGroup } from '#schemas/manifest.ts'
import { prose, testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, groupsOf, putShard, putSnapshot, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { putVerdict } from '#test/golden/verdicts.ts'
import { readDocuments } from '../documents.ts'
import { readGroup } from '../version-files.ts'
import { ingest, type IngestRequest } from './ingest.ts'
import { check } from './rebuild.ts'
import { openTrust } from './trust.ts'

/** Of copies of several miners the one is kept that the dataset saw first, whatever they say of themselves. */

const { signal } = new AbortController()

async function run(world: ShardWorld, parts: Partial<IngestRequest> = {}): Promise<Document[]> {
  const { entry } = await ingest({ ...world, name: 'web', origin: goldenOrigin, signal, ...parts })
  if (!entry) throw new Error('there is no version')
  // What was kept follows from what the version says alone.
  const { missing, extra } = await check({ ...world, ...parts, name: 'web', signal })
  if (missing.length + extra.length > 0) throw new Error(`a rebuild has ${missing.length} more, and ${extra.length} less`)
  return Array.fromAsync(readDocuments(world.store, entry.manifest, signal))
}
const ownersOf = (documents: readonly Document[]): string[] => [...new Set(documents.map(({ hotkey }) => hotkey))]

const told = async (from: CorpusIndex, file: string) => (await from.rows(file)).map(({ seen, state }) => [seen, state])

const nearly = ({ text }: Document): string => `${text} and a tail`
const ancient = (document: Document, n: number, text = nearly(document)): Document =>
  testDocument(n, { text, uri: `https://0.example/${n}`, published_at: new Date('1999-01-01') })

test("a stranger's copies and near-copies of long ago replace none of twenty documents, whatever it does next", async () => {
  await using world = await shardWorld()
  const [honest, stranger] = [await world.signer('a'), await world.signer('stranger')]
  const pages = testDocuments(20)
  await putShard(world, { signer: honest, jobId: 'one', documents: pages })
  await run(world)
  await putShard(world, { signer: stranger, jobId: 'one', documents: pages.map((page, n) => ancient(page, n)) })
  expect(ownersOf(await run(world))).toEqual([honest.address])
  await putShard(world, { signer: stranger, jobId: 'two', documents: pages.map((page, n) => ancient(page, n, page.text)) })
  expect(ownersOf(await run(world))).toEqual([honest.address])
  // Compaction makes nobody younger, not even the half of it.
  await putSnapshot(world, { signer: honest, jobId: 'one', shards: [{ documents: pages.toReversed().slice(0, 10) }, { documents: pages.slice(0, 10) }] })
  expect(ownersOf(await run(world))).toEqual([honest.address])
  await putShard(world, { signer: honest, jobId: 'one', documents: [...pages, testDocument(77)] })
  expect((await run(world)).map(({ hotkey }) => hotkey)).toEqual(Array.from({ length: 21 }, () => honest.address))
  // What the honest one takes back comes from whoever was next.
  await putShard(world, { signer: honest, jobId: 'one', documents: [...pages, testDocument(77)], deletes: [0] })
  const left = await run(world)
  expect(left.filter(({ hotkey }) => hotkey === stranger.address).map(({ uri }) => uri)).toEqual(['https://0.example/0'])
})

test('a text between two documents makes one of them of no two', async () => {
  await using world = await shardWorld()
  // Those with two tails more are alike, the first and the last are not.
  const tails = Array.from({ length: 6 }, (_, n) => prose(1000 + n, 14))
  const text = (count: number): string => [prose(1), ...tails.slice(0, count)].join(' ')
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: [testDocument(0, { text: text(0) })] })
  await putShard(world, { signer: await world.signer('b'), jobId: 'one', documents: [testDocument(6, { text: text(6) })] })
  const before = await run(world)
  await putShard(world, { signer: await world.signer('stranger'), jobId: 'one', documents: [2, 4].map((n) => ancient(testDocument(n), n, text(n))) })
  expect((await run(world)).map(({ id }) => id)).toEqual(before.map(({ id }) => id))
  expect(before).toHaveLength(2)
})

test('beside a chain who committed first is seen first, whatever the hotkeys', async () => {
  for (const [earlier, later] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    await using world = await shardWorld()
    const [first, second, validator] = [await world.signer(earlier), await world.signer(later), await world.signer('validator')]
    await putShard(world, { signer: second, jobId: 'one', documents: testDocuments(5).map((page, n) => ancient(page, n, page.text)) })
    await putShard(world, { signer: first, jobId: 'one', documents: testDocuments(5) })
    await putVerdict(world, validator, second.address, { committed_block: 9 })
    await putVerdict(world, validator, first.address, { committed_block: 8 })
    const trust = async () => ({ ...openTrust, policy: 'verified' as const, validators: new Set([validator.address]) })
    expect(ownersOf(await run(world, { trust }))).toEqual([first.address])
  }
})

test('sights stay with the version: a lost index, and a file that is taken in portions, change no order', async () => {
  await using world = await shardWorld()
  const [honest, stranger] = [await world.signer('a'), await world.signer('stranger')]
  await putShard(world, { signer: honest, jobId: 'one', documents: testDocuments(7) })
  await run(world, { portionRows: 3 })
  await putShard(world, { signer: stranger, jobId: 'one', documents: testDocuments(9).map((page, n) => ancient(page, n)) })
  const before = await run(world, { portionRows: 3 })
  expect(before.filter(({ hotkey }) => hotkey === stranger.address)).toHaveLength(2)
  const head = await ingest({ ...world, name: 'web', origin: goldenOrigin, signal })
  if (head.entry?.kind !== 'version') throw new Error('there is no version')
  const files = await Promise.all((await groupsOf(world, head.entry)).map((group) => readGroup(world.store, group)))
  expect(files.flat().map(({ seen }) => typeof seen)).toEqual(['object', 'object'])
  await rm(join(world.dir, 'other'), { recursive: true, force: true })
  await using index = folderCorpusIndex(join(world.dir, 'other'))
  await putShard(world, { signer: honest, jobId: 'two', documents: [testDocument(50)] })
  const after = await run(world, { index })
  expect(after.map(({ id }) => id).toSorted()).toEqual([...before.map(({ id }) => id), testDocument(50).id].toSorted())
  for (const file of (await world.index.stats()).files) expect(await told(index, file)).toEqual(await told(world.index, file))
})

test('what a version of before had, which counted no sights, was seen before all else', async () => {
  await using world = await shardWorld()
  const [honest, stranger] = [await world.signer('a'), await world.signer('stranger')]
  await putShard(world, { signer: honest, jobId: 'one', documents: testDocuments(5) })
  const { entry } = await ingest({ ...world, name: 'web', origin: goldenOrigin, signal })
  if (entry?.kind !== 'version') throw new Error('there is no version')
  const groups: VersionGroup[] = []
  for (const group of await groupsOf(world, entry)) {
    const files = await readGroup(world.store, group)
    for (const file of files) delete file.seen
    groups.push({ ...group, list: await writeList(world.store, 'datasets/web/lists/', files) })
  }
  const former = { ...entry.manifest }
  delete former.sights
  delete former.files
  await world.catalog.commit(lineage.dataset('web'), entry.sha256, { ...former, groups, parent: entry.sha256 })
  await using index = folderCorpusIndex(join(world.dir, 'other'))
  await putShard(world, { signer: stranger, jobId: 'one', documents: testDocuments(6).map((page, n) => ancient(page, n)) })
  const documents = await run(world, { index })
  expect(documents.map(({ hotkey }) => hotkey).filter((hotkey) => hotkey === honest.address)).toHaveLength(5)
  expect(documents).toHaveLength(6)
  const head = await world.catalog.head(lineage.dataset('web'))
  expect(head?.kind === 'version' && head.manifest.sights).toBe(1)
})

test('who stood behind a row that left while the index was lost comes to its place', async () => {
  await using world = await shardWorld()
  const tails = Array.from({ length: 4 }, (_, n) => prose(1000 + n, 14))
  const page = (count: number): Document => testDocument(count, { text: [prose(1), ...tails.slice(0, count)].join(' ') })
  for (const [name, count] of Object.entries({ a: 0, b: 2, c: 4 })) {
    await putShard(world, { signer: await world.signer(name), jobId: 'one', documents: [page(count)] })
    await run(world)
  }
  await putSnapshot(world, {
    signer: await world.signer('b'),
    jobId: 'one',
    shards: [{ documents: [page(2)], deletes: [0] }, { documents: [testDocument(50)] }],
  })
  await using index = folderCorpusIndex(join(world.dir, 'other'))
  const documents = await run(world, { index })
  expect(documents.map(({ id }) => id).toSorted()).toEqual([page(0), page(4), testDocument(50)].map(({ id }) => id).toSorted())
})

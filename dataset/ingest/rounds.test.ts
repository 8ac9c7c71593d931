import { expect, test } from 'vitest'
import type { Document } from '#schemas/document.ts'
import { lineage } from '#schemas/lineage.ts'
import { prose, testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, groupsOf, putShard, putSnapshot, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { readDocuments } from '../documents.ts'
import type { Budget } from './allowance.ts'
import { ingest, type IngestRequest } from './ingest.ts'
import { IngestMemory } from './memory.ts'
import { check } from './rebuild.ts'
import { Refusals } from './refusals.ts'
import { openTrust } from './trust.ts'

const { signal } = new AbortController()
const endless: Budget = { turnBytes: Infinity, turnCpuMs: Infinity, bytes: Infinity, cpuMs: Infinity }

async function run(world: ShardWorld, parts: Partial<IngestRequest> = {}) {
  const { entry } = await ingest({ ...world, name: 'web', origin: goldenOrigin, signal, ...parts })
  if (entry?.kind !== 'version') throw new Error('there is no version')
  return entry.manifest
}
const pageOf = ({ uri }: Document): number => Number(uri.split('/').at(-1))

/** Of a miner with much. @param deletes positions of rows that are gone from each of its files */
const sixShards = (deletes: number[] = []) =>
  Array.from({ length: 6 }, (_, n) => ({ documents: Array.from({ length: 4 }, (_x, row) => testDocument(4 * n + row)), deletes }))

/** A miner with much that comes first by its name, and one with little. */
async function unequal(world: ShardWorld) {
  const [a, b] = [await world.signer('a'), await world.signer('b')]
  const [large, small] = a.address < b.address ? [a, b] : [b, a]
  await putSnapshot(world, { signer: large, jobId: 'one', shards: sixShards() })
  await putShard(world, { signer: small, jobId: 'one', documents: [testDocument(100)] })
  return { large, small }
}

test('who has little does not wait for the end of who has much', async () => {
  await using world = await shardWorld()
  const { small } = await unequal(world)
  await run(world, { portionRows: 4, budget: { ...endless, turnBytes: 1 } })
  const versions = await world.catalog.history(lineage.dataset('web'), { limit: 100 })
  const groups = await Promise.all(versions.map((entry) => groupsOf(world, entry)))
  const ofSmall = groups.map((some) => some.filter(({ hotkey }) => hotkey === small.address).length)
  // Newest first: it is there in the second of seven, at the latest.
  expect([versions.length, ofSmall.at(-2)]).toEqual([7, 1])
  expect(versions[0]?.manifest.documents).toBe(25)
})

test('nor for the end of what that one deletes', async () => {
  await using world = await shardWorld()
  const { large, small } = await unequal(world)
  const memory = new IngestMemory()
  await run(world, { memory })
  await putSnapshot(world, { signer: large, jobId: 'one', shards: sixShards([0]) })
  await putShard(world, { signer: small, jobId: 'two', documents: [testDocument(101)] })
  expect(await run(world, { memory, portionRows: 1, budget: { ...endless, turnBytes: 1 } })).toMatchObject({ documents: 20 })
  const [, ...before] = await world.catalog.history(lineage.dataset('web'), { limit: 5 })
  const groups = await Promise.all(before.map((entry) => groupsOf(world, entry)))
  expect(groups.map((some) => some.some(({ job_id }) => job_id === 'two'))).toEqual(Array(4).fill(true))
})

test('what a hotkey may take of an ingest is bounded, the rest comes with the next; its own miners are not', async () => {
  await using world = await shardWorld()
  const { large, small } = await unequal(world)
  const memory = new IngestMemory()
  const budget = { ...endless, turnBytes: 1, bytes: 150_000 }
  const documents: number[] = []
  for (let n = 0; n < 6; n++) documents.push((await run(world, { memory, budget })).documents)
  expect(documents[0]).toBeLessThan(15)
  expect(documents[0]).toBeGreaterThan(1)
  expect(documents.at(-1)).toBe(25)
  expect(world.events.find(({ name }) => name === 'dataset.miner_waits')?.fields).toMatchObject({ hotkey: large.address })
  await using other = await shardWorld()
  await unequal(other)
  const hotkeys = new Set([large.address, small.address])
  expect(await run(other, { budget, trust: async () => ({ ...openTrust, policy: 'own', hotkeys }) })).toMatchObject({ documents: 25 })
})

test('CPU is bounded too', async () => {
  await using world = await shardWorld()
  await unequal(world)
  const budget = { ...endless, turnCpuMs: 0, cpuMs: 0 }
  const first = await run(world, { budget })
  expect(first.documents).toBeLessThan(25)
  for (let n = 0; n < 8; n++) await run(world, { budget })
  expect(await run(world)).toMatchObject({ documents: 25 })
})

const manyLabels = (job: number): Document[] =>
  Array.from({ length: 90 }, (_, n) => testDocument(n, { text: `job ${job} page ${n} ${prose(1000 * job + n, 8)}`, label: `label ${job} ${n}` }))

test('one hotkey has its share of the labels, and leaves room for others', async () => {
  await using world = await shardWorld()
  const [liar, honest] = [await world.signer('liar'), await world.signer('honest')]
  for (let job = 0; job < 6; job++) await putShard(world, { signer: liar, jobId: `job-${job}`, documents: manyLabels(job) })
  await putShard(world, { signer: honest, jobId: 'one', documents: [testDocument(5000, { label: 'honest' })] })
  const first = await run(world)
  expect([first.labels.length, new Map(first.dropped).get('too_many_labels')]).toEqual([501, 40])
  expect(await check({ ...world, name: 'web', signal })).toMatchObject({ left_out: [['too_many_labels', 40]], extra: [] })
  await putShard(world, { signer: liar, jobId: 'job-7', documents: [testDocument(1, { label: 'label 0 0' }), testDocument(2, { label: 'another' })] })
  const second = await run(world)
  expect(new Map(second.dropped).get('too_many_labels')).toBe(41)
  const documents = await Array.fromAsync(readDocuments(world.store, second, signal))
  expect(documents.filter(({ job_id }) => job_id === 'job-7').map(pageOf)).toEqual([1])
})

test('a new page beside many jobs of its hotkey costs the list of its own job alone', async () => {
  await using world = await shardWorld()
  const signer = await world.signer('a')
  const page = (job: number, label: string) => putShard(world, { signer, jobId: `job-${job}`, documents: [testDocument(job, { label })] })
  for (let job = 0; job < 12; job++) await page(job, 'known')
  const memory = new IngestMemory()
  let lists: string[] = []
  const get: typeof world.store.get = (key, range) => {
    if (key.includes('/lists/')) lists.push(key)
    return world.store.get(key, range)
  }
  const store = { ...world.store, get }
  const listsRead = async (parts: Partial<IngestRequest> = {}) => {
    lists = []
    await run(world, { memory, store, ...parts })
    return lists.length
  }
  await listsRead()
  await putSnapshot(world, {
    signer,
    jobId: 'job-0',
    shards: [{ documents: [testDocument(0, { label: 'known' })] }, { documents: [testDocument(50, { label: 'known' })] }],
  })
  expect(await listsRead()).toBe(1)
  // Of the dataset's own there is no bound of labels.
  await page(60, 'another')
  expect(await listsRead({ trust: () => Promise.resolve({ ...openTrust, hotkeys: new Set([signer.address]) }) })).toBe(0)
  // Of another, a label that is new to its job is held against those of all its jobs.
  await page(61, 'a third')
  expect(await listsRead()).toBe(13)
})

test('refusals are bounded for each hotkey, so that none pushes out what is known of others', async () => {
  await using world = await shardWorld()
  const { files } = await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: testDocuments(1) })
  const listed = (n: number) => ({ ...files[0]!, file: { ...files[0]!.file, rows: n } })
  const refusals = await Refusals.read(world.catalog, 'web')
  refusals.add('5Honest', listed(0), 'unreadable')
  for (let n = 1; n <= 600; n++) refusals.add('5Liar', listed(n), 'wrong_size')
  await refusals.save(world.catalog)
  const kept = await Refusals.read(world.catalog, 'web')
  expect([100, 101, 600].map((n) => kept.reasonOf('5Liar', listed(n)))).toEqual([undefined, 'wrong_size', 'wrong_size'])
  expect(kept.reasonOf('5Honest', listed(0))).toBe('unreadable')
  const { version } = (await world.catalog.head(lineage.refusals('web')))!
  kept.add('5Liar', listed(600), 'wrong_size')
  await kept.save(world.catalog)
  expect((await world.catalog.head(lineage.refusals('web')))?.version).toBe(version)
  // So many hotkeys that all cannot be kept: who was refused last is.
  for (let n = 0; n < 10_000; n++) kept.add(`5Other${n}`, listed(0), 'unreadable')
  expect(['5Honest', '5Liar', '5Other0', '5Other9999'].map((hotkey) => kept.reasonOf(hotkey, listed(hotkey === '5Liar' ? 600 : 0)))).toEqual([
    undefined,
    undefined,
    'unreadable',
    'unreadable',
  ])
})

test('a hotkey cannot fill a version with jobs of a row', async () => {
  await using world = await shardWorld()
  const [liar, honest] = [await world.signer('liar'), await world.signer('honest')]
  for (let n = 0; n < 4; n++) await putShard(world, { signer: liar, jobId: `job-${n}`, documents: [testDocument(n)] })
  for (let n = 10; n < 13; n++) await putShard(world, { signer: honest, jobId: `job-${n}`, documents: [testDocument(n)] })
  const limits = { jobsOfHotkey: 2, groups: 4 }
  const memory = new IngestMemory()
  await run(world, { memory, limits })
  const groups = async () => groupsOf(world, await world.catalog.head(lineage.dataset('web')))
  const first = await groups()
  expect(first.length).toBe(4)
  expect(new Set(first.map(({ hotkey }) => hotkey)).size).toBe(2)
  expect(world.events.filter(({ name, fields }) => name === 'dataset.shard_skipped' && fields['reason'] === 'too_many_jobs')).toHaveLength(3)
  const hotkeys = new Set([honest.address])
  await run(world, { limits, trust: async () => ({ ...openTrust, hotkeys }) })
  expect((await groups()).length).toBe(5)
})

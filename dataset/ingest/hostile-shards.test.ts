import { expect, test } from 'vitest'
import { lineage } from '#schemas/lineage.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, groupsOf, putShard, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { readDocuments } from '../documents.ts'
import { hostileShards, putHostile } from './hostile-shards.fixture.ts'
import { ingest } from './ingest.ts'
import { IngestMemory } from './memory.ts'

const { signal } = new AbortController()

/** Bytes of objects that are read from now on, but for lists and manifests. */
function counted({ store }: ShardWorld) {
  const read = { bytes: 0, keys: [] as string[] }
  const get: typeof store.get = async (key, range) => {
    const bytes = await store.get(key, range)
    if (key.endsWith('.parquet')) {
      read.bytes += bytes.length
      read.keys.push(key)
    }
    return bytes
  }
  return { read, store: { ...store, get } }
}

test('a miner that is hostile in forty ways costs what its files weigh, once, and others nothing', async () => {
  await using world = await shardWorld()
  const [honest, liar] = [await world.signer('honest'), await world.signer('liar')]
  const pages = testDocuments(9)
  const { files } = await putShard(world, { signer: honest, jobId: 'one', documents: pages })
  const { file } = files[0]!
  const shards = hostileShards({ signer: liar, victim: { signer: honest, file, bytes: await world.store.get(file.key) } }, 2 ** 16)
  expect(shards.length).toBeGreaterThanOrEqual(40)
  let weight = file.bytes
  for (const [at, [, shard]] of shards.entries()) {
    const hostile = shard(`hostile-${at}`)
    weight += hostile.bytes.length
    await putHostile(world, liar, `hostile-${at}`, hostile)
  }
  const run = async (store: ShardWorld['store'], memory = new IngestMemory()) =>
    (await ingest({ ...world, store, memory, name: 'web', origin: goldenOrigin, signal })).entry
  const first = counted(world)
  const before = process.memoryUsage().rss
  const entry = await run(first.store)
  // Once to be copied and hashed, and once to be read; a large one by its parts.
  expect(first.read.bytes).toBeLessThan(3 * weight)
  expect(process.memoryUsage().rss - before).toBeLessThan(512 * 2 ** 20)
  const documents = await Array.fromAsync(readDocuments(world.store, entry!.manifest, signal))
  expect(documents.map(({ id, hotkey }) => [id, hotkey])).toEqual(expect.arrayContaining(pages.map(({ id }) => [id, honest.address])))
  expect(documents.filter(({ hotkey }) => hotkey === honest.address)).toHaveLength(pages.length)

  const told = new Set(world.events.flatMap(({ name, fields }) => (name === 'dataset.shard_skipped' ? [String(fields['line']).split('/')[2]] : [])))
  const taken = new Map(documents.filter(({ hotkey }) => hotkey === liar.address).map(({ job_id }) => [job_id, true]))
  const refusedRows = new Map((await groupsOf(world, entry)).map((group) => [group.job_id, group]))
  for (const [at, [name]] of shards.entries()) {
    const jobId = `hostile-${at}`
    expect([name, taken.has(jobId), told.has(jobId) || refusedRows.get(jobId)?.documents === 0]).toEqual([name, false, true])
  }

  // Another process knows what was refused, also beside a snapshot that brings something new.
  const again = counted(world)
  const [later, memory] = [world.events.length, new IngestMemory()]
  expect((await run(again.store, memory))?.sha256).toBe(entry?.sha256)
  expect(again.read.keys).toEqual([])
  expect(world.events.slice(later).filter(({ name }) => name === 'dataset.shard_skipped').length).toBeGreaterThan(20)
  await putShard(world, { signer: honest, jobId: 'two', documents: [testDocument(100)] })
  expect((await run(again.store, memory))?.manifest.documents).toBe(documents.length + 1)
  expect(again.read.keys.every((key) => key.includes('honest') || key.includes(honest.address) || key.startsWith('datasets/'))).toBe(true)
  expect((await world.catalog.head(lineage.refusals('web')))?.manifest.refused.length).toBeGreaterThan(20)
})

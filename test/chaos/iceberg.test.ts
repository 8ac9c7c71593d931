import { expect, test } from 'vitest'
import { ingest } from '#dataset/ingest/ingest.ts'
import { IngestMemory } from '#dataset/ingest/memory.ts'
import { readFiles, readGroups } from '#dataset/iceberg/state.ts'
import { followDataset } from '#dataset/iceberg/table.ts'
import { currentTable, directPlace, servedPlace } from '#dataset/iceberg/tables.ts'
import { testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, putSnapshot, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { runAndKill } from './killed-child.ts'

/** Milliseconds after its start at which a process that writes tables is killed: over the whole of its work, the same every time. */
const moments = [0, 8, 20, 40, 70, 110]
const { signal } = new AbortController()

test('kill -9 while tables are written, again and again: what they name is there, and in the end they are what they would have been', async () => {
  await using world = await shardWorld()
  const memory = new IngestMemory()
  const documents = testDocuments(10 * moments.length)
  for (const [turn, moment] of moments.entries()) {
    const jobs = [`job-${turn}`, 'same']
    for (const [n, jobId] of jobs.entries()) {
      const some = documents.slice(10 * turn + 5 * n, 10 * turn + 5 * n + 5)
      await putSnapshot(world, { signer: await world.signer('a'), jobId, shards: [{ documents: some, deletes: [n] }] })
    }
    await ingest({ ...world, memory, name: 'web', origin: goldenOrigin, signal })
    await runAndKill('iceberg-child.ts', [world.dir], moment)
    await checkTables(world)
  }
  expect(await runAndKill('iceberg-child.ts', [world.dir], undefined)).toBe(0)
  await checkTables(world)
  const killed = await currentTable(directPlace(world.store, 'web'))
  const whole = await followDataset({ ...world, name: 'web', place: { ...directPlace(world.store, 'web'), folder: 'whole/' }, mayHaveExpired: false, signal })
  const told = (state: typeof whole) => state?.snapshots.map(({ version, sha256, operation, counts }) => ({ version, sha256, operation, counts }))
  expect(told(killed)).toEqual(told(whole))
  expect(killed?.snapshots).toHaveLength(moments.length)
})

/** All that a table names, itself and by what is remembered of it, is in the store. */
async function checkTables({ store }: ShardWorld): Promise<void> {
  for (const place of [directPlace(store, 'web'), servedPlace(store, 'web')]) {
    const state = await currentTable(place)
    if (!state) continue
    const named = [state.metadata.key]
    for (const snapshot of state.snapshots) {
      named.push(snapshot.manifestList.key)
      for (const group of (await readGroups(place, snapshot)).items) {
        named.push(...group.manifests.map(({ object }) => object.key))
        for (const { sha256, deletes } of await readFiles(place, group))
          named.push(`datasets/web/data/${sha256}.parquet`, ...(deletes ? [deletes.object.key] : []))
      }
    }
    for (const key of named) expect(await store.head(key), key).toBeDefined()
  }
}

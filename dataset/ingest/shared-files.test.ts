import { expect, test } from 'vitest'
import type { CorpusIndex } from '#schemas/corpus-index.ts'
import type { Signer } from '#schemas/chain.ts'
import type { DataFile } from '#schemas/data-file.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, putShard, putSnapshot, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { ingest } from './ingest.ts'

/** Files of a miner are there for all to read: another may claim one as its own, with whatever it likes to say of it. */

const signal = new AbortController().signal
const run = async ({ ...parts }: Omit<ShardWorld, typeof Symbol.asyncDispose>) =>
  (await ingest({ ...parts, name: 'web', origin: goldenOrigin, signal })).entry?.manifest

/** @param isAfter whether the stranger's line comes after the owner's */
async function pairOf(world: ShardWorld, isAfter: boolean): Promise<[owner: Signer, stranger: Signer]> {
  const [a, b] = [await world.signer('a'), await world.signer('b')]
  return a.address < b.address === isAfter ? [a, b] : [b, a]
}

async function claimFile(world: ShardWorld, { owner, stranger, file }: { owner: Signer; stranger: Signer; file: DataFile }): Promise<void> {
  const key = file.key.replace(owner.address, stranger.address)
  await world.store.put(key, await world.store.get(file.key.replace(stranger.address, owner.address)))
  const shards = [{ documents: [testDocument(9)] }]
  await putSnapshot(world, { signer: stranger, jobId: 'one', shards, claim: (honest) => ({ ...honest, files: [{ file: { ...file, key }, deletes: null }] }) })
}

test.each([true, false])('what a stranger says wrong of a file costs its owner nothing (stranger after owner: %s)', async (isAfter) => {
  await using world = await shardWorld()
  const [owner, stranger] = await pairOf(world, isAfter)
  const own = await putShard(world, { signer: owner, jobId: 'one', documents: testDocuments(3) })
  const { file } = own.files[0]!
  await claimFile(world, { owner, stranger, file: { ...file, rows: 4 } })
  expect(await run(world)).toMatchObject({ documents: 3 })
  expect(await world.index.stats()).toMatchObject({ live: 3 })
})

test.each([true, false])('a file may come with one miner as it leaves another (stranger after owner: %s)', async (isAfter) => {
  await using world = await shardWorld()
  const [owner, stranger] = await pairOf(world, isAfter)
  await using before = await shardWorld()
  const { file } = (await putShard(before, { signer: owner, jobId: 'one', documents: testDocuments(3) })).files[0]!
  await world.store.put(file.key, await before.store.get(file.key))
  await claimFile(world, { owner, stranger, file })
  expect(await run(world)).toMatchObject({ documents: 0, dropped: [['not_its_miner', 3]] })
  await putShard(world, { signer: owner, jobId: 'one', documents: testDocuments(3) })
  await putShard(world, { signer: stranger, jobId: 'one', documents: [testDocument(9)] })
  expect(await run(world)).toMatchObject({ documents: 4, dropped: [] })
  expect((await world.index.stats()).files).toHaveLength(2)
})

test('a file without a document of the index is compared once, not at every start', async () => {
  await using world = await shardWorld()
  const [owner, stranger] = await pairOf(world, true)
  const { file } = (await putShard(world, { signer: owner, jobId: 'one', documents: testDocuments(3) })).files[0]!
  await claimFile(world, { owner, stranger, file })
  await run(world)
  // The index forgets the file with its owner's rows; the stranger has it still.
  await putShard(world, { signer: owner, jobId: 'one', documents: [testDocument(20)] })
  await run(world)
  const looks: string[] = []
  const { index } = world
  const watched: CorpusIndex = {
    exact: (documents) => index.exact(documents),
    near: (signatures, without) => index.near(signatures, without),
    paragraphs: (names) => index.paragraphs(names),
    rows: (sha256, rows) => (looks.push(sha256), index.rows(sha256, rows)),
    commit: (change) => index.commit(change),
    pending: () => index.pending(),
    stats: () => index.stats(),
  }
  await run({ ...world, index: watched })
  expect(looks).toContain(file.sha256)
  looks.length = 0
  await run({ ...world, index: watched })
  expect(looks).toEqual([])
})

import { expect, test } from 'vitest'
import { anew, checkVersions, documentsOf, Miners } from '#dataset/ingest/history.fixture.ts'
import { lineage } from '#schemas/lineage.ts'
import { shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { putVerdict } from '#test/golden/verdicts.ts'
import { seededRandom } from '#test/seeded-random.ts'
import { runAndKill } from './killed-child.ts'

/** Milliseconds after its start at which an ingest is killed: over the whole of its work, the same every time. */
const moments = [0, 5, 15, 30, 50, 80, 120, 170]

test('kill -9 in the middle of an ingest, again and again, loses no document and doubles none', async () => {
  await using world = await shardWorld()
  const miners = new Miners(world, seededRandom(7))
  for (const moment of moments) {
    await miners.turn()
    await runAndKill('ingest-child.ts', [world.dir], moment)
  }
  expect(await runAndKill('ingest-child.ts', [world.dir], undefined)).toBe(0)
  expect(await documentsOf(world, await world.catalog.head(lineage.dataset('web')))).toEqual(await anew(world))
  await checkVersions(world)
})

test('kill -9 again and again in the middle of an ingest of what a validator passed ends in the bytes of one that never was killed', async () => {
  await using calm = await shardWorld()
  await using world = await shardWorld()
  for (const each of [calm, world]) await judgedHistory(each)
  const validator = (await world.signer('validator')).address
  for (const moment of moments) await runAndKill('ingest-child.ts', [world.dir, validator], moment)
  for (const each of [calm, world]) expect(await runAndKill('ingest-child.ts', [each.dir, validator], undefined)).toBe(0)
  const head = await calm.catalog.head(lineage.dataset('web'))
  expect((await world.catalog.head(lineage.dataset('web')))?.sha256).toBe(head?.sha256)
  const documents = await documentsOf(calm, head)
  expect(documents.length).toBeGreaterThan(10)
  expect(new Set(documents.map((document) => document.split(' ')[1])).size).toBe(2)
  expect(await keys(world)).toEqual(expect.arrayContaining(await keys(calm)))
})

const keys = async ({ store }: ShardWorld): Promise<string[]> => (await Array.fromAsync(store.list('datasets/web/'))).map(({ key }) => key)

/** Three miners that live on; one of them fails. */
async function judgedHistory(world: ShardWorld): Promise<void> {
  const miners = new Miners(world, seededRandom(11))
  for (let turn = 0; turn < 4; turn++) await miners.turn()
  const validator = await world.signer('validator')
  for (const [at, name] of ['a', 'b', 'c'].entries())
    await putVerdict(world, validator, (await world.signer(name)).address, { committed_block: 9 - at, passed: name !== 'b' })
}

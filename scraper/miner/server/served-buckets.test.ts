import { expect, test } from 'vitest'
import { inMemory } from '#infra/sqlite/database.ts'
import { expandIndex, type CompressedMinerIndex, type DataEntityBucketId } from '#schemas/data-universe.ts'
import { readHeads } from '../../shard/snapshot-heads.ts'
import { openServedScene } from './server.fixture.ts'
import { nameOf, sqliteServedBuckets, type ServedFile } from './served-buckets.ts'

const bucket: DataEntityBucketId = { time_bucket: 1, source: 8, label: 'a' }
const file = (sha256: string): ServedFile => ({ listed: { file: { key: `k/${sha256}`, sha256, bytes: 1, rows: 1 }, deletes: null } })
const part = { bucket, bytes: 5, positions: new Uint8Array(4) }

test('what replaces a file is served from the moment on when that one is no more', async () => {
  await using buckets = sqliteServedBuckets(inMemory)
  const [old, young] = [file('old'), file('young')]
  const keys = async () => (await buckets.find(bucket)).map(({ listed }) => listed.file.key)
  const size = async () => expandIndex(JSON.parse(await buckets.index()) as CompressedMinerIndex).reduce((bytes, { size_bytes }) => bytes + size_bytes, 0)
  await buckets.add(old, [part])
  expect([await keys(), await size()]).toEqual([[], 0])
  await buckets.show([nameOf(old.listed)])
  await buckets.add(young, [part])
  expect([await keys(), await size()]).toEqual([['k/old'], 5])
  await buckets.show([nameOf(young.listed)])
  expect([await keys(), await size(), await buckets.files()]).toEqual([['k/young'], 5, [nameOf(young.listed)]])
})

test('a file whose list is gone costs itself, and is told', async () => {
  await using served = await openServedScene()
  const { scene, index, server, signal } = served
  const { subnet, miner } = scene
  await scene.mineHonestly(miner, scene.rows(miner, 60))
  const before = await index()
  subnet.pace.advance(60 * 20_000)
  await scene.mineHonestly(miner, scene.rows(miner, 60, { from: 60 }))
  const files = [...(await readHeads(subnet.catalog, miner.address)).values()].flatMap(({ manifest }) => manifest.files)
  await subnet.store.delete(files.at(-1)!.file.row_list!.key)
  await expect(server.follow(signal)).rejects.toMatchObject({ code: 'not_found' })
  subnet.pace.advance(3_600_000)
  const { json } = await served.ask('/v1/index')
  expect(expandIndex(json as CompressedMinerIndex)).toEqual(before)
})

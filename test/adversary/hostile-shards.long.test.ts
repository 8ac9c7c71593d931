import { expect, test } from 'vitest'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, groupsOf, putShard, shardWorld } from '#test/golden/shards.ts'
import { hostileShards, putHostile } from '#dataset/ingest/hostile-shards.fixture.ts'
import { ingest } from '#dataset/ingest/ingest.ts'

const { signal } = new AbortController()
const textBytes = 6 * 2 ** 20
const words = (seed: number): string => Array.from({ length: 2 ** 17 }, (_, n) => Math.imul(seed + 7, n * 2_654_435_761).toString(36)).join(' ')

test('eighty texts of six megabytes, one for all and each its own, cost some hundred megabytes and no other miner', { timeout: 600_000 }, async () => {
  await using world = await shardWorld()
  const [honest, liar] = [await world.signer('honest'), await world.signer('liar')]
  const { files } = await putShard(world, { signer: honest, jobId: 'one', documents: testDocuments(9) })
  const { file } = files[0]!
  const shards = hostileShards({ signer: liar, victim: { signer: honest, file, bytes: await world.store.get(file.key) } }, textBytes)
  for (const [at, [, shard]] of shards.entries()) await putHostile(world, liar, `hostile-${at}`, shard(`hostile-${at}`))
  const large = Array.from({ length: 80 }, (_, n) => testDocument(n, { text: words(n).repeat(5).slice(0, textBytes).trim() }))
  await putShard(world, { signer: liar, jobId: 'large', documents: large })
  const before = process.memoryUsage().rss
  let most = before
  const sampler = setInterval(() => void (most = Math.max(most, process.memoryUsage().rss)), 20)
  const { entry } = await ingest({ ...world, name: 'web', origin: goldenOrigin, signal })
  clearInterval(sampler)
  expect((await groupsOf(world, entry)).find(({ hotkey }) => hotkey === honest.address)?.documents).toBe(9)
  expect(most - before).toBeLessThan(2 ** 30)
})

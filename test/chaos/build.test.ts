import { expect, test } from 'vitest'
import type { Criteria } from '#dataset/build/criteria.ts'
import { ingest } from '#dataset/ingest/ingest.ts'
import { lineage } from '#schemas/lineage.ts'
import { testDocument } from '#test/golden/documents.ts'
import { goldenOrigin, putShard, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { runAndKill } from './killed-child.ts'
import { everything } from '#dataset/build/criteria.fixture.ts'

/** Milliseconds after its start at which a build is killed: over the whole of its work, the same every time. */
const moments = [0, 20, 60]
const criteria: Criteria = { ...everything, langs: ['en'], max_rows: 50, sample_seed: 7 }

async function world(): Promise<ShardWorld> {
  const given = await shardWorld()
  for (const [n, miner] of ['a', 'b', 'c', 'd'].entries()) {
    const documents = Array.from({ length: 40 }, (_, at) => testDocument(100 * n + at, { lang: at % 2 === 0 ? 'en' : 'de' }))
    await putShard(given, { signer: await given.signer(miner), jobId: 'one', documents })
  }
  await ingest({ ...given, name: 'web', origin: goldenOrigin, signal: new AbortController().signal })
  return given
}

/** @returns the version that there is then */
async function built({ dir, catalog }: ShardWorld, killedAfterMs?: number): Promise<unknown> {
  await runAndKill('build-child.ts', [dir, JSON.stringify(criteria)], killedAfterMs)
  return (await catalog.head(lineage.dataset('some')))?.manifest
}

const keysOf = async ({ store }: ShardWorld): Promise<string[]> => (await Array.fromAsync(store.list('datasets/some/'))).map(({ key }) => key)

test('kill -9 in the middle of a build, again and again, ends in the bytes of one that was left alone', async () => {
  await using reference = await world()
  const whole = await built(reference)
  expect(whole).toMatchObject({ documents: 50 })
  await using killed = await world()
  for (const moment of moments) expect([undefined, whole]).toContainEqual(await built(killed, moment))
  expect(await built(killed)).toEqual(whole)
  expect(await keysOf(killed)).toEqual(await keysOf(reference))
})

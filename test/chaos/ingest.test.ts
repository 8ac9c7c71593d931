import { fork } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { anew, checkVersions, documentsOf, Miners } from '#dataset/ingest/history.fixture.ts'
import { lineage } from '#schemas/lineage.ts'
import { shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { seededRandom } from '#test/seeded-random.ts'

/** Milliseconds after its start at which an ingest is killed: over the whole of its work, the same every time. */
const moments = [0, 5, 15, 30, 50, 80, 120, 170]

test('kill -9 in the middle of an ingest, again and again, loses no document and doubles none', async () => {
  await using world = await shardWorld()
  const miners = new Miners(world, seededRandom(7))
  for (const moment of moments) {
    await miners.turn()
    await runAndKill(world, moment)
  }
  expect(await runAndKill(world, undefined)).toBe(0)
  expect(await documentsOf(world, await world.catalog.head(lineage.dataset('web')))).toEqual(await anew(world))
  await checkVersions(world)
})

/** @returns its exit code; null when it was killed */
async function runAndKill({ dir }: ShardWorld, afterMs: number | undefined): Promise<number | null> {
  const child = fork(join(import.meta.dirname, 'ingest-child.ts'), [dir], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const exited = new Promise<number | null>((resolve) => void child.once('exit', resolve))
  if (afterMs !== undefined) {
    await Promise.race([new Promise((resolve) => void child.once('message', resolve)), exited])
    await delay(afterMs)
    child.kill('SIGKILL')
  }
  return exited
}

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { publishFiles, putFile } from '#test/adversary/forger.ts'
import { job, openScene, type Scene } from '#test/adversary/scene.ts'

test('a validator killed -9 in the middle of claims judges as one that never was', async () => {
  await using scene = await openScene()
  const { subnet, miner } = scene
  const documents = scene.rows(miner, 900)
  const put = (from: number, to: number, deletes: number[] = []) => putFile(subnet, miner, job.id, { documents: documents.slice(from, to), deletes })
  await publishFiles(subnet, miner, job.id, [await put(0, 600), await put(600, 750), await put(750, 900)])
  // What was read to its end is not read again.
  for (const reads of [1, 4, 5, 6]) expect(await killedAt(scene, reads), `at read ${reads}`).toBe('SIGKILL')
  const first = await judged(scene)
  expect(first).toMatchObject({ passed: true, failures: [] })

  // Of the first file rows are gone, the others were merged.
  await publishFiles(subnet, miner, job.id, [await put(0, 600, [5, 6, 7]), await put(600, 900)])
  for (const reads of [2, 4, 5]) expect(await killedAt(scene, reads), `at read ${reads}`).toBe('SIGKILL')
  const second = await judged(scene)
  expect(second).toMatchObject({ passed: true, failures: [] })
  await rm(join(subnet.dir, 'validator'), { recursive: true })
  expect((await judged(scene))?.raw).toBe(second?.raw)
  expect(second?.raw).toBeLessThan(first?.raw ?? 0)
})

const judged = async ({ validate, miner }: Scene) => (await validate()).miners.find(({ hotkey }) => hotkey === miner.address)

/** @returns the signal that ended it */
async function killedAt({ subnet }: Scene, reads: number): Promise<NodeJS.Signals | null> {
  const child = fork(join(import.meta.dirname, 'validator-child.ts'), [subnet.dir, String(subnet.pace.now()), String(reads)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  return signal
}

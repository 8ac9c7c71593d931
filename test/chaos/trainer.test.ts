import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lineage } from '#schemas/lineage.ts'
import { anyPython, pythonEnv } from '#test/python/orrery-feed.ts'
import { spawnLines } from './child-lines.ts'
import { goldenDataset, trainThroughKills } from './killed-training.ts'

const settings = { rows: 2, sequence_tokens: 32, epoch_batches: 12 }
const steps = 26

interface Checkpoint {
  model: string
  trained: [epoch: number, batch: number, source: string][]
}

const trainer = (args: readonly string[]) => spawnLines(anyPython!, [join(import.meta.dirname, 'trainer.py'), ...args, String(steps)], pythonEnv)

test.skipIf(!anyPython)('a trainer and its bridge, killed again and again, train the batches of the run once, in their order', async () => {
  const killed = { seed: 5, kills: 3, steps, settings }
  await trainThroughKills({ ...killed, start: ({ origin, folder }) => trainer([origin, goldenDataset, folder]) }, async ({ house, folder }) => {
    const { trained } = JSON.parse(await readFile(join(folder, 'checkpoint.json'), 'utf8')) as Checkpoint
    expect(trained.map(([epoch, batch]) => [epoch, batch])).toEqual(
      Array.from({ length: steps }, (_, n) => [Math.floor(n / settings.epoch_batches), n % settings.epoch_batches]),
    )
    expect(new Set(trained.map(([, , source]) => source)).size).toBeGreaterThan(1)
    const plans = (await house.catalog.history(lineage.plan(goldenDataset), { limit: 10 })).toReversed()
    for (const [epoch, { sha256 }] of plans.slice(0, Math.floor(steps / settings.epoch_batches)).entries()) {
      const settled = await house.ledger.settlements(sha256, epoch, { limit: 100 })
      expect(settled.map(({ batch }) => batch).toSorted((a, b) => a - b)).toEqual(Array.from({ length: settings.epoch_batches }, (_, n) => n))
    }
  })
})

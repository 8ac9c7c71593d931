import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { lineage } from '#schemas/lineage.ts'
import { DesirabilityManifest } from '#schemas/manifest.ts'
import { jobOf, temporaryFolder } from '#test/golden/bridge.ts'
import { duplicateShares } from './duplicates.ts'
import type { Reported } from './judge.ts'
import { steer } from './steer.ts'
import { moveJobs, moveWeight, weightsByLabel } from './weights.ts'

const cause = { planId: 'a'.repeat(64), epoch: 3 }
const settlements: Reported[] = Array.from({ length: 18 }, (_, i) => ({ node: 'a', label: i % 2 ? 'x' : 'y', loss: i % 2 ? 9 - i / 4 : 9 - i / 40 }))
const firstList: DesirabilityManifest = {
  kind: 'desirability',
  parent: null,
  jobs: [jobOf('x'), jobOf('y', 2), jobOf('z', 0.7)],
  evidence: [],
  caused_by: null,
}

async function catalogIn(path: string): Promise<Catalog & AsyncDisposable> {
  const catalog = sqliteCatalog(join(path, 'catalog.sqlite'), { clock: systemClock() })
  await catalog.commit(lineage.desirability, undefined, firstList)
  return catalog
}

const listsOf = async (catalog: Catalog): Promise<DesirabilityManifest[]> =>
  (await catalog.history(lineage.desirability, { limit: 100 })).map(({ manifest }) => DesirabilityManifest.parse(manifest))

test('the next list follows the last one, moves what the evidence says and leaves the rest exactly as it was', async () => {
  await using folder = await temporaryFolder()
  await using catalog = await catalogIn(folder.path)
  await steer({ catalog, ...cause, settlements, vocabulary: 1000 })
  const [list] = await listsOf(catalog)
  const [x, y, z] = list?.jobs.map(({ weight }) => weight) ?? []
  expect(x).toBeGreaterThan(1)
  expect(y).toBeLessThan(2)
  expect(z).toBe(0.7)
  expect(list?.caused_by).toEqual({ plan_id: cause.planId, epoch: 3 })
  expect(list?.evidence.map(({ label, verdict }) => [label, verdict])).toEqual([
    ['x', 'progress'],
    ['y', 'progress'],
    ['z', 'no_evidence'],
  ])
})

test('an epoch is steered once, however often and by how many it is asked for', async () => {
  await using folder = await temporaryFolder()
  await using catalog = await catalogIn(folder.path)
  await using other = sqliteCatalog(join(folder.path, 'catalog.sqlite'), { clock: systemClock() })
  const answers = await Promise.all([catalog, other, catalog].map((each) => steer({ catalog: each, ...cause, settlements, vocabulary: 1000 })))
  expect(answers[1]).toEqual(answers[0])
  expect(answers[2]).toEqual(answers[0])
  expect(await listsOf(catalog)).toHaveLength(2)
})

test('a list that somebody else commits meanwhile is followed, not overwritten', async () => {
  await using folder = await temporaryFolder()
  await using catalog = await catalogIn(folder.path)
  let first = true
  const raced: Catalog = {
    ...catalog,
    async commit(line, expected, manifest) {
      if (first) {
        first = false
        await catalog.commit(lineage.desirability, expected, { ...firstList, parent: expected ?? null, jobs: [jobOf('x', 3), jobOf('new', 1)] })
      }
      return catalog.commit(line, expected, manifest)
    },
  }
  await steer({ catalog: raced, ...cause, settlements, vocabulary: 1000 })
  const [list] = await listsOf(catalog)
  expect(list?.jobs.map(({ params, weight }) => [params.label, weight > 3])).toEqual([
    ['x', true],
    ['new', false],
  ])
  expect(await listsOf(catalog)).toHaveLength(3)
})

test('without a list there is nothing to steer', async () => {
  await using folder = await temporaryFolder()
  await using catalog = sqliteCatalog(join(folder.path, 'catalog.sqlite'), { clock: systemClock() })
  expect(await steer({ catalog, ...cause, settlements, vocabulary: 1000 })).toBeUndefined()
})

test('a weight moves by at most a fifth, stays above zero and at most five, and stays itself when nothing is to move', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-9, max: 5, noNaN: true }), fc.double({ min: 0.8, max: 1.2, noNaN: true }), (weight, factor) => {
      const moved = moveWeight(weight, factor)
      expect(Math.abs(moved - weight)).toBeLessThanOrEqual(0.2 * weight * (1 + 1e-12))
      expect(moved).toBeGreaterThan(0)
      expect(moved).toBeLessThanOrEqual(5)
      expect((moved - weight) * (factor - 1)).toBeGreaterThanOrEqual(0)
      expect(moveWeight(weight, 1)).toBe(weight)
    }),
  )
  expect(moveWeight(5, 1.2)).toBe(5)
  expect(moveWeight(0.05, 0.8)).toBe(0.05)
  expect(moveWeight(1, 0.8)).toBe(0.8)
})

test('jobs of one label move together, and weigh together in the plan', () => {
  const jobs = [jobOf('x', 1), { ...jobOf('x', 2), id: 'x-other' }, jobOf('y', 1)]
  const moved = moveJobs(jobs, new Map([['x', 1.1]]))
  expect(moved.map(({ weight }) => weight)).toEqual([1.1, 2.2, 1])
  expect([...weightsByLabel(moved)]).toEqual([
    ['x', 1.1 + 2.2],
    ['y', 1],
  ])
})

test('duplicates are counted over the newest snapshot of every miner, against the rows that are left', async () => {
  await using folder = await temporaryFolder()
  await using catalog = sqliteCatalog(join(folder.path, 'catalog.sqlite'), { clock: systemClock() })
  const job = jobOf('x')
  const sha256 = 'b'.repeat(64)
  const object = { key: 'k', sha256, bytes: 1 }
  const file = { ...object, rows: 4, text_bytes: 1, written_at: '2026-01-01T00:00:00Z', datetime_range: null, labels: [], columns: [] }
  for (const [hotkey, exact] of [
    ['m1', 6],
    ['m2', 1],
  ] as const) {
    await catalog.commit(lineage.snapshot(hotkey, job.id), undefined, {
      kind: 'snapshot',
      parent: null,
      origin: { code_version: '0', config_sha256: 'c'.repeat(64) },
      hotkey,
      job_id: job.id,
      files: [{ file, deletes: { ...object, rows: 1 } }],
      written_at: '2026-01-01T00:00:00Z',
      duplicates: { exact, near: 1, clusters: 1 },
      signature: `0x${'0'.repeat(128)}`,
    })
  }
  expect(await duplicateShares(catalog, [job, jobOf('y')])).toEqual(new Map([['x', 9 / 15]]))
})

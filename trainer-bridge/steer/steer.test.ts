import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { folderStore } from '#infra/store/folder.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { lineage } from '#schemas/lineage.ts'
import type { DesirabilityManifest } from '#schemas/manifest.ts'
import { jobOf, temporaryFolder } from '#test/golden/bridge.ts'
import { dyingAfter } from '#test/golden/dying.ts'
import { EpochLosses } from './epoch-losses.ts'
import { findSteering, isSteered, steer, type SteerRequest } from './steer.ts'
import { moveJobs, moveWeight, weightsByLabel } from './weights.ts'

const datasetName = 'web'
const planOf = (epoch: number) => epoch.toString(16).padStart(64, '0')
const batches = 64

/** An epoch in which x is learnt fast, y slowly, and w not at all. */
function lossesOf(epoch: number): EpochLosses {
  const losses = new EpochLosses({ planId: planOf(epoch), batches, batchTokens: 64 })
  for (let batch = 0; batch < batches; batch++) {
    const trained = Math.log(1 + epoch * batches + batch)
    for (const [label, loss] of [
      ['x', 9 - trained],
      ['y', 9 - trained / 8],
      ['w', 6],
    ] as const)
      losses.add({ batch, label, node: 'a', loss: Math.max(0, loss) })
  }
  return losses
}

const firstList: DesirabilityManifest = {
  kind: 'desirability',
  parent: null,
  jobs: [jobOf('x'), jobOf('y', 2), jobOf('z', 0.7)],
  evidence: [],
  caused_by: null,
}

async function world() {
  const folder = await temporaryFolder()
  const open = () => sqliteCatalog(join(folder.path, 'catalog.sqlite'), { clock: systemClock() })
  const catalog = open()
  await catalog.commit(lineage.desirability, undefined, firstList)
  const store = folderStore(join(folder.path, 'store'))
  const requestOf = (epoch: number, more: Partial<SteerRequest> = {}): SteerRequest => ({
    catalog,
    store,
    datasetName,
    planId: planOf(epoch),
    epoch,
    losses: async () => lossesOf(epoch),
    batchTokens: 64,
    tokenizer: { fingerprint: 'f'.repeat(64), vocabulary: 1000 },
    ...more,
  })
  return {
    catalog,
    open,
    requestOf,
    lists: async () => (await catalog.history(lineage.desirability, { limit: 100 })).map(({ manifest }) => manifest),
    steerings: async () => (await catalog.history(lineage.steering(datasetName), { limit: 100 })).map(({ manifest }) => manifest),
    async [Symbol.asyncDispose]() {
      await catalog[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

test('the next list follows the last one, moves what the evidence says and leaves the rest exactly as it was', async () => {
  await using house = await world()
  const steering = await steer(house.requestOf(0))
  const [list] = await house.lists()
  const [x, y, z] = list?.jobs.map(({ weight }) => weight) ?? []
  expect(x).toBeGreaterThan(1)
  expect(y).toBeLessThan(2)
  expect(z).toBe(0.7)
  expect(list?.caused_by).toEqual({ plan_id: planOf(0), epoch: 0 })
  // What no job asks for is judged, and moves no job.
  expect(list?.evidence.map(({ label, verdict }) => [label, verdict])).toEqual([
    ['x', 'progress'],
    ['y', 'progress'],
    ['z', 'no_evidence'],
  ])
  expect(steering.labels.map(({ evidence, weights }) => [evidence.label, weights])).toEqual([
    ['w', null],
    ['x', { before: 1, after: x }],
    ['y', { before: 2, after: y }],
    ['z', { before: 0.7, after: 0.7 }],
  ])
  expect(await house.steerings()).toEqual([steering])
})

test('each epoch goes on with the windows of those before, but not with those of another tokenizer', async () => {
  await using house = await world()
  const windowsOf = async (epoch: number, more: Partial<SteerRequest> = {}) => {
    const { labels } = await steer(house.requestOf(epoch, more))
    return labels.map(({ windows, tokens }) => [windows.length, tokens])
  }
  expect(await windowsOf(0)).toEqual([
    [8, 4096],
    [8, 4096],
    [8, 4096],
    [0, 0],
  ])
  expect((await windowsOf(1))[1]).toEqual([16, 8192])
  expect((await windowsOf(2, { tokenizer: { fingerprint: 'e'.repeat(64), vocabulary: 1000 } }))[1]).toEqual([8, 4096])
})

const judgedAgain = () => Promise.reject(new Error('judged again'))

test('an epoch is steered once, however often and by how many it is asked for', async () => {
  await using house = await world()
  await using other = house.open()
  const answers = await Promise.all([house.catalog, other, house.catalog].map((catalog) => steer(house.requestOf(0, { catalog }))))
  expect(answers[1]).toEqual(answers[0])
  expect(answers[2]).toEqual(answers[0])
  expect(await house.lists()).toHaveLength(2)
  await steer(house.requestOf(1))
  expect(await steer(house.requestOf(0, { losses: judgedAgain }))).toEqual(answers[0])
  expect(await house.lists()).toHaveLength(3)
})

test('who dies at any step is followed by one who goes on: one decision, one list', async () => {
  for (let calls = 0; ; calls++) {
    await using house = await world()
    const dying = dyingAfter(calls)
    const { commit, head, get } = house.catalog
    const catalog: Catalog = { ...house.catalog, commit: dying(commit) as typeof commit, head: dying(head) as typeof head, get: dying(get) as typeof get }
    const lived = await steer(house.requestOf(0, { catalog })).catch(() => undefined)
    expect(await isSteered(house.catalog, datasetName, { planId: planOf(0), epoch: 0 })).toBe((await house.lists()).length === 2)
    const steering = await steer(house.requestOf(0))
    expect(await isSteered(house.catalog, datasetName, { planId: planOf(0), epoch: 0 })).toBe(true)
    expect(await house.lists()).toHaveLength(2)
    expect(await house.steerings()).toEqual([steering])
    if (lived) break
  }
})

test('a list that somebody else commits meanwhile is followed, not overwritten, and the epoch moves it once', async () => {
  // Before the decision is committed, and between that and the list.
  for (const raceAt of ['steering', 'desirability'] as const) {
    await using house = await world()
    let isFirst = true
    const catalog: Catalog = {
      ...house.catalog,
      async commit(line, expected, manifest) {
        if (isFirst && line.kind === raceAt) {
          isFirst = false
          const head = await house.catalog.head(lineage.desirability)
          const jobs = [jobOf('x', 3), jobOf('new', 1)]
          await house.catalog.commit(lineage.desirability, head?.sha256, { ...firstList, parent: head?.sha256 ?? null, jobs })
        }
        return house.catalog.commit(line, expected, manifest)
      },
    }
    const steering = await steer(house.requestOf(0, { catalog }))
    const [list] = await house.lists()
    expect(list?.jobs.map(({ params, weight }) => [params.label, weight > 3])).toEqual([
      ['x', true],
      ['new', false],
    ])
    expect(await house.lists()).toHaveLength(3)
    expect(steering.labels.find(({ evidence }) => evidence.label === 'x')?.weights?.before).toBe(3)
    expect(await findSteering(house.catalog, datasetName, 0)).toEqual(steering)
    expect(await steer(house.requestOf(0))).toEqual(steering)
  }
})

/** Moves the list now and then, as whoever configures sources does. */
async function crowd(catalog: Catalog): Promise<void> {
  for (let moves = 0; moves < 6; moves++) {
    const head = await catalog.head(lineage.desirability)
    const jobs = [...(head?.manifest.jobs ?? []).filter(({ params }) => params.label !== 'z'), jobOf('z', 1 + moves / 10)]
    await catalog.commit(lineage.desirability, head?.sha256, { ...firstList, parent: head?.sha256 ?? null, jobs }).catch(() => undefined)
  }
}

test('many who steer while others move the list: each epoch moves it once', async () => {
  await using house = await world()
  await using other = house.open()
  for (let epoch = 0; epoch < 4; epoch++)
    await Promise.all([steer(house.requestOf(epoch)), steer(house.requestOf(epoch, { catalog: other })), crowd(house.catalog), crowd(other)])
  const causes = (await house.lists()).flatMap(({ caused_by }) => caused_by?.epoch ?? [])
  expect(causes).toEqual([3, 2, 1, 0])
})

test('an epoch is found by its number, however many came after it, until it is forgotten', async () => {
  await using house = await world()
  const steerings = []
  for (let epoch = 3; epoch < 20; epoch++) steerings.push(await steer(house.requestOf(epoch)))
  for (const steering of steerings) expect(await findSteering(house.catalog, datasetName, steering.epoch)).toEqual(steering)
  for (const epoch of [0, 2, 20]) expect(await findSteering(house.catalog, datasetName, epoch)).toBeUndefined()
  await house.catalog.expire(lineage.steering(datasetName), { keepNewest: 5, before: Date.now() + 1000 })
  const kept = await Promise.all(steerings.map(({ epoch }) => findSteering(house.catalog, datasetName, epoch)))
  expect(kept.filter(Boolean)).toEqual(steerings.slice(-5))
  await expect(steer(house.requestOf(4))).rejects.toMatchObject({ code: 'conflict' })
  expect(await house.lists()).toHaveLength(18)
})

test('without a list there is nothing to move, and the epoch is judged for good all the same', async () => {
  await using folder = await temporaryFolder()
  await using catalog = sqliteCatalog(join(folder.path, 'catalog.sqlite'), { clock: systemClock() })
  await using house = await world()
  const steering = await steer(house.requestOf(0, { catalog }))
  expect(steering).toMatchObject({ list: null, labels: [{ weights: null }, { weights: null }, { weights: null }] })
  expect(await isSteered(catalog, datasetName, { planId: planOf(0), epoch: 0 })).toBe(true)
  expect(await catalog.head(lineage.desirability)).toBeUndefined()
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

test('an epoch that was steered before steerings had a line of their own is not steered again', async () => {
  await using house = await world()
  const { catalog } = house
  const asked = { planId: planOf(3), epoch: 3 }
  const commit = async (caused_by: DesirabilityManifest['caused_by']) => {
    const parent = (await catalog.head(lineage.desirability))?.sha256 ?? null
    await catalog.commit(lineage.desirability, parent ?? undefined, { ...firstList, parent, caused_by })
  }
  expect(await isSteered(catalog, datasetName, asked)).toBe(false)
  await commit({ plan_id: asked.planId, epoch: 3 })
  for (let moved = 0; moved < 7; moved++) await commit(null)
  expect(await isSteered(catalog, datasetName, asked)).toBe(true)
  expect(await isSteered(catalog, datasetName, { planId: planOf(4), epoch: 4 })).toBe(false)
  await steer(house.requestOf(4))
  expect(await isSteered(catalog, datasetName, asked)).toBe(true)
  expect(await isSteered(catalog, datasetName, { planId: planOf(5), epoch: 5 })).toBe(false)
})

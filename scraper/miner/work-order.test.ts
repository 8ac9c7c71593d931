import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { sqliteFrontier } from '#infra/frontier/sqlite.ts'
import { lineage } from '#schemas/lineage.ts'
import { testJob } from '#test/adversary/subnet.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { openWorkOrder } from './work-order.ts'

async function openPlaces(labels: readonly string[] = ['a']) {
  const folder = await temporaryFolder()
  const stack = new AsyncDisposableStack()
  const catalog = stack.use(sqliteCatalog(join(folder, 'catalog.sqlite'), { clock: systemClock() }))
  const frontier = stack.use(sqliteFrontier(join(folder, 'frontier.sqlite'), { clock: manualClock() }))
  await catalog.commit(lineage.desirability, undefined, {
    kind: 'desirability',
    parent: null,
    jobs: labels.map((label) => testJob(label)),
    evidence: [],
    caused_by: null,
  })
  const open = () => openWorkOrder({ catalog, frontier, hotkey: 'miner', pages: 10 })
  const versions = async () => (await catalog.history(lineage.cycle('miner'), { limit: 100 })).map(({ version }) => version)
  return { catalog, open, versions, frontier, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

test('a cycle that begins is kept until it is finished: a restart goes on with it', async () => {
  await using places = await openPlaces()
  const first = await places.open()
  await first.begin()
  await first.begin()
  const again = await places.open()
  expect([again.cycle, [...again.targets()]]).toEqual([1, [['a', 10]]])
  await again.begin()
  await again.finish()
  expect((await places.open()).cycle).toBe(2)
  expect(await places.versions()).toEqual([2, 1])
})

test('labels may be names that objects inherit', async () => {
  const labels = ['__proto__', 'constructor']
  await using places = await openPlaces(labels)
  const first = await places.open()
  const targets = [...first.targets()]
  expect(targets.map(([label]) => label)).toEqual(labels)
  expect(targets.reduce((sum, [, visits]) => sum + visits, 0)).toBe(10)
  await first.begin()
  expect([...(await places.open()).targets()]).toEqual(targets)
})

test('goes on with a cycle of the version before, whose targets were an object', async () => {
  await using places = await openPlaces()
  const list = await places.catalog.head(lineage.desirability)
  const desirability = list?.sha256 ?? ''
  await places.catalog.commit(lineage.cycle('miner'), undefined, { kind: 'cycle', parent: null, cycle: 7, desirability, targets: { a: 12 }, finished: false })
  const order = await places.open()
  expect([order.cycle, [...order.targets()]]).toEqual([7, [['a', 12]]])
  await order.finish()
  expect(await places.catalog.head(lineage.cycle('miner'))).toMatchObject({ version: 2, manifest: { finished: true } })
})

test('cycles that find nothing to do write nothing', async () => {
  await using places = await openPlaces()
  for (let cycle = 0; cycle < 3; cycle++) await (await places.open()).finish()
  expect(await places.versions()).toEqual([])
  const busy = await places.open()
  await busy.begin()
  await busy.finish()
  for (let cycle = 0; cycle < 3; cycle++) await (await places.open()).finish()
  expect(await places.versions()).toEqual([2, 1])
})

test('what a label missed in one cycle it is owed in the next, and the other way round', async () => {
  await using places = await openPlaces(['a', 'b'])
  const { frontier } = places
  const targetsOf = async () => {
    const order = await places.open()
    await order.begin()
    await order.finish()
    return Object.fromEntries(order.targets())
  }
  expect(await targetsOf()).toEqual({ a: 5, b: 5 })
  // All of the first cycle was of b.
  await frontier.add(Array.from({ length: 10 }, (_, i) => ({ url: `http://h${i}.example/`, kind: 'page' as const, label: 'b', priority: 1 })))
  for (const claim of await frontier.claim({ limit: 10, leaseMs: 1000 })) await frontier.done(claim, { outcome: 'stored', hostDelayMs: 0 })
  expect(await targetsOf()).toEqual({ a: 8, b: 12 })
})

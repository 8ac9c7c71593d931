import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { sqliteFrontier } from '#infra/frontier/sqlite.ts'
import { lineage } from '#schemas/lineage.ts'
import { testJob } from '#test/adversary/subnet.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { goldenOrigin } from '#test/golden/shards.ts'
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

test('of a job whose rows are all that count nothing is asked any more, and of one that is nearly there no more than is left', async () => {
  await using places = await openPlaces(['a', 'b', 'c'])
  const list = await places.catalog.head(lineage.desirability)
  const jobs = (list?.manifest.jobs ?? []).map((job, n) => ({ ...job, ...(n < 2 && { max_rows: 100 }) }))
  if (!list) throw new Error('there is no list')
  await places.catalog.commit(lineage.desirability, list.sha256, { ...list.manifest, parent: list.sha256, jobs })
  const hold = async (label: string, rows: number, deleted: number) => {
    const job_id = jobs.find(({ params }) => params.label === label)?.id ?? ''
    const file = {
      sha256: 'a'.repeat(64),
      key: 'data/x',
      bytes: 1,
      rows,
      text_bytes: 1,
      labels: [],
      columns: [],
      written_at: '2026-01-01T00:00:00.000Z',
      datetime_range: null,
    }
    const deletes = { key: 'deletes/x', sha256: 'b'.repeat(64), bytes: 1, rows: deleted }
    const said = {
      origin: goldenOrigin,
      hotkey: 'miner',
      job_id,
      written_at: file.written_at,
      duplicates: { exact: 0, near: 0, clusters: 0 },
      signature: `0x${'c'.repeat(128)}`,
    }
    const files = [{ file, deletes }]
    await places.catalog.commit(lineage.snapshot('miner', job_id), undefined, { kind: 'snapshot', parent: null, ...said, files } as never)
    return job_id
  }
  const full = await hold('a', 120, 20)
  await hold('b', 120, 21)
  const order = await places.open()
  expect([...order.targets()]).toEqual([
    ['a', 0],
    ['b', 1],
    ['c', 9],
  ])
  expect([...order.full]).toEqual([full])
})

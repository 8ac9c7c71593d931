import { expect, test } from 'vitest'
import { lineage } from '#schemas/lineage.ts'
import { testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, putShard, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { build, planBuild } from './build/build.ts'
import { openDataset } from './service.ts'

const signal = new AbortController().signal
const settings = { name: 'web', keep_seconds: 86_400 }
const open = (world: ShardWorld) => openDataset({ ...world, origin: goldenOrigin, settings })

test('a refresh brings the dataset and its tokens up to date; the next has nothing to do', async () => {
  await using world = await shardWorld()
  await using service = await open(world)
  expect(await service.refresh(signal)).toEqual({ dataset: { changed: false, entry: undefined }, tokens: { changed: false, entry: undefined } })
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: testDocuments(5) })
  const first = await service.refresh(signal)
  expect([first.dataset.changed, first.tokens.changed, first.tokens.entry?.manifest.dataset]).toEqual([true, true, first.dataset.entry?.sha256])
  const second = await service.refresh(signal)
  expect(second).toEqual({ dataset: { changed: false, entry: first.dataset.entry }, tokens: { changed: false, entry: first.tokens.entry } })
  expect((await service.app.inject({ url: '/v1/datasets/web' })).json()).toMatchObject({ version: 1, tokens: { version: 1 } })
})

test('a refresh writes the Iceberg tables of built datasets, too', async () => {
  await using world = await shardWorld()
  await using service = await open(world)
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: testDocuments(5) })
  await service.refresh(signal)
  const any = { jobs: [], labels: [], langs: [], hosts: [], licences: [], since: null, until: null, min_quality: null, sample_seed: null }
  const request = { ...world, name: 'two', from: { dataset: 'web' }, criteria: { ...any, max_rows: 2 }, signal }
  await build(request, await planBuild(request))
  expect((await service.app.inject({ url: '/iceberg/v1/namespaces/orrery/tables/two' })).statusCode).toBe(503)
  await service.refresh(signal)
  const { metadata } = (await service.app.inject({ url: '/iceberg/v1/namespaces/orrery/tables/two' })).json()
  expect(metadata.snapshots[0].summary).toMatchObject({ 'orrery.documents': '2' })
})

test('refreshes asked for at once run one after the other', async () => {
  await using world = await shardWorld()
  await using service = await open(world)
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: testDocuments(5) })
  const outcomes = await Promise.all([service.refresh(signal), service.refresh(signal), service.refresh(signal)])
  expect(outcomes.map(({ dataset, tokens }) => [dataset.changed, tokens.changed])).toEqual([
    [true, true],
    [false, false],
    [false, false],
  ])
})

test('a refresh that failed does not stand in the way of the next', async () => {
  await using world = await shardWorld()
  await using service = await open(world)
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: testDocuments(5) })
  await expect(service.refresh(AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop')
  expect((await service.refresh(signal)).dataset.changed).toBe(true)
})

test('closing ends the refresh that runs, and nothing is committed afterwards', async () => {
  await using world = await shardWorld()
  const service = await open(world)
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: testDocuments(5) })
  const running = service.refresh(signal)
  const [outcome] = await Promise.allSettled([running, service.close()])
  expect(outcome.status).toBe('rejected')
  expect(await world.catalog.head(lineage.dataset('web'))).toBeUndefined()
  await expect(service.refresh(signal)).rejects.toThrow('closed')
})

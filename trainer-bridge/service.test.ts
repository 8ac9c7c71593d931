import { expect, test } from 'vitest'
import { listen } from '#infra/net/server.ts'
import { readList } from '#infra/corpus/list-object.ts'
import { lineage } from '#schemas/lineage.ts'
import type { DesirabilityManifest, EpochManifest } from '#schemas/manifest.ts'
import { GenerationShard } from '#schemas/token-list.ts'
import { bridgeHouse, furnish, goldenDataset, temporaryFolder, type BridgeHouse } from '#test/golden/bridge.ts'
import { tokenDataset } from '#test/golden/tokens.ts'
import { epochLine } from './epoch-line.ts'
import { trainNode, type NodeReport } from './node/train.ts'
import { plannedBatches } from './plan/batches.ts'
import { recentLists } from './plan/lists.ts'
import { openBridge, type Bridge } from './service.ts'

const strata = { docs: [2000, 1100], readme: [2500], license: [1500] }
const never = new AbortController().signal

/** Nodes that train over real HTTP while `work` runs, and are gone afterwards. */
async function withNodes<T>({ pace, telemetry }: BridgeHouse, { app }: Bridge, names: readonly string[], work: () => Promise<T>): Promise<[T, NodeReport[]]> {
  const { origin } = await listen(app, { host: '127.0.0.1', port: 0, setting: 'bridge.port' })
  const leaving = new AbortController()
  const nodes = names.map((node) => trainNode({ origin, node, fetch: globalThis.fetch, pace, telemetry, signal: leaving.signal }))
  const done = await work().finally(() => leaving.abort())
  return [done, await Promise.all(nodes)]
}

async function newestList({ catalog }: BridgeHouse): Promise<DesirabilityManifest> {
  const manifest = (await catalog.head(lineage.desirability))?.manifest
  if (manifest?.kind !== 'desirability') throw new Error('no list')
  return manifest
}

test('an epoch goes from tokens to new weights: every batch settled once, the loss falls, the list says why', async () => {
  await using folder = await temporaryFolder()
  await using house = bridgeHouse(folder.path)
  await furnish(folder.path, house, tokenDataset({ strata, vocabulary: 50 }))
  await using bridge = await openBridge(house)
  const [report, nodes] = await withNodes(house, bridge, ['a', 'b'], () => bridge.runEpoch(never))

  const batches = 48 + 39 + 23
  expect(report.outcome).toBe('steered')
  expect(report.epoch?.summary).toMatchObject({ epoch: 0, closed: true, batches, states: { settled: batches } })
  // A node that is sent away while its last answer is under way does not learn that it counted.
  expect(nodes.reduce((sum, node) => sum + node.batches + node.returned, 0)).toBeGreaterThanOrEqual(batches)

  const list = await newestList(house)
  expect(list.caused_by).toEqual({ plan_id: report.epoch?.summary.plan_id, epoch: 0 })
  expect(list.evidence.map(({ label }) => label)).toEqual(['docs', 'license', 'readme'])
  const [docs] = list.evidence
  expect(docs).toMatchObject({ nodes: 2, verdict: 'progress', progress: expect.any(Number) })
  expect(docs?.loss_after).toBeLessThan((docs?.loss_before ?? 0) - 0.5)
  for (const { weight } of list.jobs) expect(Math.abs(weight - 1)).toBeLessThanOrEqual(0.2 + 1e-12)
  // The other labels are mostly chance: what can be learnt rises against them.
  expect(list.jobs.find(({ params }) => params.label === 'docs')?.weight).toBeGreaterThan(1)
  expect(house.events.map(({ name }) => name)).toEqual(expect.arrayContaining(['bridge.epoch', 'bridge.progress', 'bridge.steered']))
})

/** Settles all open batches of the ledger without a node, losses falling with the batch and faster for docs. */
async function settleAll({ ledger, catalog, store }: BridgeHouse): Promise<void> {
  const head = await catalog.head(lineage.plan(goldenDataset))
  if (!head) throw new Error('no plan')
  const epoch = head.version - 1
  const batches = await plannedBatches(head.manifest as EpochManifest, ({ list }) => readList(store, list, GenerationShard))
  for (;;) {
    const leases = await ledger.lease(head.sha256, epoch, { node: 'n', limit: 64, ttlMs: 60_000 })
    if (leases.length === 0) return
    for (const lease of leases) await ledger.settle(lease, { loss: 8 - lease.batch * (batches.label(lease.batch) === 'docs' ? 0.05 : 0.01), tokens: 64 })
  }
}

test('a bridge that dies at any step is followed by one that goes on: the same epoch, steered exactly once', async () => {
  await using folder = await temporaryFolder()
  await using house = bridgeHouse(folder.path)
  await furnish(folder.path, house, tokenDataset({ strata }))
  const step = async () => {
    await using bridge = await openBridge(house)
    return bridge.advance(never)
  }
  // Died between planning the epoch and opening it.
  await epochLine({ ...house, readList: recentLists(house.store) }).next()
  expect(await step()).toBe('opened')
  expect(await step()).toBe('waiting')
  await settleAll(house)
  // Died between closing the epoch and steering by it.
  const plan = await house.catalog.head(lineage.plan(goldenDataset))
  await house.ledger.close(plan?.sha256 ?? '', 0)
  expect(await step()).toBe('steered')
  expect(await step()).toBe('idle')
  expect(await step()).toBe('idle')
  expect((await house.catalog.head(lineage.desirability))?.version).toBe(2)
  expect((await house.catalog.history(lineage.plan(goldenDataset), { limit: 100 })).length).toBe(1)
})

test('new tokens make the next epoch, drawn by the weights the last one led to', async () => {
  await using folder = await temporaryFolder()
  await using house = bridgeHouse(folder.path)
  const first = tokenDataset({ strata })
  await furnish(folder.path, house, first)
  await using bridge = await openBridge(house)
  expect(await bridge.advance(never)).toBe('opened')
  await settleAll(house)
  const report = await bridge.runEpoch(never)
  expect(report.epoch?.weightsAfter.get('docs')).toBeGreaterThan(1)
  expect(await bridge.runEpoch(never)).toEqual({ outcome: 'idle', epoch: undefined })

  const second = tokenDataset({ strata: { ...strata, docs: [...strata.docs, { tokens: 640, since: 2 }] } })
  await furnish(folder.path, house, second)
  expect(await bridge.advance(never)).toBe('opened')
  const plan = await house.catalog.head(lineage.plan(goldenDataset))
  expect(plan?.version).toBe(2)
  const { epoch } = report
  expect(plan?.manifest).toMatchObject({
    parent: epoch?.summary.plan_id,
    batches: 10,
    settled_before: epoch?.summary.states['settled'],
    strata: [{ label: 'docs', weight: epoch?.weightsAfter.get('docs') }],
  })
})

test('an epoch that is asked to close is steered by what was settled', async () => {
  await using folder = await temporaryFolder()
  await using house = bridgeHouse(folder.path, { epoch_batches: 40 })
  await furnish(folder.path, house, tokenDataset({ strata }))
  await using bridge = await openBridge(house)
  await bridge.advance(never)
  const plan = await house.catalog.head(lineage.plan(goldenDataset))
  await house.ledger.close(plan?.sha256 ?? '', 0)
  const report = await bridge.runEpoch(never)
  expect(report.epoch?.summary.states).toMatchObject({ settled: 0, void: 40 })
  expect(report.epoch?.evidence.map(({ verdict }) => verdict)).toEqual(['no_evidence', 'no_evidence', 'no_evidence'])
  expect(report.epoch?.weightsAfter).toEqual(report.epoch?.weightsBefore)
})

test('without tokens, or without enough of them for one batch, there is nothing to do', async () => {
  await using folder = await temporaryFolder()
  await using house = bridgeHouse(folder.path)
  await using bridge = await openBridge(house)
  expect(await bridge.advance(never)).toBe('idle')
  await furnish(folder.path, house, tokenDataset({ strata: { docs: [63] } }))
  expect(await bridge.advance(never)).toBe('idle')
})

test('a wait for nodes ends with the signal', async () => {
  await using folder = await temporaryFolder()
  await using house = bridgeHouse(folder.path)
  await furnish(folder.path, house, tokenDataset({ strata }))
  await using bridge = await openBridge(house)
  const leaving = new AbortController()
  const running = bridge.runEpoch(leaving.signal)
  leaving.abort(new Error('enough'))
  await expect(running).rejects.toThrow('enough')
})

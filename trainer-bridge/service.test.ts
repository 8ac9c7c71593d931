import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listen } from '#infra/net/server.ts'
import { readList } from '#infra/corpus/list-object.ts'
import { folderStore } from '#infra/store/folder.ts'
import { lineage } from '#schemas/lineage.ts'
import { Stratum, type EpochManifest } from '#schemas/epoch-manifest.ts'
import { type DesirabilityManifest, type PlanManifest } from '#schemas/manifest.ts'
import { bridgeHouse, furnish, goldenDataset, temporaryFolder, type BridgeHouse } from '#test/golden/bridge.ts'
import { leases, settle } from '#test/conformance/answer-lease.ts'
import { tokenDataset } from '#test/golden/tokens.ts'
import { epochLine } from './epoch-line.ts'
import { trainNode, type NodeReport } from './node/train.ts'
import { plannedBatches } from './plan/batches.ts'
import { provenShards } from './blocks/proven-shards.ts'
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
  // The other labels are mostly chance: what can be learnt does not sink against them.
  expect(list.jobs.find(({ params }) => params.label === 'docs')?.weight).toBeGreaterThanOrEqual(1)
  expect(house.events.map(({ name }) => name)).toEqual(expect.arrayContaining(['bridge.epoch', 'bridge.progress', 'bridge.steered']))
})

function noneWhenClosed(error: { code?: string }): [] {
  if (error.code === 'fenced') return []
  throw error
}

/** Settles all open batches of the ledger without a node, losses falling with the batch and faster for docs. */
async function settleAll({ ledger, catalog, store }: BridgeHouse): Promise<void> {
  const head = await catalog.head(lineage.plan(goldenDataset))
  if (!head) throw new Error('no plan')
  const epoch = head.version - 1
  const batches = await plannedBatches(head.manifest as EpochManifest, { store, readList: recentLists(store) })
  for (;;) {
    const held = await leases(ledger, [head.sha256, epoch], { limit: 64 }).catch(noneWhenClosed)
    if (held.length === 0) return
    for (const lease of held) {
      const label = batches.label(lease.batch)
      await settle(ledger, lease, { loss: 8 - lease.batch * (label === 'docs' ? 0.05 : 0.01), tokens: 64 }, label)
    }
  }
}

test('a bridge that dies at any step is followed by one that goes on: the same epoch, steered exactly once', async () => {
  await using folder = await temporaryFolder()
  await using house = bridgeHouse(folder.path)
  await furnish(folder.path, house, tokenDataset({ strata }))
  const step = async () => {
    await using bridge = await openBridge(house)
    return await bridge.advance(never)
  }
  // Died between planning the epoch and opening it.
  await epochLine({ ...house, shards: provenShards(house.store), readList: recentLists(house.store) }).next(never)
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
  })
  const drawn = await readList(house.store, (plan!.manifest as EpochManifest).strata.list, Stratum)
  expect(drawn).toMatchObject([{ label: 'docs', weight: epoch?.weightsAfter.get('docs') }])
})

test('tokens that come while an epoch is planned are in it: it is planned anew', async () => {
  await using folder = await temporaryFolder()
  await using house = bridgeHouse(folder.path)
  await furnish(folder.path, house, tokenDataset({ strata }))
  const second = tokenDataset({ strata: { ...strata, docs: [...strata.docs, { tokens: 640, since: 2 }] } })
  let isLate = true
  const put: typeof house.store.put = async (...args) => {
    if (isLate) await furnish(folder.path, house, second)
    isLate = false
    return house.store.put(...args)
  }
  await using bridge = await openBridge({ ...house, store: { get: house.store.get, put } })
  expect(await bridge.advance(never)).toBe('opened')
  const plans = await house.catalog.history(lineage.plan(goldenDataset), { limit: 10 })
  const tokens = await house.catalog.head(lineage.tokens(goldenDataset))
  expect(tokens?.version).toBe(2)
  expect(plans.map(({ manifest }) => manifest)).toMatchObject([{ joined: 2, tokens: tokens?.sha256 }])
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

test('two bridges on one folder train one line of epochs, and steer each once', async () => {
  await using folder = await temporaryFolder()
  await using house = bridgeHouse(folder.path, { epoch_batches: 30 })
  await using other = bridgeHouse(folder.path, { epoch_batches: 30 })
  await furnish(folder.path, house, tokenDataset({ strata }))
  await using one = await openBridge(house)
  await using two = await openBridge(other)
  let epochs = 0
  for (let steps = await Promise.all([one.advance(never), two.advance(never)]); steps.some((step) => step !== 'idle');) {
    expect(++epochs).toBeLessThan(50)
    await settleAll(house)
    steps = await Promise.all([one.advance(never), two.advance(never)])
  }
  const plans = await house.catalog.history(lineage.plan(goldenDataset), { limit: 100 })
  expect(plans.map(({ manifest }) => (manifest.kind === 'run-epoch' ? manifest.batches : 0))).toEqual([20, 30, 30, 30])
  for (const { sha256, version, manifest } of plans)
    expect(await house.ledger.progress(sha256, version - 1)).toMatchObject({ closed: true, states: { settled: manifest.batches } })
  const causes = (await house.catalog.history(lineage.desirability, { limit: 100 })).map(({ manifest }) => manifest.caused_by?.epoch)
  expect(causes).toEqual([3, 2, 1, 0, undefined])
})

test('a shard that is lost costs its batches, not the run', async () => {
  await using folder = await temporaryFolder()
  await using house = bridgeHouse(folder.path, { epoch_batches: 12, lost_seconds: 0.5 })
  const dataset = tokenDataset({ strata: { ...strata, license: [640] } })
  await furnish(folder.path, house, dataset)
  await using bridge = await openBridge(house)
  expect(await bridge.advance(never)).toBe('opened')
  const lost = dataset.shards.find(({ shard }) => shard.label === 'license')!.shard.key
  await folderStore(join(folder.path, 'store')).delete(lost)
  const [report] = await withNodes(house, bridge, ['a'], () => bridge.runEpoch(never))
  const { states, labels } = report.epoch?.summary ?? {}
  expect(labels?.map(({ name }) => name)).toEqual(['docs', 'readme'])
  expect(states?.['void']).toBeGreaterThan(0)
  // The next epoch is planned without it.
  expect(await bridge.advance(never)).toBe('opened')
  expect(house.events.find(({ name }) => name === 'bridge.shard_lost')?.fields).toMatchObject({ key: lost })
  const plan = await house.catalog.head(lineage.plan(goldenDataset))
  expect(plan?.manifest).toMatchObject({ kind: 'run-epoch', batches: 12 })
  const again = await Promise.all(Array.from({ length: 12 }, (_, k) => bridge.app.inject(`/v1/plans/${plan?.sha256}/epochs/1/batches/${k}`)))
  expect(new Set(again.map(({ statusCode }) => statusCode))).toEqual(new Set([200]))
})

test('an open plan of before runs went on is closed, and what was settled of it counts on', async () => {
  await using folder = await temporaryFolder()
  await using house = bridgeHouse(folder.path, { epoch_batches: 30 })
  const former: PlanManifest = {
    kind: 'plan',
    parent: null,
    tokens: 'a'.repeat(64),
    tokenizer: 'b'.repeat(64),
    geometry: { rows: 2, sequence_tokens: 32 },
    seed: 7,
    batches: 3,
    weights_log: [{ from_batch: 0, weights: { docs: 1 } }],
    strata: [{ label: 'docs', windows: 6, shards: ['c'.repeat(64)] }],
  }
  const { sha256 } = await house.catalog.commit({ ...lineage.plan(goldenDataset), kind: 'plan', former: [] }, undefined, former)
  await house.ledger.open(sha256, 0, 3)
  const [lease] = await leases(house.ledger, [sha256, 0])
  await settle(house.ledger, lease!, { loss: 1, tokens: 64 })
  await furnish(folder.path, house, tokenDataset({ strata }))
  await using bridge = await openBridge(house)
  expect((await bridge.app.inject('/v1/progress')).json()).toEqual({ state: 'idle', epoch: null })
  expect(await bridge.advance(never)).toBe('opened')
  expect(await house.ledger.progress(sha256, 0)).toMatchObject({ closed: true, states: { settled: 1, void: 2 } })
  expect(await house.catalog.head(lineage.plan(goldenDataset))).toMatchObject({
    version: 2,
    manifest: { kind: 'run-epoch', parent: sha256, settled_before: 1, pass: 1 },
  })
})

test('when all was trained as often as it shall be, looking leaves nothing behind', async () => {
  await using folder = await temporaryFolder()
  await using house = bridgeHouse(folder.path)
  await furnish(folder.path, house, tokenDataset({ strata }))
  await using bridge = await openBridge(house)
  await bridge.advance(never)
  await settleAll(house)
  await bridge.runEpoch(never)
  expect(await bridge.advance(never)).toBe('idle')
  const standing = async () => [
    await readdir(join(folder.path, 'store'), { recursive: true }),
    await house.catalog.history(lineage.plan(goldenDataset), { limit: 100 }),
  ]
  const before = await standing()
  await using restarted = await openBridge(house)
  for (let n = 0; n < 5; n++) for (const each of [bridge, restarted]) expect(await each.advance(never)).toBe('idle')
  expect(await standing()).toEqual(before)
})

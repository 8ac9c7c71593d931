import { join } from 'node:path'
import { expect, test } from 'vitest'
import { anchoredBytes } from '#infra/chain/anchor.ts'
import { localChain } from '#infra/chain/local.ts'
import { listen } from '#infra/net/server.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Metagraph } from '#schemas/chain.ts'
import { lineage } from '#schemas/lineage.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { bridgeHouse, furnish, goldenDataset, temporaryFolder } from '#test/golden/bridge.ts'
import { tokenDataset } from '#test/golden/tokens.ts'
import { bridgeAnchors } from '../commands.ts'
import { findNumbered } from '../feed/open-epoch.ts'
import { recentLists } from '../plan/lists.ts'
import { openBridge } from '../service.ts'
import { auditFeed } from './audit-feed.ts'
import { auditBatch, auditNode } from './audit.ts'
import { controlBatches } from './control-batches.ts'
import { provenShards } from './proven-shards.ts'

const signal = new AbortController().signal

/** A feed whose first epoch is over, all but its last batch settled. */
async function trained() {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder())
  const anchored: string[] = []
  const house = stack.use(bridgeHouse(folder.path, { epoch_batches: 6, passes: 0 }))
  await furnish(folder.path, house, tokenDataset({ strata: { web: [900] } }))
  const anchorReceipt = async (sha256: string): Promise<number> => anchored.push(sha256)
  const bridge = stack.use(await openBridge({ ...house, anchorReceipt }))
  await bridge.advance(signal)
  const post = async (url: string, payload: object) => (await bridge.app.inject({ method: 'POST', url, payload })).json()
  const { leases } = await post('/v1/leases', { node: 'a', limit: 5 })
  for (const { plan_id, epoch, batch, token, fence } of leases)
    await post('/v1/acks', { node: 'a', plan_id, epoch, batch, token, fence, loss: 2 + batch, tokens: 64 })
  await house.ledger.close(leases[0].plan_id, 0)
  await bridge.advance(signal)
  const { catalog, encoders, datasetName } = house
  const sourceOf = (store: Pick<ObjectStore, 'get' | 'put'>) => ({
    catalog,
    encoders,
    datasetName,
    store,
    shards: provenShards(store),
    readList: recentLists(store),
  })
  return { house, bridge, anchored, sourceOf, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** A chain on which the second hotkey has a receipt. */
const onChain = (sha256: string) => ({
  block: async () => ({ number: 9, hash: '0x00', timestamp: 0 }),
  metagraph: async () =>
    ({ neurons: [{ hotkey: 'x' }, { hotkey: 'h', commitment: anchoredBytes('receipt', sha256), commitmentBlock: 9 }] }) as unknown as Metagraph,
})

test('a batch is made anew of store and catalog alone, and found in the receipt of its epoch, which is anchored', async () => {
  await using run = await trained()
  const source = run.sourceOf(run.house.store)
  const open = await findNumbered(source, goldenDataset, 0)
  const served = (await run.bridge.app.inject(`/v1/jobs/${goldenDataset}/epochs/0/batches/2`)).rawPayload
  const audit = await auditBatch(source, open, 2)
  expect(audit).toMatchObject({ batch: 2, epoch: 0, sha256: sha256Hex(served), receipt: { batches: 6, settled: { node: 'a', loss: 4, tokens: 64 } } })
  expect(audit.checked).toHaveLength(3)
  expect((await auditBatch(source, open, 5)).receipt).toMatchObject({ settled: null })
  expect(run.anchored).toEqual([audit.receipt!.sha256])
  const held = await auditBatch({ ...source, chain: onChain(audit.receipt!.sha256) }, open, 2)
  expect([held.anchored, held.checked.length]).toEqual([{ hotkey: 'h', block: 9 }, 4])
  const next = { ...(await run.house.catalog.head(lineage.receipts(goldenDataset)))!.manifest, parent: audit.receipt!.sha256, epoch: 1, plan: 'ab'.repeat(32) }
  const { sha256: later } = await run.house.catalog.commit(lineage.receipts(goldenDataset), audit.receipt!.sha256, next)
  expect((await auditBatch({ ...source, chain: onChain(later) }, open, 2)).anchored?.block).toBe(9)
  expect((await auditBatch({ ...source, chain: onChain('cd'.repeat(32)) }, open, 2)).anchored).toBeUndefined()
  await expect(auditBatch(source, open, 6)).rejects.toMatchObject({ code: 'not_found' })
})

test('on a real chain the order follows from the block after the commitment, and the receipt is found', async () => {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder())
  const house = stack.use(bridgeHouse(folder.path, { epoch_batches: 3, passes: 0 }))
  await furnish(folder.path, house, tokenDataset({ strata: { web: [900], docs: [400] } }))
  const chain = stack.use(localChain(join(folder.path, 'anchors.sqlite'), { clock: house.pace, netuid: 13, blockMs: 20 }))
  const wallet = async (name: string) => {
    const { signer } = await house.wallet(name)
    return { signer, coldkey: signer.address }
  }
  const bridge = stack.use(await openBridge({ ...house, ...(await bridgeAnchors({ chain, wallet })) }))
  await bridge.advance(signal)
  const source = { ...house, shards: provenShards(house.store), readList: recentLists(house.store), chain }
  const open = await findNumbered(source, goldenDataset, 0)
  const { anchor, seed } = open.plan
  expect(anchor?.hash).toBe((await chain.block(anchor!.block)).hash)
  expect(seed).toBe(Number.parseInt(anchor!.hash.slice(2, 14), 16))
  await house.ledger.close(open.planId, 0)
  await bridge.advance(signal)
  const audit = await auditBatch(source, open, 1)
  expect(audit.checked).toEqual(expect.arrayContaining([expect.stringContaining('the block after'), expect.stringContaining('stands on the chain')]))
  const other = { ...chain, block: async (number?: number) => ({ ...(await chain.block(number)), hash: `0x${'ab'.repeat(32)}` }) }
  await expect(auditBatch({ ...source, chain: other }, open, 1)).rejects.toThrow(/has the hash 0xabab/)
  const moved = { ...open, batches: { ...open.batches, strata: open.batches.strata.toReversed() } }
  await expect(auditBatch(source, moved, 1)).rejects.toThrow(/its order is not that of the block/)
})

test('a node is held against batches that it was not given', async () => {
  await using run = await trained()
  const parts = { ...run.house, datasetName: goldenDataset }
  const { assigned, control } = await auditNode(parts, 'a', 0)
  expect(assigned.map(({ batch, loss }) => [batch, loss])).toEqual([0, 1, 2, 3, 4].map((batch) => [batch, 2 + batch]))
  expect(control).toEqual([5])
  await expect(auditNode(parts, 'b', 0)).rejects.toMatchObject({ code: 'not_found' })
  await expect(auditNode(parts, 'a', 7)).rejects.toMatchObject({ code: 'not_found' })
})

test('a token that was changed in the store is found out', async () => {
  await using run = await trained()
  const spoilt: Pick<ObjectStore, 'get' | 'put'> = {
    put: run.house.store.put,
    async get(key, range) {
      const bytes = (await run.house.store.get(key, range)).slice()
      if (key.endsWith('.tok') && range?.start === 0) bytes[500]! ^= 1
      return bytes
    },
  }
  const source = run.sourceOf(spoilt)
  await expect(auditBatch(source, await findNumbered(source, goldenDataset, 0), 0)).rejects.toMatchObject({ code: 'data_unreadable' })
})

/** A feed that says `to` for the first `from` where a path ends so. */
const lying =
  (end: string, from: string | RegExp, to: string): typeof fetch =>
  async (input, init) => {
    const response = await fetch(input, init)
    return String(input).endsWith(end) ? new Response((await response.text()).replace(from, to)) : response
  }

/** It answers of another batch all along. */
const elsewhere: typeof fetch = (input, init) => fetch(String(input).replace('batches/1', 'batches/2'), init)

test('a feed is asked for a batch and all that it follows from, and what does not agree is found out', async () => {
  await using run = await trained()
  const { origin } = await listen(run.bridge.app, { host: '127.0.0.1', port: 0, setting: 'bridge.port' })
  const base = `${origin}/v1/jobs/${goldenDataset}`
  const audit = (ask: typeof fetch, rest: object = {}) => auditFeed({ base, epoch: 0, batch: 1, ask, ...rest })
  const good = await audit(fetch)
  expect(good).toMatchObject({ batch: 1, receipt: { settled: { node: 'a', loss: 3 } }, unchecked: [expect.stringContaining('without --feed')] })
  expect(good.checked).toHaveLength(4)
  expect((await audit(fetch, { chain: onChain(good.receipt!.sha256) })).anchored?.block).toBe(9)
  // One that follows it, by the parents that the feed tells.
  const receipts = lineage.receipts(goldenDataset)
  const next = { ...(await run.house.catalog.head(receipts))!.manifest, parent: good.receipt!.sha256, epoch: 1, plan: 'ab'.repeat(32) }
  const { sha256: later } = await run.house.catalog.commit(receipts, good.receipt!.sha256, next)
  expect((await audit(fetch, { chain: onChain(later) })).anchored?.hotkey).toBe('h')

  const list = `${(await findNumbered(run.sourceOf(run.house.store), goldenDataset, 0)).plan.strata.list.sha256}.json`
  const other = 'ab'.repeat(32)
  const lies: [string, string | RegExp, string][] = [
    ['/proof', '"loss":3', '"loss":0.1'],
    ['/proof', '"start":', '"start":1'],
    ['/proof', /"sha256":"[0-9a-f]{64}","blocks_root"/, `"sha256":"${other}","blocks_root"`],
    ['/proof', /"plan_id":"[0-9a-f]{64}"/, `"plan_id":"${other}"`],
    ['/manifest', '"seed":', '"seed":1'],
    [list, '"weight":1', '"weight":2'],
    [good.receipt!.sha256, '"settled":5', '"settled":6'],
  ]
  for (const [end, from, to] of lies) await expect(audit(lying(end, from, to)), `${end} ${to}`).rejects.toMatchObject({ code: 'data_unreadable' })
  await expect(audit(elsewhere)).rejects.toMatchObject({ code: 'data_unreadable', message: expect.stringContaining('rows') })
  await expect(audit(lying('/manifest', '"strata"', '"sources"'))).rejects.toMatchObject({ code: 'upstream_failed' })
  await expect(audit(fetch, { batch: 99 })).rejects.toMatchObject({ code: 'upstream_failed' })
  for (const path of ['objects/..%2Fx.json', `objects/${'0'.repeat(64)}.records`, `receipts/${'0'.repeat(64)}`, `objects/${'0'.repeat(64)}.json`])
    expect([400, 404]).toContain((await fetch(`${base}/${path}`)).status)
})

const draw = (plan: string, node: string, assigned: readonly number[], batches = 100, count = 20) =>
  controlBatches(plan, node, { assigned: new Set(assigned), batches, count })

test('control batches are the same for whoever knows the plan, and never those that the node was given', () => {
  const assigned = [1, 2, 3, 50, 99]
  const drawn = draw('p', 'a', assigned)
  expect(drawn).toEqual(draw('p', 'a', assigned))
  expect(new Set(drawn).size).toBe(20)
  expect(drawn.filter((batch) => assigned.includes(batch))).toEqual([])
  expect(draw('p', 'b', assigned)).not.toEqual(drawn)
  expect(draw('q', 'a', assigned)).not.toEqual(drawn)
  expect(draw('p', 'a', [0, 1], 3).toSorted()).toEqual([2])
  expect([draw('p', 'a', [0], 1), draw('p', 'a', [], 0)]).toEqual([[], []])
})

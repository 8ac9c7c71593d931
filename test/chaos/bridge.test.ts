import { expect, test } from 'vitest'
import { lineage } from '#schemas/lineage.ts'
import { bridgeHouse, furnish, goldenDataset, temporaryFolder } from '#test/golden/bridge.ts'
import { tokenDataset } from '#test/golden/tokens.ts'
import { readRecords } from '#trainer-bridge/blocks/receipt.ts'
import { trainNode } from '#trainer-bridge/node/train.ts'
import { bridgeProcess } from './bridge-process.ts'
import { churnBridge } from './churned-bridge.ts'
import { lastingPort } from './lasting-port.ts'

const settings = { rows: 2, sequence_tokens: 16, epoch_batches: 150, lease_seconds: 1 }

/** A repeatable choice of moments: after so many acknowledged batches the feed is killed. */
function momentsOf(seed: number, count: number): number[] {
  let state = seed
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return 3 + ((state >>> 8) % 20)
  })
}

test('a feed killed again and again settles every batch once and steers once, while two nodes train on', async () => {
  await using folder = await temporaryFolder()
  await using house = bridgeHouse(folder.path, settings)
  await furnish(folder.path, house, tokenDataset({ strata: { web: [3000], docs: [3000] } }))

  await using stack = new AsyncDisposableStack()
  const port = await lastingPort()
  let feed = bridgeProcess(folder.path, port, settings)
  stack.defer(() => feed.kill())
  const { origin = '' } = await feed.line('listening')
  const leaving = new AbortController()
  stack.defer(() => leaving.abort())
  const openBatches = async () => {
    const plan = await house.catalog.head(lineage.plan(goldenDataset))
    const { states } = await house.ledger.progress(plan?.sha256 ?? '', 0)
    return settings.epoch_batches - states.settled
  }
  let acked = 0
  let wake: (() => void) | undefined
  let wakeAt = Infinity
  const counting: typeof globalThis.fetch = async (input, init) => {
    const isAck = new URL(String(input)).pathname.endsWith('/acks')
    // The kill and the answer go out together: whether it still counts is left to chance.
    if (isAck && ++acked === wakeAt) wake?.()
    return globalThis.fetch(input, init)
  }
  const parts = { origin, fetch: counting, pace: house.pace, telemetry: house.telemetry, signal: leaving.signal }
  const nodes = ['a', 'b'].map((node) => trainNode({ ...parts, node }))

  for (const moment of momentsOf(11, 3)) {
    await new Promise<void>((resolve) => {
      wake = resolve
      wakeAt = acked + moment
    })
    await feed.kill()
    feed = bridgeProcess(folder.path, port, settings)
    await feed.line('listening')
  }
  // The last answer is on disk: it is killed while it closes the epoch, writes the receipt and steers.
  await expect.poll(openBatches, { interval: 1 }).toBe(0)
  await feed.kill()
  feed = bridgeProcess(folder.path, port, settings)
  await expect.poll(async () => (await house.catalog.head(lineage.steering(goldenDataset)))?.manifest.epoch).toBe(0)
  leaving.abort()
  await Promise.all(nodes)

  // The next epoch may have been planned while the nodes were leaving.
  const first = (await house.catalog.history(lineage.plan(goldenDataset), { limit: 100 })).at(-1)
  const { states, closed } = await house.ledger.progress(first?.sha256 ?? '', 0)
  const settlements = await house.ledger.settlements(first?.sha256 ?? '', 0, { limit: 1000 })
  expect([closed, states.settled]).toEqual([true, settings.epoch_batches])
  expect(new Set(settlements.map(({ batch }) => batch)).size).toBe(settings.epoch_batches)
  expect(settlements).toHaveLength(settings.epoch_batches)
  const lists = await house.catalog.history(lineage.desirability, { limit: 100 })
  expect(lists.map(({ manifest }) => manifest.caused_by?.epoch)).toEqual([0, undefined])
  const [receipt, ...others] = await house.catalog.history(lineage.receipts(goldenDataset), { limit: 100 })
  expect([receipt?.manifest.settled, others]).toEqual([settings.epoch_batches, []])
  const records = await Array.fromAsync(readRecords(house.store, receipt!.manifest))
  const said = settlements.toSorted((a, b) => a.batch - b.batch).map(({ batch, node, loss, tokens }) => ({ batch, settled: { tokens, loss, node } }))
  expect(records).toEqual(said)
})

test('forty nodes that come and go, answer twice, late, again or never: every batch is settled once, and what was acknowledged is there', async () => {
  await using folder = await temporaryFolder()
  const { report, ...figures } = await churnBridge(folder.path, {
    nodes: 40,
    batches: 300,
    trainMs: 100,
    leaseSeconds: 2,
    leasesPerNode: 8,
    leavesPerMinute: 4,
    kills: 2,
    awayMs: 500,
    // A node that waits for work holds one, and another of it renews.
    connections: 96,
  })
  expect(figures).toMatchObject({ settled: 300, lost: 0, settledTwice: 0, kills: 2 })
  expect(figures.shareMax).toBeLessThanOrEqual(3)
  expect(report.left).toBeGreaterThan(40)
  expect([[...report.refused], report.unlike]).toEqual([[], 0])
})

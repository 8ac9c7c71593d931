import { expect, test } from 'vitest'
import { lineage } from '#schemas/lineage.ts'
import { leafHash, merkleRoot } from '#schemas/merkle.ts'
import type { Settlement } from '#schemas/ledger.ts'
import { bridgeHouse, goldenDataset, temporaryFolder, type BridgeHouse } from '#test/golden/bridge.ts'
import { dyingAfter } from '#test/golden/dying.ts'
import { findReceipt, isProven, proveSettlement, writeReceipt } from './receipt.ts'
import { recordBytes, writeRecord } from './settlement-record.ts'

const planId = 'ab'.repeat(32)

/** Of an epoch in which every third batch was settled by nobody. */
function settlementsOf(batches: number): Settlement[] {
  const order = Array.from({ length: batches }, (_, i) => (i * 7919) % batches).filter((batch) => batch % 3 !== 1)
  return order.map((batch, n) => ({ place: n + 1, batch, node: `node-${batch % 5}`, loss: batch / 8, tokens: 64, settledAt: n }))
}

const partsOf = (house: BridgeHouse, all: readonly Settlement[]) => ({
  ...house,
  datasetName: goldenDataset,
  ledger: { settlements: async (_plan: string, _epoch: number, { after = 0, limit }: { after?: number; limit: number }) => all.slice(after, after + limit) },
})

test.each([1, 2, 4096, 4097, 20_000])('each of %d batches is proven in the receipt, also one that nobody settled', async (batches) => {
  await using folder = await temporaryFolder()
  await using house = bridgeHouse(folder.path)
  const all = settlementsOf(batches)
  const parts = partsOf(house, all)
  const sha256 = await writeReceipt(parts, { planId, epoch: 0, batches })
  expect(await writeReceipt(parts, { planId, epoch: 0, batches })).toBe(sha256)
  const { manifest } = await findReceipt(parts, planId, 0)
  expect(manifest).toMatchObject({ plan: planId, epoch: 0, batches, settled: all.length })
  const settled = new Map(all.map(({ batch, node, loss, tokens }) => [batch, { node, loss, tokens }]))
  for (const batch of new Set([0, 1, 4095, 4096, 12_345, batches - 1].filter((each) => each < batches))) {
    const proof = await proveSettlement(house.store, manifest, batch)
    expect(proof.record).toEqual({ batch, settled: settled.get(batch) ?? null })
    expect(isProven(proof, batches, batch)).toBe(true)
    expect(isProven({ ...proof, record: { batch, settled: { node: 'liar', loss: 0, tokens: 64 } } }, batches, batch)).toBe(false)
    expect(isProven(proof, batches, batch + 1)).toBe(false)
  }
  const leaves = Array.from({ length: batches }, (_, batch) => {
    const bytes = Buffer.alloc(recordBytes)
    writeRecord(bytes, 0, { batch, settled: settled.get(batch) ?? null })
    return leafHash(bytes)
  })
  expect(manifest.root).toBe(Buffer.from(merkleRoot(leaves)).toString('hex'))
})

test('who dies at any step is followed by one who writes the same receipt', async () => {
  const addresses = new Set<string>()
  for (let calls = 0; ; calls++) {
    await using folder = await temporaryFolder()
    await using house = bridgeHouse(folder.path)
    const parts = partsOf(house, settlementsOf(10))
    const dying = dyingAfter(calls)
    const { commit, head } = house.catalog
    const mortal = {
      ...parts,
      catalog: { ...house.catalog, commit: dying(commit) as typeof commit, head: dying(head) as typeof head },
      store: { ...house.store, put: dying(house.store.put) },
      ledger: { settlements: dying(parts.ledger.settlements) },
    }
    const lived = await writeReceipt(mortal, { planId, epoch: 0, batches: 10 }).catch(() => undefined)
    addresses.add(await writeReceipt(parts, { planId, epoch: 0, batches: 10 }))
    expect(await house.catalog.history(lineage.receipts(goldenDataset), { limit: 10 })).toHaveLength(1)
    if (lived) break
  }
  expect(addresses.size).toBe(1)
})

test('receipts follow each other, and two processes that close an epoch write one', async () => {
  await using folder = await temporaryFolder()
  await using house = bridgeHouse(folder.path)
  const parts = partsOf(house, settlementsOf(10))
  const [one, two] = await Promise.all([writeReceipt(parts, { planId, epoch: 0, batches: 10 }), writeReceipt(parts, { planId, epoch: 0, batches: 10 })])
  expect(one).toBe(two)
  const other = await writeReceipt(parts, { planId: 'cd'.repeat(32), epoch: 1, batches: 10 })
  expect((await house.catalog.head(lineage.receipts(goldenDataset)))?.manifest).toMatchObject({ parent: one, epoch: 1 })
  expect((await findReceipt(parts, planId, 0)).sha256).toBe(one)
  expect(other).not.toBe(one)
  // One that is epochs behind adds nothing.
  expect(await writeReceipt(parts, { planId, epoch: 0, batches: 10 })).toBe(one)
  expect((await house.catalog.head(lineage.receipts(goldenDataset)))?.version).toBe(2)
  await expect(findReceipt(parts, 'ef'.repeat(32), 2)).rejects.toMatchObject({ code: 'not_found' })
})

test('records that were changed afterwards are found out', async () => {
  await using folder = await temporaryFolder()
  await using house = bridgeHouse(folder.path)
  const parts = partsOf(house, settlementsOf(10))
  await writeReceipt(parts, { planId, epoch: 0, batches: 10 })
  const { manifest } = await findReceipt(parts, planId, 0)
  const spoilt = {
    async get(...asked: Parameters<typeof house.store.get>) {
      const bytes = (await house.store.get(...asked)).slice()
      if (asked[1]?.start === 0) bytes[3 * recordBytes + 16]!++
      return bytes
    },
  }
  await expect(proveSettlement(spoilt, manifest, 3)).rejects.toMatchObject({ code: 'data_unreadable' })
})

import { expect, test } from 'vitest'
import { readList } from '#infra/corpus/list-object.ts'
import { lineage } from '#schemas/lineage.ts'
import { Stratum } from '#schemas/epoch-manifest.ts'
import { bridgeHouse, furnish, goldenDataset, temporaryFolder } from '#test/golden/bridge.ts'
import { leases, settle } from '#test/conformance/answer-lease.ts'
import { tokenDataset } from '#test/golden/tokens.ts'
import { folderStore } from '#infra/store/folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { bridgeScope } from './sweep-scope.ts'
import { openBridge } from './service.ts'

const { signal } = new AbortController()
const hourMs = 3_600_000

test('lists that no kept epoch names go, and the run goes on', async () => {
  await using folder = await temporaryFolder()
  const clock = manualClock()
  await using house = bridgeHouse(folder.path, { epoch_batches: 2, passes: 0 }, clock)
  const store = folderStore(`${folder.path}/store`)
  await furnish(folder.path, house, tokenDataset({ strata: { web: [900, 900] } }))
  const list = `plans/${goldenDataset}/${'0'.repeat(64)}.json`
  await store.put(list, new Uint8Array([0x5b, 0x5d]))
  await using bridge = await openBridge(house)
  const settleEpoch = async (): Promise<void> => {
    while ((await bridge.advance(signal)) !== 'waiting');
    const head = await house.catalog.head(lineage.plan(goldenDataset))
    const { version = 1, sha256 = '' } = head ?? {}
    for (const lease of await leases(house.ledger, [sha256, version - 1], { limit: 9 })) await settle(house.ledger, lease, { loss: 3, tokens: 64 })
    expect(await bridge.advance(signal)).toBe('steered')
    await house.sweep.run(bridgeScope(house), signal)
    clock.advance(hourMs)
  }
  for (let epoch = 0; epoch < 24; epoch++) await settleEpoch()
  const history = await house.catalog.history(lineage.plan(goldenDataset), { limit: 100 })
  expect(history.length).toBeLessThan(20)
  expect((await house.catalog.history(lineage.desirability, { limit: 100 })).length).toBeLessThan(15)
  expect(await store.head(list)).toBeUndefined()
  const left = (await Array.fromAsync(store.list(`plans/${goldenDataset}/`))).map(({ key }) => key)
  for (const { manifest } of history) {
    if (manifest.kind !== 'run-epoch') continue
    for (const { generations } of await readList(store, manifest.strata.list, Stratum))
      for (const generation of generations) expect(left).toContain(generation.list.key)
  }
  expect((await Array.fromAsync(store.list('tokens/'))).length).toBeGreaterThan(0)
})

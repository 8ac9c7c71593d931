import { join } from 'node:path'
import { Command } from 'commander'
import { expect, test, vi } from 'vitest'
import { developmentKey } from '#infra/chain/key-file.ts'
import { localChain } from '#infra/chain/local.ts'
import { systemClock } from '#infra/clock.ts'
import { Config } from '#infra/config/schema.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import { bridgeHouse, furnish, goldenDataset, temporaryFolder, type BridgeHouse } from '#test/golden/bridge.ts'
import { tokenDataset } from '#test/golden/tokens.ts'
import { bridgeCommands } from './commands.ts'
import { openBridge } from './service.ts'

const config = Config.parse({ dataset: { name: goldenDataset }, bridge: { port: 0 } })

const walletOf = (name: string) => {
  const { signer } = developmentKey(name)
  return { signer, coldkey: signer.address }
}

async function run(house: BridgeHouse, ...words: string[]): Promise<void> {
  await using chain = localChain(join(house.dataDir, 'command-chain.sqlite'), { clock: systemClock(), netuid: 13, blockMs: 60_000, tempoBlocks: 100 })
  const program = new Command()
  // The command closes what it opened; the house is the test's own.
  bridgeCommands(program, async () => ({
    ...house,
    sweep: () => house.sweep,
    config,
    chain,
    wallet: async (name) => walletOf(name),
    [Symbol.asyncDispose]: async () => undefined,
  }))
  await program.parseAsync(['bridge', ...words], { from: 'user' })
}

test('`bridge close` closes the open epoch for good', async () => {
  await using folder = await temporaryFolder()
  await using house = bridgeHouse(folder.path)
  await expect(run(house, 'close')).rejects.toMatchObject({ code: 'not_found', message: expect.stringContaining('orrery bridge serve') })
  await furnish(folder.path, house, tokenDataset({ strata: { web: [900] } }))
  await using bridge = await openBridge(house)
  await bridge.advance(new AbortController().signal)
  await run(house, 'close')
  const plan = await house.catalog.head(lineage.plan(goldenDataset))
  expect(await house.ledger.progress(plan?.sha256 ?? '', 0)).toMatchObject({ closed: true, states: { void: 14 } })
})

test('`bridge desirability` prints the jobs as votes', async () => {
  await using folder = await temporaryFolder()
  await using house = bridgeHouse(folder.path)
  await expect(run(house, 'desirability')).rejects.toMatchObject({ code: 'not_found', message: expect.stringContaining('orrery up') })
  await furnish(folder.path, house, tokenDataset({ strata: { web: [900], docs: [900] } }))
  const written: string[] = []
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0)
  await run(house, 'desirability').finally(() => spy.mockRestore())
  expect(JSON.parse(written.join(''))).toMatchObject([
    { weight: 0.5, params: { label: 'web' } },
    { weight: 0.5, params: { label: 'docs' } },
  ])
})

test('`bridge serve` tells a failure that may pass and tries again; another ends it', async () => {
  await using folder = await temporaryFolder()
  await using house = bridgeHouse(folder.path)
  await furnish(folder.path, house, tokenDataset({ strata: { web: [900] } }))
  const failures = [new OrreryError('store_unavailable', 'The store is away; try again.'), new OrreryError('data_unreadable', 'The store is damaged; mend it.')]
  const events: unknown[] = []
  house.telemetry.listen(({ name, fields }) => name === 'bridge.epoch_failed' && events.push(fields['code']))
  const store = { ...house.store, get: () => Promise.reject(failures.shift() ?? new Error('asked once more')) }
  const pace = { ...house.pace, sleep: () => Promise.resolve() }
  await expect(run({ ...house, store, pace }, 'serve')).rejects.toMatchObject({ code: 'data_unreadable' })
  expect(events).toEqual(['store_unavailable'])
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { manualClock } from '#test/manual-clock.ts'
import { developmentKey } from './key-file.ts'
import { localChain } from './local.ts'
import { chainStatus } from './status.ts'

const root = mkdtempSync(join(tmpdir(), 'orrery-status-'))
afterAll(() => rmSync(root, { recursive: true }))

test('shows each neuron as plain data', async () => {
  const clock = manualClock()
  await using chain = localChain(join(root, 'chain.db'), { clock, netuid: 13, blockMs: 1000, tempoBlocks: 2, faucet: true, loopback: true })
  const [validator, miner] = [developmentKey('v').signer, developmentKey('m').signer]
  await chain.faucet(validator, 1_500_000_000_000n)
  await chain.register(validator, validator.address)
  await chain.register(miner, miner.address)
  await chain.serve(validator, { ip: '127.0.0.1', port: 8091 })
  await chain.serve(miner, { ip: '::1', port: 8092 })
  await chain.commit(miner, Uint8Array.of(0xab, 1))
  expect(await chainStatus(chain)).toMatchObject({ block: 1, lastEpochBlock: undefined })
  clock.advance(2000)
  await chain.submitWeights(validator, { uids: [1], values: [9], versionKey: 0 })
  clock.advance(1000)
  expect(await chainStatus(chain)).toEqual({
    netuid: 13,
    genesis: (await chain.block(0)).hash,
    hyperparameters: await chain.hyperparameters(),
    block: 4,
    blockHash: (await chain.block(4)).hash,
    lastEpochBlock: 4,
    neurons: [
      {
        uid: 0,
        hotkey: validator.address,
        stakeTao: 1500,
        validatorPermit: true,
        weightsSetAt: 3,
        weights: { 1: 65_535 },
        revealDue: undefined,
        incentive: 0,
        dividends: 1,
        emissionTao: 0.82,
        axon: '127.0.0.1:8091',
        commitment: undefined,
      },
      {
        uid: 1,
        hotkey: miner.address,
        stakeTao: 0,
        validatorPermit: false,
        weightsSetAt: undefined,
        weights: {},
        revealDue: undefined,
        incentive: 1,
        dividends: 0,
        emissionTao: 0.82,
        axon: '[::1]:8092',
        commitment: '0xab01',
      },
    ],
  })
})

test('says what waits to be revealed', async () => {
  const clock = manualClock()
  await using chain = localChain(join(root, 'sealed.db'), {
    clock,
    netuid: 13,
    blockMs: 1000,
    tempoBlocks: 20,
    faucet: true,
    commitReveal: true,
    stakeThreshold: 0n,
  })
  const { signer } = developmentKey('v')
  await chain.register(signer, signer.address)
  await chain.submitWeights(signer, { uids: [0], values: [1], versionKey: 0 })
  expect(await chainStatus(chain)).toMatchObject({ hyperparameters: { commitReveal: { periodEpochs: 1 } }, neurons: [{ weights: {}, revealDue: 20 }] })
})

import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Signer, SubmittedWeights } from '#schemas/chain.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { signExtrinsic, type Call } from './extrinsic.ts'
import { developmentKey } from './key-file.ts'
import { localChain, type LocalChain } from './local.ts'
import { weightsSalt } from './weights-commit.ts'

const blockMs = 1000
const tempoBlocks = 20
const submission = { uids: [1, 2], values: [1, 3], versionKey: 0 }
const stored = [
  { uid: 1, value: 21_845 },
  { uid: 2, value: 65_535 },
]

async function subnet() {
  const clock = manualClock()
  const path = join(await temporaryFolder(), 'chain.db')
  const open = (): LocalChain =>
    localChain(path, { clock, netuid: 13, blockMs, tempoBlocks, weightsRateLimitBlocks: 5, revealPeriodEpochs: 2, commitReveal: true, faucet: true })
  const chain = open()
  const join13 = async (name: string, stake = 0n): Promise<Signer> => {
    const { signer } = developmentKey(name)
    if (stake > 0n) await chain.faucet(signer, stake)
    await chain.register(signer, signer.address)
    return signer
  }
  const validator = await join13('validator', 2_000_000_000_000n)
  await join13('one')
  await join13('two')
  clock.advance(blockMs)
  return {
    clock,
    chain,
    open,
    validator,
    neuron: async () => (await chain.metagraph()).neurons[0],
    /** To the first block of that epoch. */
    async toEpoch(epoch: number) {
      const { number } = await chain.block()
      clock.advance((epoch * tempoBlocks - number) * blockMs)
    },
    [Symbol.asyncDispose]: () => chain[Symbol.asyncDispose](),
  }
}

const refused = (reason: string, pool?: number) => ({ code: 'chain_refused', details: expect.objectContaining({ reason, ...(pool && { pool }) }) as object })

test('weights that are committed are set by the reveal, in their epoch, and by no other block', async () => {
  await using world = await subnet()
  const { chain, validator } = world
  const submitted = await chain.submitWeights(validator, submission)
  expect(submitted).toEqual({ ...submission, way: 'commit_reveal', madeAtBlock: 2, block: 2, dueBlock: 2 * tempoBlocks })
  expect((await chain.metagraph()).pendingWeights).toEqual([{ hotkey: validator.address, block: 2, dueBlock: 2 * tempoBlocks }])
  expect(await world.neuron()).toMatchObject({ weights: [], lastUpdate: 2 })
  expect(await chain.confirmWeights(validator, submitted)).toBe('pending')
  await world.toEpoch(2)
  expect(await chain.confirmWeights(validator, submitted)).toBe('set')
  expect(await world.neuron()).toMatchObject({ weights: stored, lastUpdate: 2 * tempoBlocks })
  expect((await chain.metagraph()).pendingWeights).toEqual([])
  expect(await chain.confirmWeights(validator, submitted)).toBe('set')
  // What it was before is still known.
  expect((await chain.metagraph(2 * tempoBlocks - 1)).pendingWeights).toHaveLength(1)
})

test('another process reveals what was kept as JSON', async () => {
  await using world = await subnet()
  const kept = JSON.stringify(await world.chain.submitWeights(world.validator, submission))
  await world.toEpoch(2)
  await using later = world.open()
  expect(await later.confirmWeights(developmentKey('validator').signer, JSON.parse(kept) as SubmittedWeights)).toBe('set')
  expect((await world.neuron())?.weights).toEqual(stored)
})

test('what nobody revealed in its epoch is missing, and so is what something else was set over', async () => {
  await using world = await subnet()
  const { chain, validator } = world
  const first = await chain.submitWeights(validator, submission)
  await world.toEpoch(3)
  expect(await chain.confirmWeights(validator, first)).toBe('missing')
  expect((await chain.metagraph()).pendingWeights).toEqual([])
  const second = await chain.submitWeights(validator, submission)
  expect((await chain.metagraph()).pendingWeights).toHaveLength(1)
  world.clock.advance(5 * blockMs)
  const later = await chain.submitWeights(validator, { uids: [1], values: [1], versionKey: 0 })
  await world.toEpoch(5)
  expect(await chain.confirmWeights(validator, later)).toBe('set')
  expect(await chain.confirmWeights(validator, second)).toBe('missing')
  await expect(chain.confirmWeights(developmentKey('stranger').signer, second)).resolves.toBe('missing')
})

test('a reveal that is refused is pending as long as its time lasts, and then missing', async () => {
  await using world = await subnet()
  const { chain, validator } = world
  const wrong = await chain.submitWeights(validator, { uids: [1, 99], values: [1, 1], versionKey: 0 })
  await world.toEpoch(2)
  expect(await chain.confirmWeights(validator, wrong)).toBe('pending')
  expect(await world.neuron()).toMatchObject({ weights: [] })
  await world.toEpoch(3)
  expect(await chain.confirmWeights(validator, wrong)).toBe('missing')
})

test('a chain with commit–reveal takes nothing in plain, nothing too fast, and of what is revealed only what was committed', async () => {
  await using world = await subnet()
  const { chain, validator } = world
  const { signer: stranger } = developmentKey('stranger')
  expect(await chain.hyperparameters()).toMatchObject({ commitReveal: { periodEpochs: 2 }, tempoBlocks, weightsRateLimitBlocks: 5 })
  const { genesis } = await chain.signingContext(validator.address)
  const send = async (call: Call) => chain.submit(signExtrinsic(call, validator, (await chain.signingContext(validator.address)).nonce, genesis))
  const plain: Call = { name: 'set_weights', netuid: 13, dests: [1], weights: [1], version_key: 0 }
  const reveal: Call = { name: 'reveal_weights', netuid: 13, uids: [1], values: [1], salt: [1], version_key: 0 }
  await expect(send(plain)).rejects.toMatchObject(refused('CommitRevealEnabled'))
  await expect(send(reveal)).rejects.toMatchObject(refused('NoWeightsCommitFound', 16))
  await expect(chain.submitWeights(stranger, submission)).rejects.toMatchObject(refused('HotKeyNotRegisteredInSubNet'))
  await expect(chain.submitWeights(developmentKey('one').signer, submission)).rejects.toMatchObject(refused('NotEnoughStakeToSetWeights', 1))
  const submitted = await chain.submitWeights(validator, submission)
  await expect(chain.submitWeights(validator, submission)).rejects.toMatchObject({
    code: 'rate_limited',
    details: { reason: 'CommittingWeightsTooFast', pool: 6 },
  })
  await expect(send(reveal)).rejects.toMatchObject(refused('InvalidRevealCommitHashNotMatch'))
  for (const values of [[65_536], [-1], [0.5]])
    await expect(chain.submitWeights(validator, { uids: [1], values, versionKey: 0 })).rejects.toMatchObject({ code: 'invalid_argument' })
  const { uids, values, versionKey } = submitted
  const salt = weightsSalt(validator, { netuid: 13, genesis }, submitted.madeAtBlock)
  const early: Call = { name: 'reveal_weights', netuid: 13, uids: [...uids], values: [...values], salt, version_key: versionKey }
  await expect(send(early)).rejects.toMatchObject(refused('RevealTooEarly', 17))
  await world.toEpoch(3)
  await expect(send(early)).rejects.toMatchObject(refused('ExpiredWeightCommit', 17))
})

test('ten commitments wait at a time; the eleventh comes when one of them expired', async () => {
  const clock = manualClock()
  const path = join(await temporaryFolder(), 'chain.db')
  const settings = { netuid: 13, blockMs, tempoBlocks, weightsRateLimitBlocks: 0, commitReveal: true, stakeThreshold: 0n }
  await using chain = localChain(path, { clock, ...settings })
  const { signer } = developmentKey('a')
  await chain.register(signer, signer.address)
  const commit = () => chain.submitWeights(signer, { uids: [0], values: [1], versionKey: 0 })
  for (let n = 0; n < 10; n++) await commit()
  await expect(commit()).rejects.toMatchObject(refused('TooManyUnrevealedCommits'))
  clock.advance(2 * tempoBlocks * blockMs)
  await commit()
  expect((await chain.metagraph()).pendingWeights).toHaveLength(1)
})

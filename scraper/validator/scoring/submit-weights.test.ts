import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { developmentKey } from '#infra/chain/key-file.ts'
import { localChain } from '#infra/chain/local.ts'
import type { Chain, Signer, SubmittedWeights } from '#schemas/chain.ts'
import { blockMs, openSubnet, type Subnet } from '#test/adversary/subnet.ts'
import { openScoreBook, type ScoreBook } from './score-book.ts'
import { confirmWeights, submitWeights, type WeightsReport } from './submit-weights.ts'

const chainOptions = { netuid: 13, blockMs, tempoBlocks: 20, weightsRateLimitBlocks: 5, faucet: true, stakeThreshold: 1000n }
let subnet: Subnet
let signer: Signer
let book: ScoreBook & AsyncDisposable
beforeEach(async () => {
  subnet = await openSubnet()
  book = openScoreBook(join(subnet.dir, 'scoring.sqlite'))
  signer = await subnet.join('validator-1', 5000n)
  await subnet.join('miner-1')
})
afterEach(async () => {
  await book[Symbol.asyncDispose]()
  await subnet[Symbol.asyncDispose]()
})

const submit = (scores: number[], waitMs: number, signal = new AbortController().signal): Promise<WeightsReport> =>
  submitWeights(scores, { ...subnet, signer, book, waitMs, signal })
const skips = (): unknown[] => subnet.events.filter(({ name }) => name === 'validator.weights_skipped').map(({ fields }) => fields['reason'])

/** A validator that came after the first epoch has no permit until the next, at block 40. */
async function joinLate(): Promise<void> {
  subnet.pace.advance(25 * blockMs)
  await subnet.chain.metagraph()
  signer = await subnet.join('validator-2', 5000n)
}

test('waits for the permit of the next epoch, then for the rate limit', async () => {
  await joinLate()
  expect(await submit([0, 3], 45_000)).toEqual({ uids: [1], values: [65_535], accepted: true })
  expect((await subnet.chain.metagraph()).block).toBe(40)
  expect(await submit([0, 2], 45_000)).toMatchObject({ accepted: true })
  expect((await subnet.chain.metagraph()).block).toBe(45)
})

test('gives up with an event when the wait is over', async () => {
  await joinLate()
  expect(await submit([0, 3], 5000)).toMatchObject({ accepted: false })
  expect(skips()).toEqual([expect.stringContaining('NeuronNoValidatorPermit')])
})

test('does not wait for what no block will bring', async () => {
  signer = await subnet.join('poor')
  const before = subnet.pace.now()
  expect(await submit([0, 3], 45_000)).toMatchObject({ accepted: false })
  expect(subnet.pace.now()).toBe(before)
  expect(await submit([0, 0], 45_000)).toEqual({ uids: [], values: [], accepted: false })
  expect(skips()).toEqual([expect.stringContaining('NotEnoughStakeToSetWeights'), 'no miner has a score'])
})

test('stops waiting at the signal', async () => {
  await joinLate()
  const stop = new AbortController()
  subnet.pace.sleep = async (_, signal) => {
    stop.abort(new Error('enough'))
    signal?.throwIfAborted()
  }
  await expect(submit([0, 3], 45_000, stop.signal)).rejects.toThrow('enough')
})

const missing = (): unknown[] => subnet.events.filter(({ name }) => name === 'validator.weights_missing')

test('remembers what was taken, also over a restart, until it is set', async () => {
  subnet.pace.advance(25 * blockMs)
  await submit([0, 3], 45_000)
  await book[Symbol.asyncDispose]()
  book = openScoreBook(join(subnet.dir, 'scoring.sqlite'))
  expect(await book.submissions()).toMatchObject([{ uids: [1], values: [65_535], way: 'plain' }])
  await confirmWeights({ ...subnet, signer, book })
  expect([await book.submissions(), missing()]).toEqual([[], []])
})

test('tells of weights that another took the place of', async () => {
  await subnet.join('miner-2')
  subnet.pace.advance(25 * blockMs)
  await submit([0, 3], 45_000)
  const [{ block }] = (await book.submissions()) as [SubmittedWeights]
  subnet.pace.advance(10 * blockMs)
  await subnet.chain.submitWeights(signer, { uids: [1, 2], values: [1, 65_535], versionKey: 0 })
  await confirmWeights({ ...subnet, signer, book })
  expect([await book.submissions(), missing()]).toMatchObject([[], [{ fields: { way: 'plain', block } }]])
})

/** As a process that is killed when the chain has answered, and before it could note that. */
async function submitAndDie(chain: Subnet['chain']): Promise<void> {
  const dying = {
    ...chain,
    submitWeights: async (...said: Parameters<Chain['submitWeights']>) =>
      Promise.reject(new Error(`killed after ${(await chain.submitWeights(...said)).block}`)),
  }
  await expect(submitWeights([0, 3], { ...subnet, chain: dying, signer, book, waitMs: 0, signal: new AbortController().signal })).rejects.toThrow('killed')
  await book[Symbol.asyncDispose]()
  book = openScoreBook(join(subnet.dir, 'scoring.sqlite'))
}

test('finds what the chain took of a process that was killed before it had the answer', async () => {
  subnet.pace.advance(25 * blockMs)
  await submitAndDie(subnet.chain)
  expect(await book.submissions()).toEqual([{ uids: [1], values: [65_535], versionKey: 0, way: 'plain', madeAtBlock: expect.any(Number) }])
  subnet.pace.advance(blockMs)
  await confirmWeights({ ...subnet, signer, book })
  expect([await book.submissions(), missing()]).toEqual([[], []])
})

test('reveals what was committed by a process that was killed before it had the answer', async () => {
  await using chain = localChain(join(subnet.dir, 'other.sqlite'), { ...chainOptions, clock: subnet.pace, commitReveal: true, revealPeriodEpochs: 1 })
  await chain.register(signer, signer.address)
  await chain.faucet(signer, 5000n)
  const { signer: miner } = developmentKey('miner')
  await chain.register(miner, miner.address)
  await submitAndDie(chain)
  await confirmWeights({ ...subnet, chain, signer, book })
  expect(await book.submissions()).toHaveLength(1)
  subnet.pace.advance(20 * blockMs)
  await confirmWeights({ ...subnet, chain, signer, book })
  expect([await book.submissions(), missing(), (await chain.metagraph()).neurons[0]?.weights]).toEqual([[], [], [{ uid: 1, value: 65_535 }]])
})

test('forgets what was refused, and what was never sent when no block can bring it', async () => {
  subnet.pace.advance(25 * blockMs)
  const lost = {
    ...subnet.chain,
    submitWeights: async (...[, said, intend]: Parameters<Chain['submitWeights']>) => {
      await intend?.({ ...said, madeAtBlock: (await subnet.chain.block()).number, way: 'plain' })
      throw new Error('killed before')
    },
  }
  await expect(submitWeights([0, 3], { ...subnet, chain: lost, signer, book, waitMs: 0, signal: new AbortController().signal })).rejects.toThrow(
    'killed before',
  )
  expect(await book.submissions()).toHaveLength(1)
  subnet.pace.advance(blockMs)
  await confirmWeights({ ...subnet, signer, book })
  expect([await book.submissions(), missing().length]).toEqual([[], 1])
  signer = await subnet.join('poor')
  await submit([0, 3], 0)
  expect(await book.submissions()).toEqual([])
})

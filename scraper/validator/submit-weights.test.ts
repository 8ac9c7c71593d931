import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Signer } from '#schemas/chain.ts'
import { blockMs, openSubnet, type Subnet } from '#test/adversary/subnet.ts'
import { submitWeights, type SubmittedWeights } from './submit-weights.ts'

let subnet: Subnet
let signer: Signer
beforeEach(async () => {
  subnet = await openSubnet()
  signer = await subnet.join('validator-1', 5000n)
  await subnet.join('miner-1')
})
afterEach(() => subnet[Symbol.asyncDispose]())

const submit = (scores: number[], waitMs: number, signal = new AbortController().signal): Promise<SubmittedWeights> =>
  submitWeights(scores, { ...subnet, signer, waitMs, signal })
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

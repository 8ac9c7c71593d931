import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSubnet, type Subnet } from '#test/adversary/subnet.ts'
import { formerCommitments } from './former-commitments.ts'
import { drawBlock, drawDelayBlocks } from './look.ts'

let subnet: Subnet
beforeEach(async () => {
  subnet = await openSubnet()
})
afterEach(() => subnet[Symbol.asyncDispose]())

const { signal } = new AbortController()

test('the draw is of the first block after the delay, which is waited for; so nobody knows it at the look', async () => {
  const { number: block } = await subnet.chain.block()
  await expect(subnet.chain.block(block + drawDelayBlocks + 1)).rejects.toMatchObject({ code: 'not_found' })
  const drawn = await drawBlock(subnet.chain, { block }, signal)
  expect(drawn.number).toBe(block + drawDelayBlocks + 1)
  expect(drawn).toEqual(await subnet.chain.block(drawn.number))
  // Later it is the same.
  subnet.pace.advance(50_000)
  expect(await drawBlock(subnet.chain, { block }, signal)).toEqual(drawn)
  await expect(drawBlock(subnet.chain, { block: block + 1000 }, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
})

test('what was committed since the last look and replaced is found, newest first, and nothing before it', async () => {
  const miner = await subnet.join('miner-1')
  const idle = await subnet.join('miner-2')
  const blocks: number[] = []
  for (let n = 1; n <= 5; n++) {
    subnet.pace.advance(2000)
    await subnet.chain.commit(miner, new Uint8Array(32).fill(n))
    if (n === 2) await subnet.chain.commit(idle, new Uint8Array(32).fill(99))
    blocks.push((await subnet.chain.metagraph()).neurons.find(({ hotkey }) => hotkey === miner.address)!.commitmentBlock)
  }
  const { neurons } = await subnet.chain.metagraph()
  const found = async (since: number) =>
    (await formerCommitments(subnet.chain, neurons, new Map(neurons.map(({ hotkey }) => [hotkey, since])), signal)).map(({ hotkey, commitment }) => [
      hotkey,
      commitment?.[0],
    ])
  expect(await found(0)).toEqual([4, 3, 2, 1].map((n) => [miner.address, n]))
  expect(await found(blocks[2]!)).toEqual([[miner.address, 4]])
  expect(await found(blocks[4]!)).toEqual([])
})

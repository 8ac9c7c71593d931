import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { anchor, anchorBefore, anchoredBytes, readAnchored } from './anchor.ts'
import { developmentKey } from './key-file.ts'
import { localChain } from './local.ts'

const sha256 = '12'.repeat(32)
const signal = new AbortController().signal

async function openChain() {
  const clock = manualClock()
  const chain = localChain(join(await temporaryFolder(), 'chain.sqlite'), { clock, netuid: 13, blockMs: 1000, tempoBlocks: 100 })
  const { signer } = developmentKey('bridge')
  /** Calls are in the chain once a block has gone by. */
  const passing = async <T>(work: Promise<T>): Promise<T> => {
    const state = { isOver: false }
    const done = work.finally(() => (state.isOver = true))
    while (!state.isOver) {
      clock.advance(1000)
      await new Promise((resolve) => setImmediate(resolve))
    }
    return done
  }
  await passing(chain.register(signer, signer.address))
  return { chain, signer, passing, [Symbol.asyncDispose]: () => chain[Symbol.asyncDispose]() }
}

test('a hash stands on the chain, once however often it is asked for', async () => {
  await using house = await openChain()
  const { chain, signer, passing } = house
  const block = await passing(anchor(chain, signer, { kind: 'receipt', sha256 }))
  const own = async () => (await chain.metagraph()).neurons.find(({ hotkey }) => hotkey === signer.address)
  expect(await own()).toMatchObject({ commitment: anchoredBytes('receipt', sha256), commitmentBlock: block })
  expect(await passing(anchor(chain, signer, { kind: 'receipt', sha256 }))).toBe(block)
  expect(Buffer.from(anchoredBytes('plan', sha256)).toString('hex')).toBe(`4f525950${sha256}`)
})

test('the block after it is waited for, and its hash is that of the chain', async () => {
  await using house = await openChain()
  const { chain, signer, passing } = house
  const next = await passing(anchorBefore(chain, signer, { kind: 'plan', sha256 }, signal))
  const own = (await chain.metagraph()).neurons.find(({ hotkey }) => hotkey === signer.address)
  expect(next.block).toBe(own!.commitmentBlock + 1)
  expect(next.hash).toBe((await chain.block(next.block)).hash)
})

test('a plan and a receipt stand beside each other, the newest of each', async () => {
  await using house = await openChain()
  const { chain, signer, passing } = house
  const own = async () => (await chain.metagraph()).neurons.find(({ hotkey }) => hotkey === signer.address)!.commitment!
  const other = '34'.repeat(32)
  await passing(anchor(chain, signer, { kind: 'receipt', sha256 }))
  await passing(anchor(chain, signer, { kind: 'plan', sha256 }))
  expect(readAnchored(await own())).toEqual({ plan: sha256, receipt: sha256 })
  await passing(anchor(chain, signer, { kind: 'receipt', sha256: other }))
  expect(readAnchored(await own())).toEqual({ plan: sha256, receipt: other })
  expect(readAnchored(Buffer.from('somebody else has put here what is longer than any hash'))).toEqual({})
})

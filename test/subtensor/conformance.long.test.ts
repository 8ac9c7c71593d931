import { describe, vi } from 'vitest'
import { chainSuite } from '#test/conformance/chain.ts'
import { isSudo, liveWorld, signerOf } from '#test/subtensor/live.ts'
import { material } from '#test/subtensor/metadata.ts'
import { hotkeyOf, subtensorScene } from '#test/subtensor/scene.ts'

const tao = 1_000_000_000n
/** Blocks of 12 s, and some dozens of them. */
const liveTestMs = 1_800_000

describe.skipIf(!material)('subtensorChain on a node with the metadata of finney', () => {
  chainSuite(async () => {
    const scene = await subtensorScene()
    const other = scene.open()
    return {
      chain: scene.chain,
      other,
      weightsRateLimitBlocks: scene.subnet.weightsRateLimit,
      hotkey: (name) => {
        const signer = hotkeyOf(name)
        return { signer, coldkey: signer.address }
      },
      endow: async (signer) => void scene.subnet.stakes.set(signer.address, 10_000n * tao),
      pass: (blocks) => scene.pass(blocks, other),
      [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose](),
    }
  })
})

const { SUBTENSOR_URL: url, SUBTENSOR_SURI: suri } = process.env
const root = suri === undefined ? undefined : signerOf(suri)
const isLive = url !== undefined && root !== undefined && (await isSudo(url, root))
if (!isLive) process.stderr.write('SKIPPED: no live node; SUBTENSOR_URL and SUBTENSOR_SURI name that of a local net and its sudo key.\n')

describe.skipIf(!isLive)('subtensorChain on a live node', () => {
  vi.setConfig({ testTimeout: liveTestMs })
  chainSuite(() => liveWorld(url ?? '', root!))
})

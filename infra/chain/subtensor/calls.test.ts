import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Chain, IntendedWeights, Signer } from '#schemas/chain.ts'
import { madeKey } from '../key-file.ts'
import { poolRefusal } from './refused.ts'
import { RpcError } from './rpc.ts'
import { material, type LaterRuntime } from '#test/subtensor/metadata.ts'
import { hotkeyOf, netuid, subtensorScene, type SubtensorScene } from '#test/subtensor/scene.ts'
import { newSubnet, subtensorPallets } from '#test/subtensor/subtensor-pallets.ts'

/** As runtimes are that came after the one at hand. */
const later: LaterRuntime = { timelockedCalls: ['commit_timelocked_weights'], netUid: true, revealFailed: true, wrapper: true }
const submission = { uids: [1, 0], values: [65_535, 7], versionKey: 0 }

/** A validator at uid 0 and a miner. */
async function twoNeurons(scene: SubtensorScene, chain: Chain = scene.chain): Promise<Signer> {
  const [validator, miner] = [hotkeyOf('validator'), hotkeyOf('miner')]
  scene.subnet.stakes.set(validator.address, 10n ** 13n)
  for (const signer of [validator, miner]) await chain.register(signer, signer.address)
  return validator
}

describe('what a pool says', () => {
  test.each([
    ['set_weights', '1010: Invalid Transaction: Custom error: 1', 'chain_refused', 'NotEnoughStakeToSetWeights'],
    ['burned_register', 'Invalid Transaction: {"invalid":{"custom":3}}', 'chain_refused', 'SubNetworkDoesNotExist'],
    ['set_weights', '{"invalid":{"custom":6}}', 'rate_limited', 'SettingWeightsTooFast'],
    ['commit_timelocked_weights', 'Custom error: 6', 'rate_limited', 'CommittingWeightsTooFast'],
    ['serve_axon', 'Custom error: 12', 'rate_limited', 'ServingRateLimitExceeded'],
    ['serve_axon', 'Custom error: 10', 'chain_refused', 'HotKeyNotRegisteredInNetwork'],
    ['set_commitment', 'Custom error: 19', 'chain_refused', 'AccountNotAllowedCommit'],
    ['set_weights', 'Custom error: 19', 'chain_refused', 'HotKeyNotRegisteredInSubNet'],
    ['set_commitment', 'Custom error: 3', 'chain_refused', 'SubNetworkDoesNotExist'],
    ['set_weights', 'Custom error: 7', 'chain_refused', 'InsufficientLiquidity'],
    ['set_weights', 'Custom error: 27', 'chain_refused', 'DelegateTakeTooHigh'],
    ['commit_timelocked_weights', 'Custom error: 15', 'chain_refused', 'InvalidRevealRound'],
    ['reveal_weights', 'Custom error: 16', 'chain_refused', 'NoWeightsCommitFound'],
    ['set_weights', 'Custom error: 18', 'chain_refused', 'WeightVecNotEqualSize'],
    ['set_weights', 'Custom error: 255', 'chain_refused', 'BadRequest'],
    ['set_weights', 'Custom error: 99', 'chain_refused', 'Custom99'],
    ['set_weights', '1010: Invalid Transaction: Transaction is outdated', 'chain_refused', 'Stale'],
    ['set_weights', '1010: Invalid Transaction: Transaction has a bad signature', 'chain_refused', 'BadProof'],
    ['set_weights', '1010: Invalid Transaction: Inability to pay some fees', 'chain_refused', 'Payment'],
    ['set_weights', '1010: Invalid Transaction', 'chain_refused', 'InvalidTransaction'],
    ['set_weights', '1014: Priority is too low: (1 vs 1)', 'upstream_failed', undefined],
    ['set_weights', '1016: Immediately Dropped', 'upstream_failed', undefined],
  ])('of %s: %s', (call, said, code, reason) => {
    const [, rpc = '1010', words = said] = /^(\d{4}): (.*)/.exec(said) ?? []
    expect(poolRefusal(call, new RpcError(Number(rpc), words, undefined))).toMatchObject({ code, details: { call, ...(reason && { reason }) } })
  })

  test('is no refusal where the node is at fault', () => {
    for (const said of ['Custom error: 1', 'disconnected from ws://x: 1006', '']) expect(poolRefusal('set_weights', new Error(said))).toBeUndefined()
    for (const said of ['Method not found', 'custom']) expect(poolRefusal('set_weights', new RpcError(-32_601, said, undefined))).toBeUndefined()
  })
})

describe.skipIf(!material)('calls on a node with the metadata of finney', () => {
  test('a call of the pool’s refusal is refused by the name of the pallet’s error', async () => {
    await using scene = await subtensorScene(
      {},
      {
        pallets: (node) => ({
          ...subtensorPallets(newSubnet(netuid))(node),
          validate: () => ({ code: 1010, message: 'Invalid Transaction', data: 'Custom error: 11' }),
        }),
      },
    )
    const served = scene.chain.serve(hotkeyOf('a'), { ip: '198.51.100.7', port: 80 })
    await expect(served).rejects.toMatchObject({ code: 'chain_refused', details: { reason: 'InvalidIpAddress', pool: 11 } })
  })

  test('a call is done when it is final, where the node tells of no block before', async () => {
    await using scene = await subtensorScene()
    scene.node.statuses = ['finalized']
    const signer = hotkeyOf('a')
    expect(await scene.chain.register(signer, signer.address)).toBe(0)
  })

  test.each([
    ['dropped', 'upstream_failed', undefined],
    ['invalid', 'chain_refused', 'InvalidTransaction'],
  ] as const)('a call that is %s comes in no block', async (status, code, reason) => {
    await using scene = await subtensorScene()
    scene.node.statuses = [status]
    const signer = hotkeyOf('a')
    await expect(scene.chain.register(signer, signer.address)).rejects.toMatchObject({ code, details: { ...(reason && { reason }) } })
  })

  test('a call whose node dies is given to the next as it is, and is done when a final block has it', async () => {
    await using scene = await subtensorScene()
    scene.node.statuses = []
    const signer = hotkeyOf('a')
    await scene.chain.block()
    const registered = scene.chain.register(signer, signer.address)
    while (scene.node.sent.length === 0) await setTimeout(5)
    scene.node.statuses = ['finalized']
    scene.node.drop()
    expect(await registered).toBe(0)
    expect(scene.node.sent).toEqual([scene.node.sent[0], scene.node.sent[0]])
  })

  test('a call that a final block has is done, though its node died with it and the next one has heard of it before', async () => {
    await using scene = await subtensorScene()
    scene.node.statuses = ['retracted', 'finalized', 'cut']
    const signer = hotkeyOf('a')
    expect(await scene.chain.register(signer, signer.address)).toBe(0)
  })

  test('a call that comes in none of its blocks may be sent anew', async () => {
    await using scene = await subtensorScene()
    scene.node.statuses = []
    const signer = hotkeyOf('a')
    await scene.chain.block()
    const registered = scene.chain.register(signer, signer.address)
    registered.catch(() => undefined)
    while (scene.node.sent.length === 0) await setTimeout(5)
    scene.node.advance(16)
    await expect(registered).rejects.toMatchObject({ code: 'timed_out', message: expect.stringMatching(/none of the blocks up to 16, .* sent anew/) })
  })

  test('a call whose nonce another process took is sent again with the next', async () => {
    await using scene = await subtensorScene()
    const signer = hotkeyOf('a')
    scene.node.takeNonce(signer.address)
    expect(await scene.chain.register(signer, signer.address)).toBe(0)
    expect(scene.node.sent.length).toBe(2)
  })

  test('calls of one hotkey go one after the other', async () => {
    await using scene = await subtensorScene()
    const signer = hotkeyOf('a')
    await scene.chain.register(signer, signer.address)
    await Promise.all([1, 2, 3, 4].map((byte) => scene.chain.commit(signer, Uint8Array.of(byte))))
    expect((await scene.chain.metagraph()).neurons[0]).toMatchObject({ commitment: Uint8Array.of(4) })
    expect(scene.node.sent.length).toBe(5)
  })

  test('a hotkey does not pay for its registration', async () => {
    await using scene = await subtensorScene()
    const registered = scene.chain.register(hotkeyOf('a'), hotkeyOf('coldkey').address)
    await expect(registered).rejects.toMatchObject({ code: 'chain_refused', details: { reason: 'HotKeyNotRegisteredInSubNet' } })
    await expect(registered).rejects.toThrow(/btcli/)
    expect(scene.node.sent).toEqual([])
  })

  test('a development wallet signs nothing here', async () => {
    await using scene = await subtensorScene()
    const { signer } = madeKey(new Uint8Array(32).fill(1), { mark: 'development' })
    await expect(scene.chain.register(signer, signer.address)).rejects.toMatchObject({ code: 'invalid_argument' })
    expect(scene.node.sent).toEqual([])
  })

  test('a subnet that is not there is refused by name', async () => {
    await using scene = await subtensorScene({}, { pallets: (node) => ({ ...subtensorPallets(newSubnet(netuid))(node), call: () => '0x00' }) })
    await expect(scene.chain.metagraph()).rejects.toMatchObject({ code: 'chain_refused', details: { reason: 'SubNetworkDoesNotExist' } })
  })

  test('commitments that nobody can read cost themselves', async () => {
    await using scene = await subtensorScene(later)
    const signers = ['a', 'b', 'c', 'd'].map(hotkeyOf)
    for (const signer of signers) await scene.chain.register(signer, signer.address)
    const [a, b, c, d] = signers.map(({ address }) => address)
    await scene.chain.commit(signers[0]!, Uint8Array.of(1, 2, 3))
    scene.node.put('commitments', 'commitmentOf', [netuid, b], { deposit: 0, block: 1, info: { fields: ['TimelockRevealFailed'] } })
    scene.node.putRaw('commitments', 'commitmentOf', [netuid, c], '0xffffffff')
    scene.node.put('commitments', 'commitmentOf', [netuid, d], { deposit: 0, block: 1, info: { fields: [{ BlakeTwo256: `0x${'00'.repeat(32)}` }] } })
    await scene.pass(1)
    const { neurons } = await scene.chain.metagraph()
    expect(neurons.map(({ hotkey, commitment }) => [hotkey, commitment])).toEqual([
      [a, Uint8Array.of(1, 2, 3)],
      [b, undefined],
      [c, undefined],
      [d, undefined],
    ])
  })

  test('weights in bytes that are none are no weights', async () => {
    await using scene = await subtensorScene()
    await twoNeurons(scene)
    scene.node.putRaw('subtensorModule', 'weights', [netuid, 0], '0x0401')
    scene.node.putRaw('subtensorModule', 'weights', [netuid, 1], '0x04010002000f')
    await scene.pass(1)
    expect((await scene.chain.metagraph()).neurons.map(({ weights }) => weights)).toEqual([[], []])
  })
})

describe.skipIf(!material)('weights that are committed first', () => {
  const ways: [call: string, later: LaterRuntime][] = [
    ['commitCrv3Weights', {}],
    ['commitTimelockedWeights', later],
    ['commitTimelockedMechanismWeights', { timelockedCalls: ['commit_timelocked_weights', 'commit_timelocked_mechanism_weights'] }],
  ]
  test.each(ways)('go by %s where that is the best the runtime has', async (call, later) => {
    await using scene = await subtensorScene(later)
    scene.subnet.commitReveal = { period: 1 }
    scene.subnet.tempo = 100
    const validator = await twoNeurons(scene)
    const submitted = await scene.chain.submitWeights(validator, submission)
    expect(submitted).toMatchObject({ ...submission, way: 'timelocked' })
    expect(scene.node.registry.createType('Extrinsic', scene.node.sent.at(-1)).method.method).toBe(call)
    const { pendingWeights, neurons } = await scene.chain.metagraph()
    expect(pendingWeights).toMatchObject([{ hotkey: validator.address, dueBlock: submitted.dueBlock }])
    expect(neurons[0]?.weights).toEqual([])
    expect(await scene.chain.confirmWeights(validator, submitted)).toBe('pending')
    // The chain reveals them by itself.
    const queue = ['subtensorModule', 'crv3WeightCommits', [netuid, Math.floor((submitted.block + netuid + 1) / 101)]] as const
    scene.node.remove(queue[0], queue[1], [...queue[2]])
    scene.node.put(
      'subtensorModule',
      'weights',
      [netuid, 0],
      [
        [1, 65_535],
        [0, 7],
      ],
    )
    await scene.pass(submitted.dueBlock - scene.node.head())
    expect(await scene.chain.confirmWeights(validator, submitted)).toBe('set')
    scene.node.put('subtensorModule', 'weights', [netuid, 0], [[1, 65_535]])
    await scene.pass(1)
    expect(await scene.chain.confirmWeights(validator, submitted)).toBe('missing')
  })

  test('a reveal that does not come is missing', async () => {
    await using scene = await subtensorScene()
    scene.subnet.commitReveal = { period: 1 }
    scene.subnet.tempo = 10
    const validator = await twoNeurons(scene)
    const submitted = await scene.chain.submitWeights(validator, submission)
    scene.node.remove('subtensorModule', 'crv3WeightCommits', [netuid, Math.floor((submitted.block + netuid + 1) / 11)])
    await scene.pass(submitted.dueBlock + 1 - scene.node.head())
    expect(await scene.chain.confirmWeights(validator, submitted)).toBe('missing')
  })

  test('by hash they are revealed by their signer, also in another process', async () => {
    await using scene = await subtensorScene({ withoutCalls: ['commit_crv3_weights'] })
    scene.subnet.commitReveal = { period: 1 }
    scene.subnet.tempo = 10
    const validator = await twoNeurons(scene)
    const submitted = await scene.chain.submitWeights(validator, submission)
    expect(submitted).toMatchObject({ way: 'commit_reveal' })
    const { pendingWeights } = await scene.chain.metagraph()
    expect(pendingWeights).toEqual([{ hotkey: validator.address, block: submitted.block, dueBlock: submitted.dueBlock }])
    expect(await scene.chain.confirmWeights(validator, submitted)).toBe('pending')
    await scene.pass(submitted.dueBlock - scene.node.head())
    await using other = scene.open()
    expect(await other.confirmWeights(validator, JSON.parse(JSON.stringify(submitted)))).toBe('set')
    await scene.pass(1)
    expect(await scene.chain.confirmWeights(validator, submitted)).toBe('set')
    expect((await scene.chain.metagraph()).pendingWeights).toEqual([])
  })

  test('by hash they are revealed by who intended them and never had the answer', async () => {
    await using scene = await subtensorScene({ withoutCalls: ['commit_crv3_weights'] })
    scene.subnet.commitReveal = { period: 1 }
    scene.subnet.tempo = 100
    const validator = await twoNeurons(scene)
    const intended: IntendedWeights[] = []
    const { dueBlock } = await scene.chain.submitWeights(validator, submission, async (one) => void intended.push(one))
    const [kept] = intended as [IntendedWeights]
    expect(kept).not.toHaveProperty('block')
    await using other = scene.open()
    expect(await other.confirmWeights(validator, kept)).toBe('pending')
    // The same weights, made at another block, were never sent.
    const never = { ...kept, madeAtBlock: kept.madeAtBlock - 1 }
    expect(await other.confirmWeights(validator, never)).toBe('pending')
    await scene.pass(dueBlock - scene.node.head())
    expect(await other.confirmWeights(validator, kept)).toBe('set')
  })

  test('timelocked they are found by who intended them, and missing where they are not', async () => {
    await using scene = await subtensorScene()
    scene.subnet.commitReveal = { period: 1 }
    scene.subnet.tempo = 10
    const validator = await twoNeurons(scene)
    const intended: IntendedWeights[] = []
    const submitted = await scene.chain.submitWeights(validator, submission, async (one) => void intended.push(one))
    const [kept] = intended as [IntendedWeights]
    expect(await scene.chain.confirmWeights(validator, kept)).toBe('pending')
    scene.node.remove('subtensorModule', 'crv3WeightCommits', [netuid, Math.floor((submitted.block + netuid + 1) / 11)])
    await scene.pass(1)
    expect(await scene.chain.confirmWeights(validator, kept)).toBe('pending')
    await scene.pass(64)
    expect(await scene.chain.confirmWeights(validator, kept)).toBe('missing')
  })

  test('by hash they are missing when their time is over', async () => {
    await using scene = await subtensorScene({ withoutCalls: ['commit_crv3_weights'] })
    scene.subnet.commitReveal = { period: 1 }
    scene.subnet.tempo = 10
    const validator = await twoNeurons(scene)
    const submitted = await scene.chain.submitWeights(validator, submission)
    await scene.pass(submitted.dueBlock + 12 - scene.node.head())
    expect(await scene.chain.confirmWeights(validator, submitted)).toBe('missing')
  })
})

import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { material } from '#test/subtensor/metadata.ts'
import { hotkeyOf, netuid, subtensorScene } from '#test/subtensor/scene.ts'
import { connectNode } from './node.ts'
import { scheduleNow } from './read-schedule.ts'
import { epochStart, firstRevealBlock, fixedSchedule, statefulSchedule } from './schedule.ts'
import { crv3Reveal, timelockedReveal, weightsPayload } from './weights-payload.ts'

/**
 * First reveal blocks as bittensor-core 0.1.5 foretells them (get_encrypted_commit_v2), in random states:
 * tempo, last epoch's block, block that the owner asked for, head, period, reveal.
 */
const foretold = [
  [99, 97_228, 97_317, 97_316, 3, 97_614],
  [50, 85_063, 0, 85_073, 1, 85_113],
  [361, 71_272, 0, 71_399, 2, 71_994],
  [10, 51_045, 51_047, 51_046, 1, 51_057],
  [10, 233, 0, 243, 1, 254],
  [99, 41_111, 0, 41_211, 2, 41_410],
  [1, 47_342, 0, 47_342, 2, 47_345],
  [1000, 91_282, 0, 91_774, 2, 93_282],
  [1, 98_278, 98_279, 98_278, 2, 98_281],
  [361, 75_828, 0, 76_192, 1, 76_554],
  [360, 38_780, 0, 38_826, 7, 41_300],
  [1, 10_612, 0, 10_616, 2, 10_619],
  [50, 17_115, 17_171, 17_166, 1, 17_217],
  [361, 48_890, 0, 49_105, 7, 51_417],
  [99, 61_615, 61_633, 61_633, 1, 61_733],
  [1000, 44_366, 44_870, 44_869, 7, 51_870],
  [360, 8272, 8455, 8454, 2, 9175],
] as const

test.each(foretold)('tempo %i, last epoch at %i, asked for at %i, head %i, period %i: reveal at %i', (tempoBlocks, last, pending, block, period, reveal) => {
  const schedule = statefulSchedule({ block, tempoBlocks, epoch: 7, lastEpochBlock: last, pendingEpochBlock: pending, nextEpochBlock: undefined })
  expect(firstRevealBlock(schedule, period)).toBe(reveal)
})

test('believes the runtime about its next epoch, but not that it is over', () => {
  const state = { block: 100, tempoBlocks: 50, epoch: 7, lastEpochBlock: 90, pendingEpochBlock: 0 }
  expect(statefulSchedule({ ...state, nextEpochBlock: 120 }).nextEpochBlock).toBe(120)
  expect(statefulSchedule({ ...state, nextEpochBlock: 100 }).nextEpochBlock).toBe(101)
})

test('epochs before they were counted follow the number of the block and the netuid', () => {
  // (1000 + 1 + 1) / 101 = 9.92: epoch 9 runs, 10 begins at 10 × 101 − 2.
  const schedule = fixedSchedule({ block: 1000, tempo: 100, netuid: 1 })
  expect(schedule).toEqual({ block: 1000, tempoBlocks: 101, epoch: 9, nextEpochBlock: 1008 })
  expect([9, 10, 12].map((epoch) => epochStart(schedule, epoch))).toEqual([1000, 1008, 1210])
  expect(firstRevealBlock(schedule, 2)).toBe(1109)
})

const atMs = 1_692_803_367_000 + 3_000_000

test('timelocked weights are locked for a round three blocks into their epoch', () => {
  const schedule = fixedSchedule({ block: 1000, tempo: 100, netuid: 1 })
  // 1109 + 3 − 1000 blocks of 12 s = 1,344 s = 448 rounds after round 1000.
  expect(timelockedReveal({ schedule, periodEpochs: 2, blockMs: 12_000, atMs })).toEqual({ block: 1109, round: 1448 })
})

test('weights of the third commit–reveal are locked for a round that is on the chain when their epoch begins', () => {
  const schedule = fixedSchedule({ block: 1000, tempo: 100, netuid: 1 })
  // 109 blocks of 12 s = 1,308 s = 436 rounds; 24 before that.
  expect(crv3Reveal({ schedule, periodEpochs: 2, blockMs: 12_000, atMs })).toEqual({ block: 1109, round: 1412 })
  // 8 blocks of 0.25 s are no time for drand: as many epochs later as 72 s take.
  expect(crv3Reveal({ schedule, periodEpochs: 1, blockMs: 250, atMs })).toEqual({ block: 1311, round: 1002 })
})

test('the payload of weights is SCALE', () => {
  const submission = { uids: [1, 258], values: [65_535, 1], versionKey: 3 }
  const plain = '080100020108ffff01000300000000000000'
  expect(Buffer.from(weightsPayload(submission)).toString('hex')).toBe(plain)
  expect(Buffer.from(weightsPayload(submission, { publicKey: new Uint8Array(32).fill(7) })).toString('hex')).toBe(`80${'07'.repeat(32)}${plain}`)
  const many = { uids: Array.from({ length: 300 }, (_, uid) => uid), values: Array.from({ length: 300 }, () => 1), versionKey: 0 }
  expect(Buffer.from(weightsPayload(many)).subarray(0, 4).toString('hex')).toBe('b1040000')
})

describe.skipIf(!material)('epochs as a node tells of them', () => {
  test('are read where they are counted, at the best block, and the runtime tells of the next', async () => {
    await using scene = await subtensorScene({ countedEpochs: true })
    const { node } = scene
    node.finalityLag = 3
    for (const [item, value] of [
      ['subnetEpochIndex', 41],
      ['lastEpochBlock', 2],
      ['pendingEpochAt', 0],
    ] as const)
      node.put('subtensorModule', item, [netuid], value)
    scene.subnet.tempo = 20
    node.put('subtensorModule', 'tempo', [netuid], 20)
    node.advance(5)
    await using asked = await connectNode(node.url, { callMs: 20_000, clock: systemClock() })
    const atMs = 1_800_000_000_000 + 6 * 12_000
    expect(asked.head().number).toBe(3)
    const counted = { block: 6, tempoBlocks: 20, epoch: 41, nextEpochBlock: 22 }
    // A runtime that tells of none runs by its tempo.
    expect(await scheduleNow(asked, netuid)).toEqual({ schedule: counted, atMs })
    node.put('subtensorModule', 'pendingEpochAt', [netuid], 15)
    node.advance(1)
    expect((await scheduleNow(asked, netuid)).schedule).toEqual({ ...counted, block: 7, nextEpochBlock: 15 })
    node.note('next epoch', '18')
    node.advance(1)
    expect((await scheduleNow(asked, netuid)).schedule).toEqual({ ...counted, block: 8, nextEpochBlock: 18 })
  })

  test('are not counted in older runtimes, and weights are due by the epoch of the block they are in', async () => {
    await using scene = await subtensorScene()
    const { node, subnet } = scene
    const validator = hotkeyOf('validator')
    subnet.stakes.set(validator.address, 10n ** 13n)
    subnet.tempo = 100
    subnet.commitReveal = { period: 1 }
    await scene.chain.register(validator, validator.address)
    // Epochs begin at 101 n − 14; the final block is in the first, the best in the second.
    await scene.pass(84 - node.head())
    node.finalityLag = 3
    node.advance(3)
    const submitted = scene.chain.submitWeights(validator, { uids: [0], values: [1], versionKey: 0 })
    while (node.sent.length < 2) await setTimeout(5)
    node.advance(4)
    expect(await submitted).toMatchObject({ block: 88, dueBlock: 2 * 101 - 14 })
  })
})

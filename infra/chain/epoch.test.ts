import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { payEpoch } from './emission.ts'
import { runEpoch, validatorPermits, type EpochNeuron, type EpochRules } from './epoch.ts'

const rules: EpochRules = { stakeThreshold: 1n, maxValidators: 64, activityCutoffBlocks: 5000 }
const block = 100

const validator = (stake: bigint, weights: Record<number, number>): EpochNeuron => ({
  stake,
  validatorPermit: true,
  lastUpdate: 50,
  registeredAt: 1,
  weights: Object.entries(weights).map(([uid, value]) => ({ uid: Number(uid), value })),
})
const miner = (): EpochNeuron => ({ stake: 0n, validatorPermit: false, lastUpdate: 0, registeredAt: 1, weights: [] })
const close = (expected: readonly number[]) => expected.map((value) => expect.closeTo(value, 12) as number)
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)

/** Rows of raw weights on `miners` miners, one per validator; validators come first. */
const subnet = (stakes: readonly bigint[], rows: readonly (readonly number[])[], miners: number): EpochNeuron[] => [
  ...stakes.map((stake, i) => validator(stake, Object.fromEntries((rows[i] ?? []).map((value, m) => [stakes.length + m, value])))),
  ...Array.from({ length: miners }, miner),
]

describe('runEpoch', () => {
  test('comes out as the example worked by hand', () => {
    // Stakes .5 .3 .2; the first two give (.6, .4), the third (0, 1). Miner 3: .8 of the stake backs .6. Miner 4: .2 backs 1, all back .4.
    // Ranks .8 × .6 = .48 and .4; trusts 1, 1, .4.
    const neurons = subnet(
      [50n, 30n, 20n],
      [
        [3, 2],
        [6, 4],
        [0, 9],
      ],
      2,
    )
    const outcome = runEpoch(block, neurons, rules)
    expect(outcome.activeStake).toEqual(close([0.5, 0.3, 0.2, 0, 0]))
    expect(outcome.consensus).toEqual(close([0, 0, 0, 0.6, 0.4]))
    expect(outcome.incentive).toEqual(close([0, 0, 0, 0.48 / 0.88, 0.4 / 0.88]))
    expect(outcome.dividends).toEqual(close([0.5 / 0.88, 0.3 / 0.88, 0.08 / 0.88, 0, 0]))
    expect(outcome.permits).toEqual([true, true, true, false, false])
  })

  test.each([
    [
      'three quarters of the stake agree',
      [75n, 25n],
      [
        [20, 80],
        [30, 70],
      ],
      [0.2, 0.8],
    ],
    [
      'less than half backs the highest',
      [30n, 21n, 49n],
      [
        [20, 40, 40],
        [30, 10, 60],
        [0, 50, 50],
      ],
      [0.2, 0.4, 0.5],
    ],
    [
      'exactly half is enough (κ is just below)',
      [50n, 50n],
      [
        [100, 0],
        [0, 100],
      ],
      [1, 1],
    ],
  ])('takes the median by stake: %s', (_, stakes, rows, medians) => {
    const { consensus } = runEpoch(block, subnet(stakes, rows, medians.length), rules)
    expect(consensus.slice(stakes.length)).toEqual(close(medians))
  })

  test('does not count a validator without permit or stake, too long silent, or silent ever since', () => {
    const honest = validator(10n, { 5: 1 })
    const others = [
      { ...validator(90n, { 6: 1 }), validatorPermit: false },
      validator(0n, { 6: 1 }),
      { ...validator(90n, { 6: 1 }), lastUpdate: block - rules.activityCutoffBlocks - 1 },
      { ...validator(90n, { 6: 1 }), lastUpdate: 0 },
    ]
    expect(runEpoch(block, [honest, ...others, miner(), miner()], rules).incentive).toEqual([0, 0, 0, 0, 0, 1, 0])
  })

  test('masks what a validator gives itself, and what it gave before the uid changed hands', () => {
    const neurons = [validator(60n, { 0: 65_535, 1: 40, 2: 60 }), miner(), { ...miner(), registeredAt: 50 }]
    expect(runEpoch(block, neurons, rules).incentive).toEqual([0, 1, 0])
  })

  test('shares out 1 among miners and 1 among validators, or nothing', () => {
    fc.assert(
      fc.property(anySubnet, (neurons) => {
        const { incentive, dividends } = runEpoch(block, neurons, rules)
        for (const shares of [incentive, dividends]) {
          expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true)
          expect([0, 1]).toContainEqual(expect.closeTo(sum(shares), 9))
        }
        expect(sum(incentive) > 0).toBe(sum(dividends) > 0)
      }),
    )
  })

  test('never pays a miner less for a higher weight', () => {
    fc.assert(
      fc.property(anyRows, fc.nat(5), fc.nat(3), fc.integer({ min: 1, max: 60_000 }), ({ stakes, rows }, v, m, more) => {
        const raised = rows.map((row, i) => row.map((value, k) => (i === v % rows.length && k === m ? value + more : value)))
        const uid = stakes.length + m
        const before = runEpoch(block, subnet(stakes, rows, 4), rules).incentive[uid] ?? 0
        const after = runEpoch(block, subnet(stakes, raised, 4), rules).incentive[uid] ?? 0
        expect(after).toBeGreaterThanOrEqual(before - 1e-9)
      }),
    )
  })

  test('clips a lying minority: its friend gets no more weight than the honest majority gives it', () => {
    const honestRow = fc.array(fc.integer({ min: 1, max: 65_535 }), { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(honestRow, fc.integer({ min: 0, max: 65_535 }), fc.integer({ min: 1, max: 49 }), (row, friendly, lying) => {
        const neurons = subnet(
          [BigInt(100 - lying), BigInt(lying)],
          [
            [...row, friendly],
            [0, 0, 0, 65_535],
          ],
          4,
        )
        const { incentive, dividends } = runEpoch(block, neurons, rules)
        const fair = friendly / (sum(row) + friendly)
        const rank = fair + (1 - lying / 100) * (1 - fair)
        expect(incentive[5]).toBeCloseTo(fair / rank, 9)
        expect(dividends[1] === 0).toBe(friendly === 0)
      }),
    )
  })
})

describe('validatorPermits', () => {
  test('go to the highest stakes that reach the threshold, of equal ones to the lower uid', () => {
    const neurons = [5n, 9n, 5n, 1n, 0n].map((stake) => ({ stake }))
    expect(validatorPermits(neurons, { stakeThreshold: 2n, maxValidators: 2 })).toEqual([true, true, false, false, false])
    expect(validatorPermits(neurons, { stakeThreshold: 0n, maxValidators: 9 })).toEqual([true, true, true, true, false])
  })
})

describe('payEpoch', () => {
  test('pays 41 % to miners, 41 % to validators, 18 % to the owner', () => {
    const payout = payEpoch(100, { activeStake: [1, 0, 0], consensus: [], incentive: [0, 0.25, 0.75], dividends: [1, 0, 0], permits: [] })
    expect(payout).toEqual({ neurons: [41_000_000_000n, 10_250_000_000n, 30_750_000_000n], owner: 18_000_000_000n })
  })

  test('pays the miners’ part to validators by stake when no miner earns, and to the owner when there is none', () => {
    const idle = { consensus: [], incentive: [0, 0], dividends: [0, 0], permits: [] }
    expect(payEpoch(1, { ...idle, activeStake: [0.75, 0.25] })).toEqual({ neurons: [615_000_000n, 205_000_000n], owner: 180_000_000n })
    expect(payEpoch(1, { ...idle, activeStake: [0, 0] })).toEqual({ neurons: [0n, 0n], owner: 1_000_000_000n })
  })

  test('neither loses nor makes a rao', () => {
    fc.assert(
      fc.property(anySubnet, fc.integer({ min: 1, max: 65_535 }), (neurons, tempo) => {
        const { neurons: paid, owner } = payEpoch(tempo, runEpoch(block, neurons, rules))
        expect(paid.reduce((a, b) => a + b, owner)).toBe(BigInt(tempo) * 1_000_000_000n)
        expect(owner).toBeGreaterThan(0n)
      }),
    )
  })
})

const anyRows = fc.integer({ min: 1, max: 6 }).chain((validators) =>
  fc.record({
    stakes: fc.array(fc.bigInt({ min: 1n, max: 10n ** 16n }), { minLength: validators, maxLength: validators }),
    rows: fc.array(fc.array(fc.integer({ min: 0, max: 65_535 }), { minLength: 4, maxLength: 4 }), { minLength: validators, maxLength: validators }),
  }),
)

const anySubnet: fc.Arbitrary<EpochNeuron[]> = fc
  .array(
    fc.record({
      stake: fc.bigInt({ min: 0n, max: 10n ** 18n }),
      validatorPermit: fc.boolean(),
      lastUpdate: fc.nat(block),
      registeredAt: fc.nat(block),
      weights: fc.uniqueArray(fc.record({ uid: fc.nat(7), value: fc.nat(65_535) }), { selector: ({ uid }) => uid, maxLength: 8 }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((neurons) => neurons.map((neuron) => ({ ...neuron, weights: neuron.weights.filter(({ uid }) => uid < neurons.length) })))

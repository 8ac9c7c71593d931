import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toU16Weights } from '#infra/chain/weights.ts'
import { acceptWeights } from '#infra/chain/weights-rules.ts'
import { fitShares, weightShares, withinLimit } from './weight-shares.ts'

describe('weightShares', () => {
  test('gives the owner its share, and the others what is left by their scores', () => {
    const shares = weightShares([5, 30, 10, 0], { uid: 0, share: 0.7 })
    expect(shares).toEqual([0.7, expect.closeTo(0.225, 12), expect.closeTo(0.075, 12), 0])
  })

  test('gives the owner all where nobody scored, and leaves scores alone without an owner', () => {
    expect(weightShares([0, 0], { uid: 1, share: 0.7 })).toEqual([0, 0.7])
    expect(weightShares([3, 0], undefined)).toEqual([3, 0])
  })
})

const caller = { uid: 255, stake: 1n, validatorPermit: true, lastUpdate: 0, block: 1, neurons: 256 }
const rules = { stakeThreshold: 0n, versionKey: 0, weightsRateLimitBlocks: 0, minAllowedWeights: 1 }

describe('fitShares', () => {
  const any = { minAllowedWeights: 1, maxWeightLimit: 65_535 }
  test('leaves what fits', () => {
    expect(fitShares([3, 0, 1], any)).toEqual([3, 0, 1])
    expect(fitShares([0, 0], { minAllowedWeights: 2, maxWeightLimit: 100 })).toEqual([0, 0])
  })

  test('lets as many be above 0 as must be', () => {
    const shares = fitShares([3, 0, 1, 0], { ...any, minAllowedWeights: 3 })
    expect(shares).toEqual([3.00004, 0.00004, 1.00004, 0.00004].map((share) => expect.closeTo(share, 10)))
    expect(fitShares([0, 7], { ...any, minAllowedWeights: 8 }).every((share) => share > 0)).toBe(true)
  })

  // What normalize_max_weight of bittensor 9 gives with a limit of 0.3.
  test.each([
    [
      [0.7, 0.2, 0.1, 0.05],
      [0.29999972, 0.29999972, 0.26666704, 0.13333352],
    ],
    [
      [9, 8, 1, 1, 1, 0],
      [0.299999733, 0.299999733, 0.133333511, 0.133333511, 0.133333511, 0],
    ],
    [
      [100, 1, 1, 1, 1, 1, 1],
      [0.299998763, 0.116666873, 0.116666873, 0.116666873, 0.116666873, 0.116666873, 0.116666873],
    ],
  ])('lets no share be above the limit: %j', (shares, expected) => {
    const fitted = fitShares(shares, { ...any, maxWeightLimit: 0.3 * 65_535 })
    const sum = fitted.reduce((a, b) => a + b, 0)
    expect(fitted.map((share) => share / sum)).toEqual(expected.map((share) => expect.closeTo(share, 8)))
  })

  // What clip_to_max_weight of bittensor 11.3 gives: zeros cannot make up for what is cut off.
  test.each([
    [[0, 0, 0, 0, 0, 5], [1, 1, 1, 1, 1, 1].map((share) => share / 6)],
    [
      [0, 0, 0, 3, 5],
      [0.2, 0.2, 0.2, 0.2, 0.2],
    ],
  ])('gives all the same where those that fit have nothing: %j', (shares, expected) => {
    expect(fitShares(shares, { ...any, maxWeightLimit: 0.3 * 65_535 })).toEqual(expected.map((share) => expect.closeTo(share, 9)))
  })

  test('what is rounded is within the limit as well, as the chain looks at it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1e-3, max: 1, noNaN: true }), { minLength: 12, maxLength: 60 }),
        fc.integer({ min: 6554, max: 65_535 }),
        (shares, limit) => {
          const { values } = toU16Weights(fitShares(shares, { ...any, maxWeightLimit: limit }))
          const fitted = withinLimit(values, limit)
          expect(() =>
            acceptWeights({ uids: fitted.map((_, uid) => uid), values: fitted, versionKey: 0 }, caller, { ...rules, maxWeightLimit: limit }),
          ).not.toThrow()
          expect(Math.max(...fitted.map((value, at) => Math.abs(value - (values[at] ?? 0))))).toBeLessThanOrEqual(12)
        },
      ),
    )
  })

  test('gives all the same where no limit can be kept', () => {
    expect(fitShares([5, 1], { ...any, maxWeightLimit: 0.3 * 65_535 })).toEqual([0.5, 0.5])
  })
})

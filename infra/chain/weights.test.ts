import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { areWeights, toU16Weights, upscaleToU16 } from './weights.ts'

test('divides by the largest, rounds, and drops what comes to zero', () => {
  expect(toU16Weights([0, 0.5, 2, 1e-9, 1])).toEqual({ uids: [1, 2, 4], values: [16_384, 65_535, 32_768] })
  expect(toU16Weights([6, 1, 2]).values).toEqual([65_535, 10_922, 21_845])
})

test('gives no weights when nothing is scored', () => {
  expect(toU16Weights([])).toEqual({ uids: [], values: [] })
  expect(toU16Weights([0, 0])).toEqual({ uids: [], values: [] })
})

test.each([Number.NaN, Number.POSITIVE_INFINITY, -0.1])('refuses the score %d', (score) => {
  expect(() => toU16Weights([1, score])).toThrow(expect.objectContaining({ code: 'invalid_argument', details: { uid: 1 } }))
})

test('keeps the order of scores, within u16, the best at 65,535, and the chain leaves them as they are', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e300, noNaN: true })), (scores) => {
      const { uids, values } = toU16Weights(scores)
      expect(Math.max(0, ...values)).toBe(scores.some((score) => score > 0) ? 65_535 : 0)
      const byScore = uids.map((uid, i) => ({ score: scores[uid] ?? 0, value: values[i] ?? 0 })).toSorted((a, b) => a.score - b.score)
      expect(byScore.map(({ value }) => value)).toEqual(values.toSorted((a, b) => a - b))
      expect(upscaleToU16(values)).toEqual(values)
    }),
  )
})

/** Draws of a linear congruential generator, 31 bits. */
function drawer(): () => number {
  let state = 1n
  return () => Number((state = (state * 1_103_515_245n + 12_345n) % 2n ** 31n))
}

/**
 * The sha256 is of what Python makes of the same scores: `values = [v for w in scores if (v := round(w / max(scores) * 65535)) > 0]`, joined by commas, each
 * vector on a line. 187 of the products end in a half.
 */
test('rounds a thousand vectors as the SDK does', () => {
  const draw = drawer()
  const hash = createHash('sha256')
  for (let n = 0; n < 1000; n++) {
    const scores = Array.from({ length: 1 + (n % 40) }, () => {
      const [a, b] = [draw(), draw()]
      return n % 3 === 0 ? (a >> 8) % 64 : a / (1 + b)
    })
    hash.update(`${toU16Weights(scores).values.join(',')}\n`)
  }
  expect(hash.digest('hex')).toBe('b64c937e7030703643f7860ea83245efb028c3cbea691b95697bb52f6aad6db1')
})

// The first six are of the chain's own tests (epoch/tests/math, fixed_conversions), as far as they are whole numbers.
test.each([
  [[], []],
  [
    [0, 0],
    [0, 0],
  ],
  [
    [0, 1],
    [0, 65_535],
  ],
  [
    [0, 1, 65_534],
    [0, 1, 65_535],
  ],
  [
    [0, 1, 2, 32_768],
    [0, 2, 4, 65_535],
  ],
  [
    [0, 1, 2, 32_768, 32_769],
    [0, 2, 4, 65_533, 65_535],
  ],
  [
    [1, 2],
    [32_768, 65_535],
  ],
  [
    [1, 1, 3],
    [21_845, 21_845, 65_535],
  ],
  // A half that the cut ratio takes away: 20,000 × 65,535 / 40,000.
  [
    [20_000, 40_000],
    [32_767, 65_535],
  ],
  [
    [65_535, 7, 0],
    [65_535, 7, 0],
  ],
])('scales %j as the chain does', (values, stored) => {
  expect(upscaleToU16(values)).toEqual(stored)
})

test('knows weights of a neuron for those that were submitted', () => {
  const weights = [
    { uid: 2, value: 65_535 },
    { uid: 1, value: 16_384 },
  ]
  expect(areWeights(weights, { uids: [1, 2], values: [5, 20], versionKey: 0 })).toBe(true)
  for (const [uids, values] of [
    [[2], [20]],
    [
      [1, 2],
      [5, 21],
    ],
    [
      [1, 3],
      [5, 20],
    ],
    [
      [1, 2, 3],
      [5, 20, 1],
    ],
  ] as const)
    expect(areWeights(weights, { uids, values, versionKey: 0 })).toBe(false)
})

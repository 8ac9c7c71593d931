import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toU16Weights, upscaleToU16 } from './weights.ts'

test('divides by the largest, rounds, and drops what comes to zero', () => {
  expect(toU16Weights([0, 0.5, 2, 1e-9, 1])).toEqual({ uids: [1, 2, 4], values: [16_384, 65_535, 32_768] })
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

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { divide, type Sharer } from './shares.ts'

const even = (weights: readonly number[], max = 1000): Sharer[] => weights.map((weight) => ({ weight, max, owed: 0 }))
const countsOf = (total: number, sharers: readonly Sharer[]): number[] => divide(total, sharers).map(({ count }) => count)

test('divides by weight, and what one may not have among the others by theirs', () => {
  expect(countsOf(10, even([3, 1, 1]))).toEqual([6, 2, 2])
  expect(countsOf(10, [{ weight: 3, max: 2, owed: 0 }, ...even([3, 1])])).toEqual([2, 6, 2])
  expect(countsOf(5, [{ weight: 3, max: 0, owed: 0 }, ...even([1e-9])])).toEqual([0, 5])
})

test('divides everything, nobody has more than it may, and each is less than one from its share when it may have that', () => {
  const sharer = fc.record({
    weight: fc.double({ min: 0.0001, max: 10, noNaN: true }),
    max: fc.integer({ min: 0, max: 50 }),
    owed: fc.double({ min: -1, max: 1, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.array(sharer, { minLength: 1, maxLength: 20 }), fc.double({ min: 0, max: 1, noNaN: true }), (sharers, part) => {
      const all = sharers.reduce((sum, { max }) => sum + max, 0)
      const total = Math.floor(part * all)
      const shared = divide(total, sharers)
      expect(shared.reduce((sum, { count }) => sum + count, 0)).toBe(total)
      for (const [n, { count, owed }] of shared.entries()) {
        expect(count).toBeGreaterThanOrEqual(0)
        expect(count).toBeLessThanOrEqual(sharers[n]!.max)
        expect(Math.abs(owed)).toBeLessThanOrEqual(1)
      }
    }),
    { numRuns: 300 },
  )
})

test('what is less than one is owed: fewer things than sharers at a time reach all of them alike', () => {
  const sharers = even(Array.from({ length: 30 }, (_, n) => (n < 15 ? 2 : 1)))
  const had = sharers.map(() => 0)
  for (let time = 0; time < 90; time++)
    for (const [n, { count, owed }] of divide(7, sharers).entries()) {
      had[n]! += count
      sharers[n]!.owed = owed
    }
  for (const [n, count] of had.entries()) expect(Math.abs(count - (90 * 7 * (n < 15 ? 2 : 1)) / 45)).toBeLessThanOrEqual(1)
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keyedPermutation } from './permutation.ts'

const sizes = fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 5000 }))
const orderOf = (size: number, key: string): number[] => {
  const order = keyedPermutation(size, key)
  return Array.from({ length: size }, (_, i) => order.at(i))
}

test('every index is met exactly once', () => {
  fc.assert(
    fc.property(sizes, fc.string(), (size, key) => {
      expect(orderOf(size, key).toSorted((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i))
    }),
    { numRuns: 60 },
  )
})

test('indexOf undoes at, in domains up to 2^52', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 52 }), fc.nat(), fc.string(), (size, pick, key) => {
      const order = keyedPermutation(size, key)
      const index = pick % size
      expect(order.at(index)).toBeLessThan(size)
      expect(order.indexOf(order.at(index))).toBe(index)
    }),
  )
})

test('another key gives another order', () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 3000 }), fc.string(), fc.string(), (size, a, b) => {
      fc.pre(a !== b)
      expect(orderOf(size, a)).not.toEqual(orderOf(size, b))
    }),
    { numRuns: 40 },
  )
})

test('no two keys share the beginning of their order, nor does an order keep neighbours together', () => {
  const size = 100_000
  const firsts = Array.from({ length: 64 }, (_, k) => keyedPermutation(size, `key ${k}`).at(0))
  expect(new Set(firsts).size).toBeGreaterThan(60)
  const order = keyedPermutation(size, 'spread')
  const neighbours = Array.from({ length: 1000 }, (_, i) => Math.abs(order.at(i) - order.at(i + 1))).filter((gap) => gap < 100)
  expect(neighbours.length).toBeLessThan(20)
})

test('keeps its golden order: plans of the past stay what they were', () => {
  expect(orderOf(16, '1/golden/web')).toMatchInlineSnapshot(`
    [
      2,
      9,
      11,
      14,
      5,
      8,
      1,
      4,
      6,
      12,
      0,
      13,
      10,
      3,
      7,
      15,
    ]
  `)
  const large = keyedPermutation(2 ** 40 + 7, '1/golden/web')
  expect([0, 1, 2, 2 ** 40].map((i) => large.at(i))).toMatchInlineSnapshot(`
    [
      771859297043,
      420502892110,
      123551101832,
      778887905011,
    ]
  `)
})

test.each([0, -1, 1.5, 2 ** 53, Number.NaN])('refuses the size %d', (size) => {
  expect(() => keyedPermutation(size, 'k')).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
})

test.each([-1, 10, 0.5])('refuses the index %d of ten', (index) => {
  expect(() => keyedPermutation(10, 'k').at(index)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
})

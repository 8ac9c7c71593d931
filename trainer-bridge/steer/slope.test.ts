import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seededRandom } from '#test/seeded-random.ts'
import { mediansOf, theilSen } from './slope.ts'

const at = (x: number, y: number) => ({ x, y })
const slope = fc.double({ min: -5, max: 5, noNaN: true })

test('a line has its slope, whatever up to a quarter of its points say', () => {
  fc.assert(
    fc.property(
      slope,
      fc.integer({ min: 8, max: 32 }),
      fc.array(fc.tuple(fc.nat(31), fc.double({ min: 0, max: 1000, noNaN: true })), { maxLength: 8 }),
      (m, n, wild) => {
        const points = Array.from({ length: n }, (_, x) => at(x, m * x))
        for (const [place, y] of wild.slice(0, Math.floor(n / 4))) if (place < n) points[place] = at(place, y)
        expect(theilSen(points)?.slope).toBeCloseTo(m, 9)
      },
    ),
  )
})

test('its interval holds the true slope nine times in ten', () => {
  const random = seededRandom(3)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  for (const n of [8, 16, 32]) {
    let held = 0
    for (let round = 0; round < 400; round++) {
      const found = theilSen(Array.from({ length: n }, (_, x) => at(x, 9 - 0.1 * x + normal())))
      if (found && found.low <= -0.1 && found.high >= -0.1) held++
    }
    expect(held / 400).toBeGreaterThan(0.86)
    expect(held / 400).toBeLessThan(0.97)
  }
})

test('fewer than five points say nothing surely, and one place nothing at all', () => {
  expect(theilSen([1, 2, 3, 4].map((x) => at(x, -x)))).toEqual({ slope: -1, low: -Infinity, high: Infinity })
  expect(theilSen([1, 2, 3, 4, 5].map((x) => at(x, -x)))).toEqual({ slope: -1, low: -1, high: -1 })
  expect(theilSen([at(1, 1), at(1, 2)])).toBeUndefined()
  expect(theilSen([])).toBeUndefined()
})

test('an even number has two medians', () => {
  expect(mediansOf([5, 1, 3])).toEqual([3, 3])
  expect(mediansOf([5, 1, 3, 4])).toEqual([3, 4])
})

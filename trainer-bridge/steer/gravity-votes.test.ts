import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jobOf } from '#test/golden/bridge.ts'
import { gravityVotes } from './gravity-votes.ts'

test('jobs are votes in the form of Data Universe: shares that are at most one together, in the order of the weights', () => {
  expect(gravityVotes([jobOf('x', 3), jobOf('y')])).toEqual([
    {
      id: expect.stringMatching(/^x-/),
      weight: 0.75,
      params: { keyword: null, platform: 'web', label: 'x', post_start_datetime: null, post_end_datetime: null },
    },
    expect.objectContaining({ weight: 0.25 }),
  ])
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1e-9, max: 5, noNaN: true }), { minLength: 1, maxLength: 200 }), (weights) => {
      const votes = gravityVotes(weights.map((weight, n) => jobOf(`l${n}`, weight)))
      // As integers: a sum of fractions is not exact.
      expect(votes.reduce((sum, { weight }) => sum + Math.round(weight * 1e9), 0)).toBeLessThanOrEqual(1e9)
      for (const { weight } of votes) expect(weight).toBeGreaterThan(0)
    }),
  )
  expect(gravityVotes([])).toEqual([])
  const elsewhere = { ...jobOf('x', 2), id: 'x-elsewhere' }
  expect(gravityVotes([jobOf('x', 1), jobOf('y', 1), elsewhere]).map(({ weight, params }) => [params.label, weight])).toEqual([
    ['x', 0.75],
    ['y', 0.25],
  ])
})

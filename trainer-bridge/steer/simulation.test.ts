import { expect, test } from 'vitest'
import { lies, weightsAfter, type Lie } from './simulated-run.fixture.ts'

const kinds = Object.keys(lies) as Lie[]

/** Worth it far above not, and among what is worth it the most where there is most to gain. */
function isRight({ easy, middle, hard, noise, boilerplate }: ReturnType<typeof weightsAfter>): boolean {
  return Math.min(easy, middle, hard) > 1.5 * Math.max(noise, boilerplate) && hard > middle && middle > easy
}

/** Those of the runs whose weights are wrong after ten epochs. */
const wrongOf = (runs: readonly Parameters<typeof weightsAfter>[0][]) =>
  runs.map((run) => ({ run, weights: weightsAfter(run) })).filter(({ weights }) => !isRight(weights))

for (const [nodes, batches] of [
  [1, 200],
  [2, 200],
  [3, 200],
  [30, 300],
  [300, 600],
  [5000, 2000],
] as const)
  test(`${nodes} honest nodes order the sources rightly within ten epochs`, () => {
    expect(wrongOf([1, 2, 3].map((seed) => ({ nodes, batches, liars: 0, lie: 'low', seed })))).toEqual([])
  })

for (const lie of kinds)
  test(`so do they when three in ten lie: ${lie}`, () => {
    const runs = [
      { nodes: 30, batches: 300, seed: 1 },
      { nodes: 30, batches: 300, seed: 2 },
      { nodes: 300, batches: 600, seed: 3 },
      { nodes: 5000, batches: 1500, seed: 4 },
    ]
    expect(wrongOf(runs.map((run) => ({ ...run, liars: 0.3, lie })))).toEqual([])
  })

test('and when one in ten lies, or one of three', () => {
  expect(wrongOf(kinds.map((lie) => ({ nodes: 300, liars: 0.1, lie, batches: 300, seed: 5 })))).toEqual([])
  expect(wrongOf(kinds.map((lie) => ({ nodes: 3, liars: 0.34, lie, batches: 300, seed: 6 })))).toEqual([])
})

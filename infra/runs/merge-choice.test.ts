import { expect, test } from 'vitest'
import { chooseMerge } from './merge-choice.ts'

/** Runs that are there at most, and how often each entry was written, after so many flushes. */
function simulate(flushes: number, sizeOf: (flush: number) => number): { runs: number; written: number } {
  let runs: number[] = []
  let [most, came, written] = [0, 0, 0]
  for (let flush = 0; flush < flushes; flush++) {
    const size = sizeOf(flush)
    came += size
    written += size
    runs.push(size)
    for (let range = chooseMerge(runs); range; range = chooseMerge(runs)) {
      const total = runs.slice(range.start, range.end).reduce((sum, each) => sum + each)
      written += total
      runs = [...runs.slice(0, range.start), total, ...runs.slice(range.end)]
    }
    most = Math.max(most, runs.length)
  }
  return { runs: most, written: written / came }
}

test.each([
  ['one size', () => 1000, 24],
  ['sizes that double and start again', (flush: number) => 2 ** (flush % 12), 32],
  ['a large one after every seven small ones', (flush: number) => (flush % 8 === 7 ? 500 : 1), 32],
  ['a large one, a little smaller each time, after every eight small ones', (flush: number) => (flush % 9 === 8 ? 9000 - flush : 1), 32],
  ['one large one first', (flush: number) => (flush === 0 ? 1e6 : 10), 32],
])('of %s few runs are left, and each entry was written a few times', (_, sizeOf, runsMost) => {
  const { runs, written } = simulate(3000, sizeOf)
  expect(runs).toBeLessThanOrEqual(runsMost)
  expect(written).toBeLessThan(9)
})

test('has nothing to do for few, or for small ones beside a large one', () => {
  expect(chooseMerge([])).toBeUndefined()
  expect(chooseMerge(Array.from({ length: 7 }, () => 1))).toBeUndefined()
  expect(chooseMerge([100, 1, 1, 1, 1, 1, 1, 1])).toBeUndefined()
  expect(chooseMerge([100, 1, 1, 1, 1, 1, 1, 1, 1])).toEqual({ start: 1, end: 9 })
})

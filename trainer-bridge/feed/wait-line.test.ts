import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { waitLine } from './wait-line.ts'

const never = new AbortController().signal

/** So many wait, the last to come first in line; `gone` says how many have gone, in their order. */
function waiting(count: number) {
  const line = waitLine()
  const gone: number[] = []
  for (let place = count; place > 0; place--) void line.wait(place, 60_000, never).then((why) => gone.push(why === 'called' ? place : -place))
  return { line, gone }
}

test('who has waited longest is called first, and nobody for whom there is nothing', async () => {
  const { line, gone } = waiting(5)
  line.call(1)
  line.call(1)
  await turn()
  await turn()
  expect([gone, line.length]).toEqual([[1, 2], 3])
  line.close()
  await turn()
  expect(gone.toSorted((a, b) => a - b)).toEqual([-5, -4, -3, 1, 2])
})

test('of thousands that are called at once few go in one turn, each once, and who waits on is not called by the same call', async () => {
  const { line, gone } = waiting(1000)
  line.call(Infinity)
  const inTurn: number[] = []
  for (let before = 0; gone.length < 1000; before = gone.length) {
    await turn()
    inTurn.push(gone.length - before)
    if (inTurn.length === 3) void line.wait(0, 60_000, never).then(() => gone.push(0))
  }
  expect(Math.max(...inTurn)).toBeLessThanOrEqual(64)
  expect(gone).toEqual(Array.from({ length: 1000 }, (_, n) => n + 1))
  expect(line.length).toBe(1)
  line.call(1)
  await turn()
  await turn()
  expect([gone.at(-1), line.length]).toEqual([0, 0])
})

import { expect, test } from 'vitest'
import { history } from './history.fixture.ts'

test.each([1, 2])('history %d: what increments come to is what a rebuild of the current snapshots gives', async (seed) => {
  for await (const { has, anew } of history({ seed, turns: 10, every: 5 })) expect(has).toEqual(anew)
})

test('a history under a validator: what increments come to is what a rebuild of the snapshots that passed gives', async () => {
  for await (const { has, anew } of history({ seed: 3, turns: 10, every: 5, isJudged: true })) expect(has).toEqual(anew)
})

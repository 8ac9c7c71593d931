import { test } from 'vitest'
import { checkHistory } from './history.fixture.ts'

test.each([1, 2])('history %d: what increments come to is what a rebuild of the current snapshots gives', (seed) => checkHistory({ seed, turns: 16, every: 4 }))

import { test } from 'vitest'
import { checkHistory } from '#dataset/ingest/history.fixture.ts'

test.each(Array.from({ length: 12 }, (_, n) => 100 + n))('history %d: what increments come to is what a rebuild of the current snapshots gives', (seed) =>
  checkHistory({ seed, turns: 40, every: 1 }),
)

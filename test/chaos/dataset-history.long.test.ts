import { expect, test } from 'vitest'
import { history } from '#dataset/ingest/history.fixture.ts'

test.each(Array.from({ length: 4 }, (_, n) => 100 + n))(
  'history %d: what increments come to is what a rebuild of the current snapshots gives',
  async (seed) => {
    for await (const { has, anew } of history({ seed, turns: 40, every: 1 })) expect(has).toEqual(anew)
  },
)

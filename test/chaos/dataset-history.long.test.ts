import { expect, test } from 'vitest'
import { history } from '#dataset/ingest/history.fixture.ts'

const seeds = Array.from({ length: 4 }, (_, n) => 100 + n)

test.each(seeds.flatMap((seed) => [false, true].map((isJudged) => ({ seed, isJudged }))))(
  'history $seed (judged: $isJudged): what increments come to is what a rebuild of the snapshots that count gives',
  async ({ seed, isJudged }) => {
    for await (const { has, anew } of history({ seed, isJudged, turns: 40, every: 1 })) expect(has).toEqual(anew)
  },
)

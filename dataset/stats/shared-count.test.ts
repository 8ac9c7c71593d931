import { expect, test } from 'vitest'
import { openDatasetQuery } from '#dataset/query/open-dataset-query.ts'
import { OrreryError } from '#schemas/errors.ts'
import { testDocuments } from '#test/golden/documents.ts'
import { servedDataset } from '#test/golden/served-dataset.ts'
import { manualClock } from '#test/manual-clock.ts'
import { sharedCount } from './shared-count.ts'
import type { StatisticsParts } from './statistics.ts'

test('a version is counted once for all who ask at a time, and read for those who ask later', async () => {
  await using served = await servedDataset([{ documents: testDocuments(5) }])
  const { world, entry } = served
  await using query = openDatasetQuery({ ...world, folder: world.queryFolder, clock: manualClock() })
  let asked = 0
  const parts: StatisticsParts = {
    store: world.store,
    query: {
      statement: (...question) => {
        asked++
        return query.statement(...question)
      },
    },
  }
  using counts = sharedCount()
  const [first, ...others] = await Promise.all(Array.from({ length: 20 }, () => counts.statistics(parts, entry)))
  const once = asked
  expect(once).toBeLessThan(150)
  for (const other of others) expect(other).toBe(first)
  expect(await counts.statistics(parts, entry)).toEqual(first)
  expect(asked).toBe(once)
})

test('who closes ends the count, and those who wait are told to come again', async () => {
  await using served = await servedDataset([{ documents: testDocuments(5) }])
  await using query = openDatasetQuery({ ...served.world, folder: served.world.queryFolder, clock: manualClock() })
  const counts = sharedCount()
  const waiting = counts.statistics({ store: served.world.store, query }, served.entry)
  counts[Symbol.dispose]()
  await expect(waiting).rejects.toMatchObject({ code: 'store_unavailable' })
})

test('versions are counted one after the other, a few wait, and a busy engine is asked again', async () => {
  await using served = await servedDataset([{ documents: testDocuments(3) }])
  const { world, entry } = served
  await using query = openDatasetQuery({ ...world, folder: world.queryFolder, clock: manualClock() })
  let [atOnce, most] = [0, 0]
  let isFirst = true
  const parts: StatisticsParts = {
    store: world.store,
    query: {
      async statement(...question) {
        most = Math.max(most, ++atOnce)
        try {
          if (isFirst) {
            isFirst = false
            throw new OrreryError('rate_limited', 'busy')
          }
          return await query.statement(...question)
        } finally {
          atOnce--
        }
      },
    },
  }
  using counts = sharedCount()
  const versions = Array.from({ length: 12 }, (_, n) => ({ ...entry, sha256: `${n}`.padStart(64, '0') }))
  const asked = versions.map((version) => counts.statistics(parts, version))
  expect(await Promise.any(asked)).toMatchObject({ summary: { documents: 3 } })
  expect(most).toBe(1)
  counts[Symbol.dispose]()
  const outcomes = await Promise.allSettled(asked)
  const refusals = outcomes.map((outcome) => (outcome.status === 'rejected' ? String(outcome.reason) : ''))
  expect(refusals.filter((reason) => /Other versions are being counted/.test(reason))).toHaveLength(4)
})

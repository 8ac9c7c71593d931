import { afterAll, beforeAll, expect, test } from 'vitest'
import { statisticsKey } from '#dataset/dataset-folder.ts'
import { datasetScope } from '#dataset/sweep-scope.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { servedDataset, type ServedDataset } from '#test/golden/served-dataset.ts'
import type { ColumnStatistics } from './columns.ts'

const split = 'dataset=web&config=default&split=train'
const odd = [
  testDocument(40, { label: '__proto__', datetime: new Date('1999-12-31T23:00:00Z'), lang_score: 0, quality: { words: 10, constructor: 1 } }),
  testDocument(41, { label: 'constructor', lang: 'de', lang_score: 1, quality: {} }),
]

let served: ServedDataset
beforeAll(async () => {
  served = await servedDataset([{ documents: [...testDocuments(30), ...odd], deletes: [3] }])
})
afterAll(() => served[Symbol.asyncDispose]())

async function ask(path: string) {
  const { status, headers, text } = await served.get(path)
  return { status, headers, body: JSON.parse(text) }
}

test('each column is told by its kind, as the dataset viewer does', async () => {
  const { status, headers, body } = await ask(`/statistics?${split}`)
  expect([status, headers['x-revision'], body.num_examples, body.partial]).toEqual([200, served.entry.sha256, 31, false])
  const columns = new Map((body.statistics as ColumnStatistics[]).map(({ column_name, ...column }) => [column_name, column]))
  expect(columns.size).toBe(33)
  const nothingMissing = { nan_count: 0, nan_proportion: 0 }
  expect(columns.get('lang')).toEqual({
    column_type: 'string_label',
    column_statistics: { ...nothingMissing, no_label_count: 0, no_label_proportion: 0, n_unique: 2, frequencies: { en: 30, de: 1 } },
  })
  expect(columns.get('label')?.column_statistics).toMatchObject({ n_unique: 3, frequencies: JSON.parse('{"example":29,"__proto__":1,"constructor":1}') })
  expect(columns.get('author')?.column_statistics).toMatchObject({ nan_count: 20, nan_proportion: 0.64516, n_unique: 1 })
  expect(columns.get('id')).toEqual({
    column_type: 'string_text',
    column_statistics: { ...nothingMissing, min: 64, max: 64, mean: 64, median: 64, std: 0, histogram: { hist: [31], bin_edges: [64, 64] } },
  })
  expect(columns.get('http_status')).toMatchObject({
    column_type: 'int',
    column_statistics: { min: 200, max: 200, histogram: { hist: [31], bin_edges: [200, 200] } },
  })
  expect(columns.get('lang_score')).toEqual({
    column_type: 'float',
    column_statistics: {
      ...nothingMissing,
      min: 0,
      max: 1,
      mean: 0.5,
      median: 0.5,
      std: 0.1291,
      histogram: { hist: [1, 0, 0, 0, 0, 29, 0, 0, 0, 1], bin_edges: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1] },
    },
  })
  expect(columns.get('datetime')).toMatchObject({
    column_type: 'datetime',
    column_statistics: {
      min: '1999-12-31 23:00:00+0000',
      max: '2026-01-05 00:41:00+0000',
      median: '2026-01-05 00:15:00+0000',
      std: expect.stringMatching(/^\d+ days, \d+:\d\d:\d\d$/),
    },
  })
  const dates = columns.get('datetime')?.column_statistics as { histogram: { hist: number[]; bin_edges: string[] } }
  expect([dates.histogram.hist, dates.histogram.bin_edges.length]).toEqual([[1, 0, 0, 0, 0, 0, 0, 0, 0, 30], 11])
  const counted = [...columns.values()].flatMap(({ column_statistics: of }) =>
    'histogram' in of && of.histogram ? [of.histogram.hist.reduce((sum, n) => sum + n, of.nan_count)] : [],
  )
  expect(new Set(counted)).toEqual(new Set([31]))
})

test('a version is told by what it is made of, and by what was left out', async () => {
  const { status, body } = await ask('/v1/datasets/web/statistics')
  expect(status).toBe(200)
  expect(body).toMatchObject({
    dataset: 'web',
    version: 1,
    sha256: served.entry.sha256,
    documents: 31,
    tokens: null,
    labels: { distinct: 3, values: [{ value: 'example', documents: 29 }, { value: '__proto__' }, { value: 'constructor' }] },
    languages: { distinct: 2 },
    licences: {
      distinct: 1,
      values: [
        { value: 'MIT', documents: 16 },
        { value: null, documents: 15 },
      ],
    },
    months: [
      { month: '1999-12', documents: 1 },
      { month: '2026-01', documents: 30 },
    ],
    text_sizes: [{ bytes: 512, documents: 31 }],
    dropped: [['deleted', 1]],
  })
  expect(body.hosts.values.map(({ documents }: { documents: number }) => documents)).toEqual([11, 11, 9])
  const words = Object.fromEntries(body.quality.map(({ rule, ...rest }: { rule: string }) => [rule, rest])) as Record<
    string,
    { documents: number; hist: number[] }
  >
  expect(words['words']).toMatchObject({ documents: 30, min: 10, max: 120 })
  expect([words['words']?.hist[0], words['words']?.hist[19]]).toEqual([1, 29])
  expect(words['constructor']).toMatchObject({ documents: 1, min: 1, max: 1, mean: 1 })
})

test('a version is counted once, and what was counted stays as long as the version', async () => {
  const { world, entry } = served
  await ask('/v1/datasets/web/statistics')
  const key = statisticsKey(entry)
  expect(await world.store.head(key)).toBeDefined()
  const scope = datasetScope({ ...world, name: 'web', keepMs: 0, pending: () => Promise.resolve(undefined) })
  const named: unknown[] = []
  for await (const manifest of scope.manifests()) named.push(manifest)
  expect(named).toContain(key)
})

test.each([
  ['/v1/datasets/none/statistics', 404],
  ['/v1/datasets/web/statistics?version=9', 404],
  ['/v1/datasets/web/statistics?version=1e309', 400],
  ['/v1/datasets/..%2fetc/statistics', 400],
])('GET %s is answered %d', async (path, status) => {
  expect((await ask(path)).status).toBe(status)
})

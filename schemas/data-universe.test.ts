import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { testDocuments } from '#test/golden/documents.ts'
import {
  cutLabel,
  CompressedMinerIndex,
  compressIndex,
  DataEntity,
  DataEntityBucket,
  DataEntityBucketId,
  DataLabel,
  dataSource,
  expandIndex,
  formatShardName,
  limits,
  parseShardKey,
  parseShardName,
  shardKey,
  timeBucketOf,
  timeBucketRange,
  timeScalar,
} from './data-universe.ts'
import { toDataEntity } from './document.ts'

const day = 86_400_000

const anyBucket = fc.record({
  time_bucket: fc.nat(10_000_000),
  source: fc.constantFrom(...Object.values(dataSource)),
  label: fc.option(
    fc.string({ minLength: 1, maxLength: 140 }).map((label) => label.toLowerCase().slice(0, 140)),
    { nil: null },
  ),
  size_bytes: fc.nat(limits.bucketBytes),
})

const at = (time_bucket: number, source: 1 | 8, label: string | null) => ({ time_bucket, source, label, size_bytes: time_bucket * 10 })
const sorted = (list: DataEntityBucket[]) => list.map((bucket) => JSON.stringify(DataEntityBucket.parse(bucket))).toSorted()
const many = (n: number) => ({ label: null, time_bucket_ids: Array.from({ length: n }, (_, i) => i), sizes_bytes: Array.from({ length: n }, () => 1) })

test('names the sources and limits as Data Universe does', () => {
  expect(dataSource).toMatchObject({ REDDIT: 1, X: 2, UNKNOWN_3: 3, UNKNOWN_7: 7 })
  expect(limits).toEqual({
    labelChars: 140,
    bucketBytes: 134_217_728,
    indexBuckets: 350_000,
    rowsPerGroup: 10_000,
    shardBytesMin: 15_000,
    shardBytesMax: 1_073_741_824,
    bytesPerRowMin: 50,
    freshnessDays: 30,
  })
})

describe('a label', () => {
  test('is cut by code points, and no half of one stays', () => {
    expect(cutLabel('r/bitcoin')).toBe('r/bitcoin')
    for (const label of ['🍕'.repeat(150), `${'x'.repeat(139)}🍕🍕`, 'é'.repeat(141), `${'x'.repeat(300)}\ud83c`]) {
      expect([...cutLabel(label)]).toHaveLength(140)
      expect(DataLabel.parse(cutLabel(label))).toBe([...label].slice(0, 140).join(''))
    }
  })
  test.each(['r/bitcoin', '#tao', 'example.org', 'x'.repeat(140)])('may be %j', (label) => expect(DataLabel.parse(label)).toBe(label))
  test.each(['', 'R/Bitcoin', 'x'.repeat(141), 'half \ud800', 'cut \0 short', null, 7])('may not be %j', (label) =>
    expect(DataLabel.safeParse(label).success).toBe(false),
  )
})

describe('an entity', () => {
  const entity = {
    uri: 'https://example.org/',
    datetime: '2026-01-02T03:04:05.000Z',
    source: dataSource.WEB,
    label: 'example.org',
    content: new Uint8Array(3),
    content_size_bytes: 3,
  }
  test('has a UTC time, a known source, and the size it says', () => {
    expect(DataEntity.parse(entity)).toEqual(entity)
    for (const wrong of [
      { content_size_bytes: 2 },
      { content_size_bytes: 4 },
      { source: 9 },
      { datetime: '2026-01-02T03:04:05+01:00' },
      { uri: '' },
      { extra: 1 },
    ])
      expect(DataEntity.safeParse({ ...entity, ...wrong }).success).toBe(false)
  })
})

test('a document is an entity of its text', () => {
  for (const document of testDocuments(3)) {
    const entity = DataEntity.parse(toDataEntity(document))
    expect(new TextDecoder().decode(entity.content)).toBe(document.text)
    expect(entity).toMatchObject({ uri: document.uri, label: document.label, source: dataSource.WEB })
  }
})

describe('a time bucket', () => {
  test('is a whole hour since the epoch', () => {
    expect(timeBucketOf(0)).toBe(0)
    expect(timeBucketOf(Date.UTC(2026, 0, 1))).toBe(490_896)
    expect(timeBucketRange(1)).toEqual({ startMs: 3_600_000, endMs: 7_200_000 })
  })

  test('holds every time that falls into it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), (time) => {
        const { startMs, endMs } = timeBucketRange(timeBucketOf(time))
        expect(time >= startMs && time < endMs).toBe(true)
      }),
    )
  })
})

test('a bucket is one hour of one label of one source, at most 128 MiB', () => {
  const id = { time_bucket: 1, source: dataSource.WEB, label: null }
  expect(DataEntityBucketId.parse(id)).toEqual(id)
  expect(DataEntityBucket.parse({ ...id, size_bytes: limits.bucketBytes })).toMatchObject({ size_bytes: 134_217_728 })
  for (const wrong of [{ size_bytes: limits.bucketBytes + 1 }, { size_bytes: -1 }, { size_bytes: 1, time_bucket: 0.5 }, { size_bytes: 1, source: 0 }])
    expect(DataEntityBucket.safeParse({ ...id, ...wrong }).success).toBe(false)
})

describe('a miner index', () => {
  test('is packed by source, label (none first) and time', () => {
    expect(compressIndex([at(2, 8, 'b'), at(5, 1, 'a'), at(1, 8, 'b'), at(3, 8, null)])).toEqual({
      sources: {
        1: [{ label: 'a', time_bucket_ids: [5], sizes_bytes: [50] }],
        8: [
          { label: null, time_bucket_ids: [3], sizes_bytes: [30] },
          { label: 'b', time_bucket_ids: [1, 2], sizes_bytes: [10, 20] },
        ],
      },
    })
  })

  test('comes back as the same buckets, and packs to the same bytes in any order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyBucket, { selector: (b) => JSON.stringify([b.source, b.label, b.time_bucket]) }), (buckets) => {
        const index = CompressedMinerIndex.parse(JSON.parse(JSON.stringify(compressIndex(buckets))))
        expect(sorted(expandIndex(index))).toEqual(sorted(buckets))
        expect(JSON.stringify(compressIndex(buckets.toReversed()))).toBe(JSON.stringify(compressIndex(buckets)))
        expect(compressIndex(expandIndex(index))).toEqual(index)
      }),
    )
  })

  test('of a stranger is refused when it is no index', () => {
    const buckets = { label: 'a', time_bucket_ids: [1], sizes_bytes: [1] }
    const refused = [
      { sources: { 8: [{ ...buckets, sizes_bytes: [] }] } },
      { sources: { 9: [buckets] } },
      { sources: { REDDIT: [buckets] } },
      { sources: { 8: [{ ...buckets, sizes_bytes: [limits.bucketBytes + 1] }] } },
      { sources: { 8: [{ ...buckets, time_bucket_ids: [-1] }] } },
      { sources: [buckets] },
    ]
    expect(CompressedMinerIndex.safeParse({ sources: { 8: [buckets] } }).success).toBe(true)
    for (const index of refused) expect(CompressedMinerIndex.safeParse(index).success).toBe(false)
  })

  test('has at most 350,000 buckets, over all sources', () => {
    expect(CompressedMinerIndex.safeParse({ sources: { 1: [many(175_000)], 8: [many(175_000)] } }).success).toBe(true)
    expect(CompressedMinerIndex.safeParse({ sources: { 1: [many(175_000)], 8: [many(175_001)] } }).success).toBe(false)
  })
})

describe('a shard name', () => {
  test('says when it was written, how many rows it has, and which content', () => {
    const name = 'data_20260102_030405_1234_0123456789abcdef.parquet'
    const parsed = { writtenAt: new Date('2026-01-02T03:04:05Z'), rows: 1234, hex: '0123456789abcdef' }
    expect(formatShardName(parsed)).toBe(name)
    expect(parseShardName(name)).toEqual(parsed)
  })

  test('is read back as it was written', () => {
    const shard = fc.record({
      writtenAt: fc
        .date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
        .map((at) => new Date(Math.floor(at.getTime() / 1000) * 1000)),
      rows: fc.nat(999_999_999_999),
      hex: fc.stringMatching(/^[0-9a-f]{16}$/),
    })
    fc.assert(fc.property(shard, (given) => void expect(parseShardName(formatShardName(given))).toEqual(given)))
  })

  test.each([
    'data_20260230_030405_1_0123456789abcdef.parquet',
    'data_20261302_030405_1_0123456789abcdef.parquet',
    'data_20260102_240000_1_0123456789abcdef.parquet',
    'data_20260102_030405_01_0123456789abcdef.parquet',
    'data_20260102_030405_-1_0123456789abcdef.parquet',
    'data_20260102_030405_1_0123456789ABCDEF.parquet',
    'data_20260102_030405_1_0123456789abcde.parquet',
    'data_20260102_030405_1_0123456789abcdef.parquet\n',
    'data_20260102_030405_1_0123456789abcdef.csv',
    '../data_20260102_030405_1_0123456789abcdef.parquet',
  ])('is not %j', (name) => expect(parseShardName(name)).toBeUndefined())
})

describe('a shard key', () => {
  const name = 'data_20260102_030405_1_0123456789abcdef.parquet'
  test('puts the shard under its hotkey and job', () => {
    const key = shardKey('5Abc', 'web-1', name)
    expect(key).toBe(`data/hotkey=5Abc/job_id=web-1/${name}`)
    expect(parseShardKey(key)).toEqual({ hotkey: '5Abc', jobId: 'web-1', name })
  })

  test.each(['', name, `data/hotkey=/job_id=a/${name}`, `data/hotkey=a/job_id=b/c/${name}`, `x/data/hotkey=a/job_id=b/${name}`])('is not %j', (key) =>
    expect(parseShardKey(key)).toBeUndefined(),
  )
})

describe('the value of age', () => {
  test('falls from 1 to a half in 30 days, and is nothing after', () => {
    expect(timeScalar(0)).toBe(1)
    expect(timeScalar(15 * day)).toBe(0.75)
    expect(timeScalar(30 * day)).toBe(0.5)
    expect(timeScalar(30 * day + 1)).toBe(0)
    expect(timeScalar(-day)).toBe(1)
  })
})

import { describe, expect, test } from 'vitest'
import { timeBucketOf } from '#schemas/data-universe.ts'
import { indexPart, nextIndexStanding, scorableBytes, timeValue, unitValue } from './index-channel.ts'
import { answered, coverageFactor, nextCoverage, onDemandPart, speed, volume } from './on-demand-channel.ts'
import { effectiveBytes, nextStoreStanding, storeBoost } from './store-channel.ts'

const now = Date.UTC(2026, 0, 10, 12, 30)
const hoursAgo = (hours: number): number => timeBucketOf(now) - hours
const undated = { post_start_datetime: null, post_end_datetime: null }

describe('the index channel', () => {
  test.each([
    [0, 1],
    [-5, 1],
    [360, 0.75],
    [720, 0.5],
    [721, 0],
  ])('a bucket of %i hours ago is worth %f', (hours, value) => expect(timeValue(undated, hoursAgo(hours), now)).toBe(value))

  test('a job with dates counts whole in each hour that its dates touch, and not at all outside', () => {
    const dates = { post_start_datetime: '2025-11-01T05:30:00Z', post_end_datetime: '2025-11-01T07:00:00Z' }
    const hour = timeBucketOf(Date.UTC(2025, 10, 1, 5))
    expect([-1, 0, 1, 2, 3].map((more) => timeValue(dates, hour + more, now))).toEqual([0, 1, 1, 1, 0])
    expect(timeValue({ ...dates, post_end_datetime: null }, hour + 3, now)).toBe(1)
    expect(timeValue({ ...dates, post_start_datetime: null }, hour - 9, now)).toBe(1)
  })

  test('weighs by the job, and what is not listed by 0.0001', () => {
    expect(unitValue({ id: 'a', weight: 3, params: undated }, hoursAgo(360), now)).toBeCloseTo(2.25, 12)
    expect(unitValue(undefined, hoursAgo(0), now)).toBe(0.0001)
  })

  test('own² ÷ all bytes of the bucket', () => {
    expect(scorableBytes(300, 400)).toBe(225)
    expect(scorableBytes(100, 100)).toBe(100)
    expect(scorableBytes(0, 0)).toBe(0)
  })

  test('credibility goes 0.15 of the way to what passed, after growth took its share', () => {
    expect(nextIndexStanding({ credibility: 0, raw: 0 }, 100, 1)).toEqual({ credibility: 0.15, raw: 100 })
    expect(nextIndexStanding({ credibility: 0.5, raw: 100 }, 100, 0.6).credibility).toBeCloseTo(0.515, 12)
    // 0.8 × (100 ÷ 3200)^0.4 = 0.8 × 0.25 = 0.2; 0.15 + 0.85 × 0.2
    expect(nextIndexStanding({ credibility: 0.8, raw: 100 }, 3200, 1).credibility).toBeCloseTo(0.32, 12)
    expect(nextIndexStanding({ credibility: 0.8, raw: 3200 }, 100, 1).credibility).toBeCloseTo(0.83, 12)
  })

  test('the part is raw × 0.05 × credibility^2.5', () => expect(indexPart({ raw: 6400, credibility: 0.25 })).toBeCloseTo(10, 12))
})

describe('the store channel', () => {
  test('rows count up to max_rows as 300 bytes each, by the square of the coverage and what can be read', () => {
    const jobs = [
      { rows: 1000, maxRows: undefined },
      { rows: 700, maxRows: 500 },
      { rows: 0, maxRows: undefined },
    ]
    expect(effectiveBytes({ jobs, expectedJobs: 4, decodeRatio: 1 })).toBe(1500 * 300 * 0.25)
    expect(effectiveBytes({ jobs, expectedJobs: 2, decodeRatio: 0.5 })).toBe(1500 * 300 * 0.5)
    expect(effectiveBytes({ jobs, expectedJobs: 1, decodeRatio: 1 })).toBe(1500 * 300)
    expect(effectiveBytes({ jobs: [], expectedJobs: 0, decodeRatio: 1 })).toBe(0)
  })

  test('a pass moves credibility 0.30 of the way to 1, a failure takes 0.30 of it and keeps the bytes', () => {
    const old = { credibility: 0.1, effectiveBytes: 0 }
    const passed = nextStoreStanding(old, { passed: true, bytes: 1000, passRate: 0.8 })
    expect(passed).toEqual({ credibility: expect.closeTo(0.37, 12), effectiveBytes: 1000 })
    expect(nextStoreStanding(passed, { passed: true, bytes: 2000 })).toEqual({ credibility: expect.closeTo(0.559, 12), effectiveBytes: 2000 })
    expect(nextStoreStanding(passed, { passed: false, bytes: 9 })).toEqual({ credibility: expect.closeTo(0.259, 12), effectiveBytes: 1000 })
  })

  test('by the former rule towards the share that passed, after growth took its share', () => {
    const old = { credibility: 0.37, effectiveBytes: 1000 }
    const next = (bytes: number, passRate?: number) => nextStoreStanding(old, { passed: true, bytes, passRate }, 'target_pass_rate').credibility
    expect(next(1000, 0.8)).toBeCloseTo(0.3 * 0.8 + 0.7 * 0.37, 12)
    expect(next(1000)).toBeCloseTo(0.3 + 0.7 * 0.37, 12)
    expect(next(2000, 1)).toBeCloseTo(0.3 + 0.7 * 0.37 * 0.5 ** 0.4, 12)
    expect(next(500, 1)).toBeCloseTo(0.3 + 0.7 * 0.37, 12)
    expect(nextStoreStanding({ ...old, effectiveBytes: 0 }, { passed: true, bytes: 9, passRate: 1 }, 'target_pass_rate').credibility).toBeCloseTo(0.559, 12)
  })

  test('the boost is own² ÷ all', () => {
    expect([100, 50, 50].map((bytes) => storeBoost(bytes, 200))).toEqual([50, 12.5, 12.5])
    expect(storeBoost(0, 0)).toBe(0)
  })
})

describe('the on-demand channel', () => {
  test.each([
    [-5, 1],
    [0, 1],
    [30, 1],
    [75, 0.5],
    [108.1657, 0.3],
    [120, 0.3],
  ])('an answer after %f s counts %f', (seconds, value) => expect(speed(seconds)).toBeCloseTo(value, 4))

  test.each([
    [0, 100, 0],
    [-5, 100, 0],
    [10, 100, 0.0501],
    [50, 100, 0.4061],
    [100, 100, 1],
    [150, 100, 1.0608],
    [200, 100, 1.104],
    [1000, 100, 1.25],
    [1000, null, 1],
    [100, 0, 0.668],
    [0, null, 0],
    [100_000, null, 1.5],
  ])('%i rows of %s count %f', (rows, limit, value) => expect(volume(rows, limit)).toBeCloseTo(value, 4))

  const start = { credibility: 0.5, boost: 0, coverage: 1 }
  const answer = { state: 'judged' as const, passed: true, rows: 100, limit: 100, ms: 75_000 }

  test('a good answer moves the boost 0.3 of the way to 100 million × speed × volume, and credibility 0.02 of the way to 1', () => {
    const good = answered(start, answer)
    expect(good).toEqual({ credibility: expect.closeTo(0.51, 12), boost: expect.closeTo(15_000_000, 3), coverage: 1 })
    expect(answered(good, { ...answer, ms: 0 }).boost).toBeCloseTo(40_500_000, 3)
    expect(onDemandPart({ ...good, coverage: 0.65 })).toBeCloseTo(15_000_000 * 0.51 * 0.65, 3)
  })

  test('a bad one takes 0.3 of the boost and 0.05; one that was not looked at lifts credibility half as far; our own trouble and what never came do nothing', () => {
    const good = { credibility: 0.51, boost: 15_000_000, coverage: 1 }
    expect(answered(good, { ...answer, passed: false })).toEqual({ credibility: expect.closeTo(0.46, 12), boost: expect.closeTo(10_500_000, 3), coverage: 1 })
    expect(answered({ ...good, credibility: 0.03 }, { ...answer, passed: false }).credibility).toBe(0)
    expect(answered(good, { ...answer, state: 'unsampled', passed: null })).toEqual({ ...good, credibility: expect.closeTo(0.5149, 12) })
    for (const other of [{ passed: null }, { state: 'refused' as const, passed: null }]) expect(answered(good, { ...answer, ...other })).toEqual(good)
    // There was nothing to be found, and nothing was sent.
    expect(answered(good, { ...answer, rows: 0 })).toEqual({ credibility: expect.closeTo(0.5198, 12), boost: expect.closeTo(10_500_000, 3), coverage: 1 })
  })

  test.each([
    ['what was answered in part', [[100, 15]], 1],
    ['less than 15 %', [[100, 10]], 0.1 / 0.15],
    ['one in a hundred', [[100, 1]], 0.3],
    ['few jobs', [[19, 1]], 1],
    ['none of three', [[3, 0]], 0.3],
    ['none of two', [[2, 0]], 1],
    [
      'no platform',
      [
        [85, 0],
        [4, 0],
      ],
      0.09,
    ],
    [
      'one of two platforms',
      [
        [85, 20],
        [4, 0],
      ],
      0.3,
    ],
    ['none of three, whose uploads failed', [[3, 0, 3]], 1],
    ['none of twenty, whose uploads failed', [[20, 0, 20]], 0.3],
    // Only a thousand answers are asked for: half of them is enough.
    ['600 of 8,000', [[8000, 600]], 1],
  ])('coverage of %s', (_, platforms, factor) =>
    expect(
      coverageFactor(platforms.map(([doable = 0, delivered = 0, promised = delivered], n) => ({ platform: String(n), doable, promised, delivered }))),
    ).toBeCloseTo(factor, 12),
  )

  test('coverage falls half-way each time and rises at once', () => {
    expect(nextCoverage(1, 0.3)).toBeCloseTo(0.65, 12)
    expect(nextCoverage(0.65, 0.3)).toBeCloseTo(0.475, 12)
    expect(nextCoverage(0.475, 1)).toBe(1)
  })
})

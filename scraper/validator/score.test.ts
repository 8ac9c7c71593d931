import { describe, expect, test } from 'vitest'
import { testJob } from '#test/adversary/subnet.ts'
import { timeBucketOf } from '#schemas/data-universe.ts'
import { nextCredibility, rawScores, scoreOf } from './score.ts'

const hour = 3_600_000
const now = Date.UTC(2026, 0, 10)
const job = testJob('example', ['https://*.example/*'], 2)
const bucket = (bytes: number, ageHours: number, jobId = job.id) => ({ jobId, hour: timeBucketOf(now - ageHours * hour), label: 'example', bytes })

describe('rawScores', () => {
  test('is weight × time × own² ÷ all bytes of the bucket', () => {
    const raws = rawScores(
      [
        { hotkey: 'a', buckets: [bucket(300, 0), bucket(100, 360)] },
        { hotkey: 'b', buckets: [bucket(60, 0), bucket(40, 0)] },
      ],
      [job],
      now,
    )
    expect(raws.get('a')).toBeCloseTo(2 * 1 * (300 ** 2 / 400) + 2 * 0.75 * 100, 9)
    expect(raws.get('b')).toBeCloseTo(2 * 1 * (100 ** 2 / 400), 9)
  })

  test('gives nothing for what is older than 30 days, and next to nothing for a job that is not listed', () => {
    expect(rawScores([{ hotkey: 'a', buckets: [bucket(100, 721)] }], [job], now).get('a')).toBe(0)
    expect(rawScores([{ hotkey: 'a', buckets: [bucket(100, 0, 'other')] }], [job], now).get('a')).toBeCloseTo(0.01, 9)
  })

  test('counts a job with dates fully inside them and not at all outside', () => {
    const dated = {
      ...job,
      params: { ...job.params, post_start_datetime: new Date(now - 2000 * hour).toISOString(), post_end_datetime: new Date(now - 1000 * hour).toISOString() },
    }
    expect(rawScores([{ hotkey: 'a', buckets: [bucket(100, 1500), bucket(100, 5)] }], [dated], now).get('a')).toBeCloseTo(200, 9)
  })
})

describe('nextCredibility', () => {
  test('starts from 0 and moves 0.15 of the way', () => {
    expect(nextCredibility({ credibility: 0, raw: 0 }, 100, 1)).toBeCloseTo(0.15, 9)
    expect(nextCredibility({ credibility: 0.5, raw: 100 }, 100, 0)).toBeCloseTo(0.425, 9)
  })

  test('falls with a sudden growth so that the score does not jump', () => {
    const credibility = nextCredibility({ credibility: 0.8, raw: 100 }, 1000, 0.8)
    expect(credibility).toBeCloseTo(0.15 * 0.8 + 0.85 * 0.8 * 0.1 ** 0.4, 9)
    expect(scoreOf({ raw: 1000, credibility })).toBeLessThan(10 * scoreOf({ raw: 100, credibility: 0.8 }))
  })
})

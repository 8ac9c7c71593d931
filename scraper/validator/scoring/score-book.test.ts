import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { timeBucketOf } from '#schemas/data-universe.ts'
import type { EarnedBucket } from '../row-book/row-book.ts'
import { openScoreBook, type ScoreBook } from './score-book.ts'

const now = Date.UTC(2026, 0, 10)
const hour = timeBucketOf(now)
const undated = { post_start_datetime: null, post_end_datetime: null }
const jobs = [
  { id: 'plain', weight: 1, params: undated },
  { id: 'dear', weight: 5, params: undated },
]
const bucket = (bytes: number, jobId = 'plain', at = hour, label = 'news'): EarnedBucket => ({ jobId, hour: at, label, rows: Math.ceil(bytes / 100), bytes })

let dir: string
let book: ScoreBook & AsyncDisposable
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'orrery-book-'))
  book = openScoreBook(join(dir, 'scoring.sqlite'))
})
afterEach(async () => {
  await book[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true })
})

async function earn(hotkey: string, buckets: readonly EarnedBucket[], outcome = '{}'): Promise<void> {
  await book.stage(hotkey, buckets)
  await book.finish(hotkey, { outcome, earned: 'staged', at: now })
}
const raw = async (hotkey: string): Promise<number> => (await book.worth(hotkey, jobs, now)).raw

test('a bucket is shared by the square of own bytes, whichever of its miners came first', async () => {
  await earn('a', [bucket(300), bucket(100, 'plain', hour - 360)])
  expect(await raw('a')).toBeCloseTo(300 + 75, 9)
  await earn('b', [bucket(100)])
  expect(await raw('a')).toBeCloseTo(225 + 75, 9)
  expect(await raw('b')).toBeCloseTo(25, 9)
})

test('each row is weighed by its own job: one of a dear job lends its weight to no other', async () => {
  await earn('a', [bucket(900), bucket(100, 'dear'), bucket(1000, 'unlisted', hour, 'other')])
  expect(await book.worth('a', jobs, now)).toEqual({
    raw: expect.closeTo(900 + 5 * 100 + 0.1, 9),
    jobs: [
      { jobId: 'dear', rows: 1 },
      { jobId: 'plain', rows: 9 },
      { jobId: 'unlisted', rows: 10 },
    ],
  })
  await earn('b', [bucket(1000)])
  // Half of the bucket is another's: 1000² ÷ 2000 = 500, of which a tenth is of the dear job.
  expect(await raw('a')).toBeCloseTo(450 + 5 * 50 + 0.1, 9)
})

test('what a miner has now takes the place of what it had, and what failed takes nothing from others', async () => {
  await earn('a', [bucket(100), bucket(50, 'dear')])
  await earn('b', [bucket(100), bucket(40, 'plain', hour - 1)])
  await earn('b', [bucket(150), bucket(10, 'plain', hour - 2)])
  expect(await raw('a')).toBeCloseTo((150 * (100 + 5 * 50)) / 300, 9)
  expect((await book.worth('b', jobs, now)).jobs).toEqual([{ jobId: 'plain', rows: 3 }])
  await book.finish('b', { outcome: '{}', earned: 'kept', at: now })
  expect(await raw('b')).toBeGreaterThan(75)
  await book.finish('b', { outcome: '{}', earned: 'nothing', at: now })
  expect([await raw('a'), await raw('b')]).toEqual([350, 0])
})

test('is the same after 300 random changes as when it is filled anew', async () => {
  let seed = 7
  const random = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n
  const last = new Map<string, EarnedBucket[]>()
  for (let change = 0; change < 300; change++) {
    const hotkey = `m${random(5)}`
    const buckets = new Map<string, EarnedBucket>()
    for (let n = random(6); n > 0; n--) {
      const each = bucket(1 + random(1000), ['plain', 'dear'][random(2)], hour - random(3), ['x', 'y'][random(2)])
      buckets.set(`${each.hour} ${each.label} ${each.jobId}`, each)
    }
    last.set(hotkey, [...buckets.values()])
    await earn(hotkey, [...buckets.values()])
  }
  await using fresh = openScoreBook(join(dir, 'fresh.sqlite'))
  for (const [hotkey, buckets] of last) {
    await fresh.stage(hotkey, buckets)
    await fresh.finish(hotkey, { outcome: '{}', earned: 'staged', at: now })
  }
  for (const hotkey of last.keys()) expect(await book.worth(hotkey, jobs, now)).toEqual(await fresh.worth(hotkey, jobs, now))
})

test('a bucket over the edge of a portion is one bucket', async () => {
  const labels = Array.from({ length: 10_050 }, (_, n) => String(n).padStart(5, '0'))
  await earn('a', [...labels.map((label) => bucket(100, 'plain', hour, label)), ...labels.map((label) => bucket(100, 'dear', hour, label))])
  await earn(
    'b',
    labels.map((label) => bucket(200, 'plain', hour, label)),
  )
  expect(await raw('a')).toBeCloseTo(10_050 * (50 + 250), 3)
})

test('a cycle that was cut off goes on with what it had found, and what was staged alone is nothing', async () => {
  await book.begin({ number: 4, block: 77 })
  await earn('a', [bucket(100)], '{"state":"passed"}')
  await book.stage('b', [bucket(100)])
  await book[Symbol.asyncDispose]()
  book = openScoreBook(join(dir, 'scoring.sqlite'))
  expect(await book.running()).toEqual({ round: { number: 4, block: 77 }, outcomes: [{ hotkey: 'a', outcome: '{"state":"passed"}' }] })
  await book.unstage('b')
  await book.finish('b', { outcome: '{}', earned: 'staged', at: now + 1 })
  expect([await raw('a'), await raw('b')]).toEqual([100, 0])
  expect(await book.evaluated()).toEqual([
    { hotkey: 'a', at: now },
    { hotkey: 'b', at: now + 1 },
  ])
  await book.end()
  expect(await book.running()).toBeUndefined()
})

test('forgets who is no miner any more', async () => {
  await earn('a', [bucket(100)])
  await earn('b', [bucket(100)])
  await book.keep(['a'])
  expect([await raw('a'), (await book.evaluated()).map(({ hotkey }) => hotkey)]).toEqual([100, ['a']])
})

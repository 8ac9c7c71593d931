import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { onDemandLimits as limits, OnDemandWish } from '#schemas/on-demand.ts'
import { anna, onDemandSuite, wishOf } from '#test/conformance/on-demand.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { sqliteOnDemandJobs } from './sqlite.ts'

const module = new URL('sqlite.ts', import.meta.url).href

describe('sqliteOnDemandJobs', () => {
  onDemandSuite(async () => ({ module, factory: 'sqliteOnDemandJobs', args: [join(await temporaryFolder(), 'on-demand.sqlite')] }))

  test('of ten thousand that run at once a miner is told a thousand, and one more must wait', async () => {
    const { jobs, clock } = await filled(limits.runningMax, 120_000)
    await using _ = jobs
    await expect(jobs.create(wishOf())).rejects.toMatchObject({ code: 'rate_limited' })
    expect(await jobs.active(0)).toHaveLength(limits.activeMax)
    clock.advance(120_000)
    expect(await jobs.create(wishOf())).toBeDefined()
  })

  test('a job of a time that nobody can read, as an earlier version took it in, keeps nobody from the others', async () => {
    const path = join(await temporaryFolder(), 'on-demand.sqlite')
    const clock = manualClock()
    const before = sqliteOnDemandJobs(path, { clock })
    const [one, other] = [await before.create(wishOf()), await before.create(wishOf())]
    await before.promise(one.id, anna)
    await before[Symbol.asyncDispose]()
    const raw = new DatabaseSync(path)
    raw.prepare(`update jobs set job = json_set(job, '$.start_date', '+010000-01-01T11:59:59.000Z') where id = ?`).run(one.id)
    raw.close()
    await using jobs = sqliteOnDemandJobs(path, { clock })
    expect((await jobs.active(0)).map(({ id }) => id)).toEqual([other.id])
    expect(await jobs.get(one.id)).toBeUndefined()
  })

  test('what is over for long goes, and where there are too many the oldest that are over', async () => {
    const { jobs, clock, raw } = await filled(limits.keptMax, 1)
    await using _ = jobs
    const count = (table: string) => (raw.prepare(`select count(*) as n from ${table}`).get() as { n: number }).n
    clock.advance(10)
    await jobs.create(wishOf())
    expect([count('jobs'), count('submissions')]).toEqual([limits.keptMax, limits.keptMax - 1])
    clock.advance(limits.keptMs)
    await jobs.create(wishOf())
    expect([count('jobs'), count('submissions')]).toEqual([limits.keptMax - 99, limits.keptMax - 101])
  })
})

/** So many jobs with one submission each. */
async function filled(n: number, lifeMs: number) {
  const path = join(await temporaryFolder(), 'on-demand.sqlite')
  const clock = manualClock()
  const jobs = sqliteOnDemandJobs(path, { clock })
  const one = await jobs.create(wishOf())
  await jobs.promise(one.id, anna)
  const raw = new DatabaseSync(path)
  raw.exec(`with recursive n(i) as (select 2 union all select i + 1 from n where i < ${n})
    insert into jobs select 'x' || i, created_at, ${clock.now() + lifeMs}, platform, job from n, jobs where id = '${one.id}'`)
  raw.exec(`update jobs set expire_at = ${clock.now() + lifeMs}`)
  raw.exec(`insert into submissions select id, '${anna}', 1, null, null, null from jobs where id <> '${one.id}'`)
  return { jobs, clock, raw }
}

describe('what a client may wish', () => {
  test.each([
    ['a time of another zone', { start_date: '2026-01-01T02:00:00+02:00' }, '2026-01-01T00:00:00.000Z'],
    ['a time without a zone, as Python writes it', { start_date: '2026-01-01T00:00:00.123456' }, '2026-01-01T00:00:00.123Z'],
  ])('%s', (_, given, start) => expect(wishOf(given).start_date).toBe(start))

  test('what it leaves out is what the API of Data Universe makes of it', () => {
    const nulls = { job: { platform: 'reddit', subreddit: 'r/x', usernames: null, keywords: null }, start_date: null, limit: null, keyword_mode: null }
    expect(wishOf(nulls)).toMatchObject({ limit: 100, keyword_mode: 'any', expire_at: null, job: { usernames: [], keywords: [] } })
    expect(wishOf({ id: 'mine', created_at: '2020-01-01T00:00:00Z' })).not.toHaveProperty('id')
  })

  test.each([
    { job: { platform: 'youtube', channels: ['a'] } },
    { job: { platform: 'web' } },
    { job: { platform: 'web', usernames: ['a'], keywords: ['b'] } },
    { job: { platform: 'web', url: 'file:///etc/passwd' } },
    { job: { platform: 'web', keywords: Array.from({ length: 11 }, () => 'a') } },
    { job: { platform: 'x', usernames: Array.from({ length: 11 }, () => 'a') } },
    { job: { platform: 'web', keywords: ['a'.repeat(141)] } },
    { job: { platform: 'web', keywords: ['\ud800'] } },
    { job: { platform: 'web', keywords: ['a\0b'] } },
    { job: { platform: 'reddit', subreddit: 'bitcoin' } },
    { limit: 0 },
    { limit: 1001 },
    { limit: 1.5 },
    { keyword_mode: 'none' },
    { start_date: '2026-01-02T00:00:00Z', end_date: '2026-01-01T00:00:00Z' },
    { expire_at: 'soon' },
    { start_date: '9999999-01-01T00:00:00Z' },
    { start_date: '9999-12-31T23:59:59-12:00' },
    { expire_at: '0000-01-01T00:00:00+12:00' },
    { job: { platform: 'web', keywords: [' '] } },
  ])('%j is refused', (given) => {
    expect(OnDemandWish.safeParse({ job: { platform: 'web', keywords: ['tao'] }, ...given }).success).toBe(false)
  })
})

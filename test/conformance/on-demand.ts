import { expect, test } from 'vitest'
import { onDemandLimits as limits, OnDemandWish, type OnDemandJobs } from '#schemas/on-demand.ts'
import { manualClock, type ManualClock } from '#test/manual-clock.ts'
import { killAfter, killMoments } from './child.ts'
import { openPlace, type Place } from './place.ts'

type Open = OnDemandJobs & AsyncDisposable
export const [anna, bert] = ['5Anna', '5Bert'] as const
export const wishOf = (given: object = {}): OnDemandWish => OnDemandWish.parse({ job: { platform: 'web', keywords: ['tao'] }, ...given })
const content = { bytes: 20, sha256: 'a'.repeat(64) }
const nobody = '00000000-0000-4000-8000-000000000000'

/** What every OnDemandJobs must do. `make` gives the place of an empty one. */
export function onDemandSuite(make: () => Promise<Place>): void {
  const open = async (): Promise<{ clock: ManualClock; jobs: Open; place: Place }> => {
    const [clock, place] = [manualClock(), await make()]
    return { clock, place, jobs: await openPlace<Open>(place, clock) }
  }

  test('a job is given back as it was asked for, runs until it expires, and is then for those who judge', async () => {
    const { clock, jobs, place } = await open()
    await using _ = jobs
    const wish = wishOf({
      job: { platform: 'x', usernames: ['@@tao', 'constructor'], keywords: ["'; drop table jobs; --", '__proto__'] },
      limit: 7,
      keyword_mode: 'all',
    })
    const job = await jobs.create(wish)
    expect(job).toMatchObject({ created_at: new Date(clock.now()).toISOString(), expire_at: new Date(clock.now() + 120_000).toISOString(), limit: 7 })
    expect(job.job.usernames).toEqual(['tao', 'constructor'])
    await using other = await openPlace<Open>(place, clock)
    expect(await other.get(job.id)).toEqual({ job, submissions: [] })
    expect(await other.active(clock.now())).toEqual([job])
    expect(await other.active(clock.now() + 1)).toEqual([])
    const window = { since: clock.now(), until: clock.now() + 3_600_000, limit: 10 }
    expect(await other.expired(window)).toEqual([])
    clock.advance(120_000)
    expect(await other.active(0)).toEqual([])
    expect(await other.expired(window)).toEqual([{ job, submissions: [] }])
    expect(await other.expired({ ...window, hotkey: anna })).toEqual([])
    expect(await other.get(nobody)).toBeUndefined()
  })

  test.each([
    [1, limits.lifeMsMin],
    [45_000, 45_000],
    [10 * limits.lifeMsMax, limits.lifeMsMax],
  ])('a job that shall end in %d ms ends in %d', async (wishedMs, lifeMs) => {
    const { clock, jobs } = await open()
    await using _ = jobs
    const job = await jobs.create(wishOf({ expire_at: new Date(clock.now() + wishedMs).toISOString() }))
    expect(Date.parse(job.expire_at) - clock.now()).toBe(lifeMs)
  })

  test('a hotkey promises once, in time; what it delivers is dated within the life of the job, and stays', async () => {
    const { clock, jobs } = await open()
    await using _ = jobs
    const job = await jobs.create(wishOf())
    await expect(jobs.promise(nobody, anna)).rejects.toMatchObject({ code: 'not_found' })
    await expect(jobs.deliver(job.id, anna, content)).rejects.toMatchObject({ code: 'not_found' })
    clock.advance(1000)
    expect(await jobs.promise(job.id, anna)).toEqual({ job, submission: { jobId: job.id, hotkey: anna, promisedAt: clock.now(), delivered: null } })
    clock.advance(1000)
    expect((await jobs.promise(job.id, anna)).submission.promisedAt).toBe(clock.now() - 1000)
    const delivered = { ...content, at: clock.now() }
    expect((await jobs.deliver(job.id, anna, content)).delivered).toEqual(delivered)
    await expect(jobs.promise(job.id, anna)).rejects.toMatchObject({ code: 'already_exists' })
    clock.advance(1000)
    expect((await jobs.deliver(job.id, anna, { bytes: 1, sha256: 'b'.repeat(64) })).delivered).toEqual(delivered)
    await jobs.promise(job.id, bert)
    clock.advance(120_000 - 3000 - limits.promiseMsLast)
    await expect(jobs.promise(job.id, '5Late')).rejects.toMatchObject({ code: 'precondition_failed' })
    clock.advance(3_600_000)
    expect((await jobs.deliver(job.id, bert, content)).delivered?.at).toBe(Date.parse(job.expire_at))
    const all = { since: 0, until: clock.now(), limit: 10 }
    expect((await jobs.expired({ ...all, hotkey: anna })).map(({ submissions }) => submissions.map(({ hotkey }) => hotkey))).toEqual([[anna]])
    expect((await jobs.expired(all))[0]?.submissions.map(({ hotkey }) => hotkey)).toEqual([anna, bert])
  })

  test('jobs that expire in the same moment are given out one page after the other', async () => {
    const { clock, jobs } = await open()
    await using _ = jobs
    const made = []
    for (let n = 0; n < 7; n++) made.push((await jobs.create(wishOf())).id)
    clock.advance(120_000)
    const seen: string[] = []
    const wish = { since: clock.now(), until: clock.now() + 1, limit: 3 }
    for (let page = await jobs.expired(wish); page.length > 0; page = await jobs.expired({ ...wish, afterId: seen.at(-1) }))
      for (const { job } of page) seen.push(job.id)
    expect(seen).toEqual(made.toSorted())
  })

  test('a hotkey that promises in two processes at the same moment has promised once', async () => {
    const { jobs, place, clock } = await open()
    await using _ = jobs
    await using other = await openPlace<Open>(place, clock)
    const job = await jobs.create(wishOf())
    await Promise.all(Array.from({ length: 10 }, (_each, n) => (n % 2 === 0 ? jobs : other).promise(job.id, anna)))
    expect((await jobs.get(job.id))?.submissions).toHaveLength(1)
  })

  test('a job is doable by platform where enough miners delivered something', async () => {
    const { clock, jobs } = await open()
    await using _ = jobs
    const give = async (wish: OnDemandWish, hotkeys: readonly string[], bytes: number) => {
      const { id } = await jobs.create(wish)
      for (const hotkey of hotkeys) await jobs.promise(id, hotkey)
      for (const hotkey of hotkeys) if (bytes >= 0) await jobs.deliver(id, hotkey, { ...content, bytes })
    }
    const reddit = wishOf({ job: { platform: 'reddit', subreddit: 'r/bitcoin' } })
    await give(wishOf(), [anna, bert], 5)
    await give(wishOf(), [anna], 5)
    await give(reddit, [anna, bert], 0)
    await give(reddit, [anna, bert], -1)
    const window = { since: clock.now(), until: clock.now() + 200_000, minSubmitters: 2 }
    expect(await jobs.stats(window)).toEqual([])
    clock.advance(120_000)
    expect(await jobs.stats(window)).toEqual([
      { platform: 'reddit', total_jobs: 2, doable_jobs: 0 },
      { platform: 'web', total_jobs: 2, doable_jobs: 1 },
    ])
  })

  test('a clock that goes back serves no job of the future, and dates nothing before its job', async () => {
    const place = await make()
    await using stack = new AsyncDisposableStack()
    const [before, jobs] = (await Promise.all(
      [Date.UTC(2026, 5, 1), Date.UTC(2026, 0, 1)].map(async (at) => stack.use(await openPlace<Open>(place, manualClock(at)))),
    )) as [Open, Open]
    const job = await before.create(wishOf())
    expect(await jobs.active(0)).toEqual([])
    await jobs.promise(job.id, anna)
    expect((await jobs.deliver(job.id, anna, content)).delivered?.at).toBe(Date.parse(job.created_at))
  })

  test('has every acknowledged job, promise and delivery after kill -9', async () => {
    const place = await make()
    for (const moment of killMoments(7, 3, 20)) {
      const said = await killAfter<{ id: string; at: number }>(moment, { program: 'on-demand', job: 'serve', place })
      await using jobs = await openPlace<Open>(place, manualClock(Date.now()))
      for (const { id, at } of said) expect((await jobs.get(id))?.submissions).toMatchObject([{ hotkey: anna, delivered: { at } }])
    }
  })
}

import { describe, expect, test } from 'vitest'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import type { Target } from '#schemas/frontier.ts'
import { linkedUrl } from '#schemas/identity/canonical-url.ts'
import { manualClock } from '#test/manual-clock.ts'
import { compileJobs } from '../jobs/jobs.ts'
import { noFinds, type FoundUrl } from '../source/found.ts'
import { openExperience } from './experience.ts'
import { targetsOf } from './targets.ts'

/** A session as hosts draw them. */
const drawn = '0f3a9b7c5d1e4f6a8b2c0d9e7f1a3b5c'
const at = (path: string) => `http://h.example${path}`
const page = (depth: number, url = at('/')): Pick<Target, 'url' | 'kind' | 'depth'> => ({ url, kind: 'page', depth })

const linked = (path: string, modifiedAt?: number): FoundUrl => ({
  url: at(path),
  asked: `${at(path)}?utm_source=x`,
  ...(modifiedAt !== undefined && { modifiedAt }),
})

function open(web: Partial<DesirabilityJob['web']> = {}, depthMax?: number) {
  const params = { keyword: null, platform: 'web', label: 'all', post_start_datetime: null, post_end_datetime: null } as const
  const jobs = compileJobs([{ id: 'all', weight: 1, params, web: { seeds: [], include: ['http://h.example/*'], ...web } }])
  const pace = manualClock()
  const experience = openExperience({ pace })
  const targets = targetsOf({ ...experience, jobs, isOurs: () => true, now: pace.now, ...(depthMax !== undefined && { depthMax }) })
  const found = (pages: readonly FoundUrl[], from: Pick<Target, 'url' | 'kind' | 'depth'> = page(0)) => {
    const wanted = targets.found({ ...noFinds, pages }, from)
    return { taken: wanted.targets.map(({ url, asked }) => (asked === undefined ? [url] : [url, asked])), trapped: wanted.trapped }
  }
  return { experience, targets, found }
}

describe('what is asked is what was linked', () => {
  test('of pages, lists and what they list, with a date or without', () => {
    const { targets } = open()
    const found = { pages: [linked('/a'), linked('/b', 1), linked('/c', Infinity)], sitemaps: [linked('/map.xml')], feeds: [linked('/feed')] }
    for (const kind of ['sitemap', 'page'] as const) {
      targets.forget()
      const { targets: wanted } = targets.found(found, { url: at('/list'), kind })
      expect(wanted.map(({ asked }) => asked)).toEqual(wanted.map(({ url }) => `${url}?utm_source=x`))
      expect(wanted).toHaveLength(5)
    }
  })

  test('a session is no other page: it is asked for with it, and known without', () => {
    const { found } = open()
    const linkedAs = (path: string): FoundUrl => linkedUrl(at(path)) ?? { url: '' }
    const [first, second] = [linkedAs(`/a?sid=${drawn}`), linkedAs(`/a?sid=${drawn.toUpperCase()}`)]
    expect(found([first])).toEqual({ taken: [[at('/a'), at(`/a?sid=${drawn}`)]], trapped: [] })
    expect(found([first, second, { url: at('/a') }])).toEqual({ taken: [], trapped: [] })
    expect(found([linkedAs(`/b?x=1&sid=${drawn}`)]).taken).toEqual([[at('/b?x=1'), at(`/b?x=1&sid=${drawn}`)]])
  })
})

describe('what is left is told once, with its reason', () => {
  test('what lies too deep for its source, or for all; nearer it is taken', () => {
    for (const { found } of [open({ depth_max: 2 }), open({}, 2), open({ depth_max: 9 }, 2)]) {
      expect(found([{ url: at('/a') }], page(2))).toEqual({ taken: [], trapped: [{ url: at('/a'), reason: 'depth' }] })
      expect(found([{ url: at('/a') }], page(3))).toEqual({ taken: [], trapped: [] })
      expect(found([{ url: at('/a') }], page(1)).taken).toEqual([[at('/a')]])
    }
  })

  test('links to what had no news; not what a sitemap lists, and not once there are some', () => {
    const { found, experience } = open()
    for (let i = 0; i < 40; i++) experience.shapes.note(at(`/cal/${i}`), { text: 'none', led: [] })
    const days = Array.from({ length: 100 }, (_, i) => ({ url: at(`/cal/${100 + i}`) }))
    const { taken, trapped } = found(days)
    expect(taken.length).toBeLessThanOrEqual(2)
    expect(trapped.filter(({ reason }) => reason === 'trap_no_news').length).toBe(100 - taken.length)
    expect(found(days)).toEqual({ taken: [], trapped: [] })
    expect(found(days.slice(0, 50), { url: at('/map.xml'), kind: 'sitemap' }).taken).toHaveLength(50)
    experience.shapes.note(at('/cal/100'), { text: 'new', led: [] })
    expect(found(days.slice(50)).taken.length).toBe(50 - taken.filter(([url]) => days.slice(50).some((day) => day.url === url)).length)
  })

  test('a row without end, unless it has led to new texts', () => {
    const { found, experience } = open()
    const next = (n: number) => found([{ url: at(`/page/${n + 1}`) }], page(60, at(`/page/${n}`)))
    expect(next(60).trapped).toEqual([{ url: at('/page/61'), reason: 'trap_calendar' }])
    experience.shapes.note(at('/page/1'), { text: 'none', led: [at('/story')] })
    experience.shapes.note(at('/story'), { text: 'new', led: [] })
    expect(next(70).taken).toEqual([[at('/page/71')]])
  })
})

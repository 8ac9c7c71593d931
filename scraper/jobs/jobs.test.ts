import { describe, expect, test } from 'vitest'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import type { TargetKind } from '#schemas/frontier.ts'
import { requireContact } from '#infra/net/contact.ts'
import { createTraps } from '../discovery/traps.ts'
import { noFinds } from '../source/found.ts'
import { compileJobs } from './jobs.ts'
import { shareOf } from './share.ts'
import { targetsOf } from '../discovery/targets.ts'

const job = (id: string, include: string[], more: Partial<DesirabilityJob> = {}): DesirabilityJob => ({
  id,
  weight: 1,
  params: { keyword: null, platform: 'web', label: id, post_start_datetime: null, post_end_datetime: null },
  web: { seeds: [], include },
  ...more,
})

const check = (contact: string, seed: string) => () => requireContact(contact, [seed], (hostname) => hostname === 'own.test')

describe('jobs', () => {
  const jobs = compileJobs([
    job('readme', ['http://*.localhost/readme*']),
    job('one', ['http://one.localhost/*', 'https://one.example/docs/*']),
    job('all', ['http://*.localhost/*'], { weight: 2.5 }),
  ])

  test.each([
    ['http://one.localhost/readme.html', 'readme'],
    ['http://one.localhost/x', 'one'],
    ['http://two.localhost/x', 'all'],
    ['https://one.example/docs/x', 'one'],
    ['https://one.example/x', undefined],
  ])('%s belongs to the first job that takes it', (url, id) => expect(jobs.of(url)?.id).toBe(id))

  test('a pattern that is none takes nothing, and keeps nobody from the others', () => {
    const mixed = compileJobs([
      job('bad', ['http://h/(', 'http://one.localhost/good/*']),
      job('open', [], { web: { seeds: [], include: ['http://*.localhost/*'], exclude: ['http://(['] } }),
      job('all', ['http://*.localhost/*']),
    ])
    expect(['good/x', 'x'].map((path) => mixed.of(`http://one.localhost/${path}`)?.id)).toEqual(['bad', 'all'])
    expect(mixed.faults.map(({ job: id, pattern }) => [id, pattern])).toEqual([
      ['bad', 'http://h/('],
      ['open', 'http://(['],
    ])
  })

  test('targets say nothing of where they were found: seeds first, then sitemaps, then pages by weight', () => {
    const seeded = compileJobs([
      job('all', ['http://*.localhost/*'], {
        weight: 2.5,
        web: { seeds: ['http://a.localhost/sitemap.xml', 'http://a.localhost/sitemap-2.txt', 'http://a.localhost'], include: ['http://*.localhost/*'] },
      }),
    ])
    const targets = targetsOf({ jobs: seeded, isOurs: () => true, traps: createTraps(), now: () => 10 })
    expect(targets.seeds().map(({ url, kind }) => [url, kind])).toEqual([
      ['http://a.localhost/sitemap.xml', 'sitemap'],
      ['http://a.localhost/sitemap-2.txt', 'sitemap'],
      ['http://a.localhost/', 'page'],
    ])
    const found = {
      pages: [{ url: 'http://b.localhost/' }, { url: 'http://b.localhost/dated', modifiedAt: 7 }, { url: 'http://elsewhere.example/' }],
      sitemaps: [{ url: 'http://b.localhost/map.xml' }],
      feeds: [{ url: 'http://b.localhost/feed' }, { url: 'https://elsewhere.example/feed' }],
    }
    expect(targets.found(found, { url: 'http://a.localhost/sitemap.xml', kind: 'sitemap' }).targets).toEqual([
      { url: 'http://b.localhost/', kind: 'page', label: 'all', priority: expect.any(Number), depth: 0 },
      { url: 'http://b.localhost/dated', modifiedAt: 7, kind: 'page', label: 'all', priority: expect.any(Number), depth: 0 },
      { url: 'http://b.localhost/map.xml', kind: 'sitemap', label: 'all', priority: 2_000_000, depth: 1 },
      { url: 'http://b.localhost/feed', kind: 'feed', label: 'all', priority: 2_000_000 },
    ])
  })

  test('what was given once is given again only when it says more: a date, or a shorter way', () => {
    const all = compileJobs([job('all', ['http://*.localhost/*'])])
    const targets = targetsOf({ jobs: all, isOurs: () => true, traps: createTraps(), now: () => 5000 })
    const find = (depth: number, modifiedAt?: number) =>
      targets.found(
        { ...noFinds, pages: [{ url: 'http://b.localhost/x', ...(modifiedAt === undefined ? {} : { modifiedAt }) }] },
        { url: 'http://b.localhost/', kind: 'page', depth },
      ).targets.length
    expect([find(5), find(5), find(7), find(2), find(2), find(9, 1000), find(9, 2000)]).toEqual([1, 0, 0, 1, 0, 1, 1])
    // A date to come says nothing.
    expect(find(9, 6000)).toBe(0)
  })

  test('sitemaps that list sitemaps without end are left', () => {
    const all = compileJobs([job('all', ['http://*.localhost/*'])])
    const targets = targetsOf({ jobs: all, isOurs: () => true, traps: createTraps(), now: () => 0 })
    const listed = (depth: number) =>
      targets.found({ ...noFinds, sitemaps: [{ url: `http://b.localhost/${depth}.xml` }] }, { url: 'http://b.localhost/map.xml', kind: 'sitemap', depth })
        .targets
    expect([0, 1, 2, 3].map((depth) => listed(depth)[0]?.depth)).toEqual([1, 2, 3, undefined])
  })

  test('sitemaps may lie elsewhere: on other hosts of the site, and where a robots.txt names them', () => {
    const site = compileJobs([job('site', ['http://www.site.example/news/*'])])
    const from = (kind: TargetKind, urls: readonly string[]) => {
      const targets = targetsOf({ jobs: site, isOurs: () => true, traps: createTraps(), now: () => 0 })
      return targets.found({ ...noFinds, sitemaps: urls.map((url) => ({ url })) }, { url: 'http://www.site.example/', kind }).targets.map(({ url }) => url)
    }
    const own = ['http://site.example/1.xml', 'https://maps.site.example/2.xml', 'http://www.site.example/3.xml']
    expect(from('sitemap', [...own, 'http://other.example/4.xml'])).toEqual(own)
    const elsewhere = Array.from({ length: 30 }, (_, n) => `http://h${n}.cdn.example/map.xml`)
    expect(from('page', [...elsewhere, ...own])).toEqual([...elsewhere.slice(0, 20), ...own])
  })

  test('a calendar is left, and says so once', () => {
    const all = compileJobs([job('all', ['http://*.localhost/*'])])
    const targets = targetsOf({ jobs: all, isOurs: () => true, traps: createTraps(), now: () => 0 })
    const day = (n: number) =>
      targets.found({ ...noFinds, pages: [{ url: `http://b.localhost/cal/${n + 1}` }] }, { url: `http://b.localhost/cal/${n}`, kind: 'page', depth: n })
    expect(day(3)).toMatchObject({ targets: [{ depth: 4 }], trapped: [] })
    expect(day(40)).toEqual({ targets: [], trapped: [{ url: 'http://b.localhost/cal/41', reason: 'trap_calendar' }] })
    expect(day(40)).toEqual({ targets: [], trapped: [] })
  })
})

describe('shares', () => {
  test('are disjoint, together all, and about equal', () => {
    const parts = [1, 2, 3].map((part) => shareOf(`${part}/3`))
    const owners = Array.from({ length: 300 }, (_, i) => parts.flatMap((isOurs, part) => (isOurs(`http://h${i}.example/x`) ? [part] : [])))
    expect(owners.every((own) => own.length === 1)).toBe(true)
    for (const part of [0, 1, 2]) expect(owners.filter(([own]) => own === part).length).toBeGreaterThan(60)
  })
  test('a part beyond the whole is refused', () => expect(() => shareOf('3/2')).toThrow(expect.objectContaining({ code: 'invalid_config' })))
})

describe('a contact', () => {
  test.each(['http://own.test/', 'http://127.0.0.1:80/', 'http://[::1]/', 'http://localhost/', 'http://x.localhost/'])('is not needed for %s', (seed) =>
    expect(check('', seed)).not.toThrow(),
  )
  test.each(['https://example.org/', 'http://8.8.8.8/'])('is needed for %s', (seed) => {
    expect(check(' ', seed)).toThrow(expect.objectContaining({ code: 'invalid_config' }))
    expect(check('https://example.net/us', seed)).not.toThrow()
  })
})

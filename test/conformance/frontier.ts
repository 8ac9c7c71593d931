import fc from 'fast-check'
import { expect, test } from 'vitest'
import { manualClock, type ManualClock } from '#test/manual-clock.ts'
import { compareText } from '#schemas/compare-text.ts'
import type { Claim, Frontier, Target, Visit } from '#schemas/frontier.ts'
import { killAfter, killMoments, runChild } from './child.ts'
import { frontierOrderSuite } from './frontier-order.ts'
import { steps, walk } from './frontier-walk.ts'
import { openPlace, type Place } from './place.ts'
import { temporaryFolder } from './temporary-folder.ts'

type Open = Frontier & AsyncDisposable

const leaseMs = 60_000
const stored: Visit = { outcome: 'stored', hostDelayMs: 0 }
const page = (url: string, over: Partial<Target> = {}): Target => ({ url, kind: 'page', label: 'a', priority: 0, ...over })
const urlsOf = (claims: readonly Claim[]) => claims.map(({ url }) => url)
const inOrder = (claims: readonly Claim[]) => claims.toSorted((a, b) => compareText(a.url, b.url))
/** Of how many URLs nothing was known. */
const newIn = async (frontier: Frontier, targets: readonly Target[]): Promise<number> => (await frontier.add(targets)).added
const noStats = { waiting: 0, leased: 0, stored: 0, unchanged: 0, rejected: 0, failed: 0, lists: 0 }

const one = async (frontier: Frontier, labels?: string[]): Promise<Claim> => {
  const [claim] = await frontier.claim(labels ? { limit: 1, leaseMs, labels } : { limit: 1, leaseMs })
  if (!claim) throw new Error('nothing to claim')
  return claim
}

/** What every Frontier must do. `make` gives an empty place. */
export function frontierSuite(make: () => Promise<Place>): void {
  const open = async (): Promise<{ clock: ManualClock; frontier: Open; place: Place }> => {
    const [clock, place] = [manualClock(), await make()]
    return { clock, place, frontier: await openPlace<Open>(place, clock) }
  }

  frontierOrderSuite(open)

  test('knows a URL once: the first label stays, the priority rises and never falls', async () => {
    await using frontier = (await open()).frontier
    const [low, high] = [page('http://a.example/', { priority: 1 }), page('http://a.example/', { priority: 5, label: 'b' })]
    expect(await newIn(frontier, [low, low])).toBe(1)
    expect(await newIn(frontier, [high, page('http://b.example/', { priority: 3 })])).toBe(1)
    expect(await newIn(frontier, [low])).toBe(0)
    expect(inOrder(await frontier.claim({ limit: 9, leaseMs }))).toMatchObject([{ label: 'a', priority: 5 }, { priority: 3 }])
    expect(await frontier.stats()).toMatchObject({ known: 2, hosts: 2 })
  })

  test('asks a host once at a time; another port is another host', async () => {
    await using frontier = (await open()).frontier
    await frontier.add(['http://h.example/1', 'http://h.example/2', 'https://h.example/3', 'http://h.example:8080/4'].map((url, depth) => page(url, { depth })))
    const claims = await frontier.claim({ limit: 9, leaseMs })
    expect(urlsOf(claims).toSorted()).toEqual(['http://h.example/1', 'http://h.example:8080/4'])
    expect(await frontier.claim({ limit: 9, leaseMs })).toEqual([])
    await frontier.done(claims.find(({ url }) => url === 'http://h.example/1') as Claim, stored)
    expect(urlsOf(await frontier.claim({ limit: 9, leaseMs }))).toEqual(['http://h.example/2'])
  })

  test('a label may be a name that objects inherit', async () => {
    await using frontier = (await open()).frontier
    const labels = ['__proto__', 'constructor', 'toString']
    await frontier.add(labels.map((label, at) => ({ url: `http://h${at}.example/`, kind: 'page' as const, label, priority: 1 })))
    const stats = (await frontier.stats()).labels
    expect([...stats.keys()].toSorted()).toEqual(labels)
    for (const label of labels) expect(stats.get(label)).toEqual({ ...noStats, waiting: 1 })
    expect(stats.get('valueOf')).toBeUndefined()
    expect(await frontier.claim({ limit: 9, leaseMs, labels: ['__proto__'] })).toMatchObject([{ label: '__proto__' }])
  })

  test('lends a limited number, of wanted labels only', async () => {
    await using frontier = (await open()).frontier
    await frontier.add([
      page('http://a.example/', { priority: 9 }),
      page('http://b.example/', { label: 'b' }),
      page('http://c.example/', { label: 'c', priority: 1 }),
      page('http://s.example/sitemap.xml', { label: 'b', kind: 'sitemap' }),
    ])
    const first = await frontier.claim({ limit: 1, leaseMs, labels: ['b', 'c', 'c', 'unknown'] })
    const others = await frontier.claim({ limit: 9, leaseMs, labels: ['b', 'c'] })
    expect(first.length).toBe(1)
    expect(urlsOf([...first, ...others]).toSorted()).toEqual(['http://b.example/', 'http://c.example/', 'http://s.example/sitemap.xml'])
    expect(await frontier.claim({ limit: 9, leaseMs, labels: [] })).toEqual([])
    const stats = await frontier.stats()
    expect(stats).toMatchObject({ known: 4, ready: 1 })
    expect([stats.labels.get('a'), stats.labels.get('b')]).toMatchObject([{ ...noStats, waiting: 1 }, { leased: 1 }])
  })

  test('lets a host rest after a visit', async () => {
    const { clock, frontier: opened } = await open()
    await using frontier = opened
    await frontier.add([page('http://h.example/1'), page('http://h.example/2', { depth: 1 })])
    await frontier.done(await one(frontier), { ...stored, hostDelayMs: 500 })
    expect(await frontier.nextReadyAt()).toBe(clock.now() + 500)
    clock.advance(499)
    expect(await frontier.claim({ limit: 1, leaseMs })).toEqual([])
    clock.advance(1)
    expect(await frontier.nextReadyAt()).toBe(clock.now())
    expect(urlsOf(await frontier.claim({ limit: 1, leaseMs }))).toEqual(['http://h.example/2'])
  })

  test('tells what the last good visit left, and counts versions', async () => {
    const { clock, frontier: opened } = await open()
    await using frontier = opened
    await frontier.add([page('http://h.example/')])
    const seen: unknown[] = []
    const visit = async (visit: Omit<Visit, 'hostDelayMs'>) => {
      const claim = await one(frontier)
      seen.push([claim.attempt, claim.previous])
      await frontier.done(claim, { ...visit, hostDelayMs: 0, revisitAt: clock.now() })
    }
    await visit({ outcome: 'failed', reason: 'timeout', etag: 'no' })
    await visit({ outcome: 'stored', etag: '"1"', lastModified: 'Mon' })
    await visit({ outcome: 'unchanged' })
    await visit({ outcome: 'unchanged', etag: '"2"' })
    await visit({ outcome: 'rejected', reason: 'too_short', etag: 'no' })
    await visit({ outcome: 'stored', etag: undefined })
    await visit({ outcome: 'stored' })
    const first = { etag: '"1"', lastModified: 'Mon', version: 1 }
    const second = { ...first, etag: '"2"' }
    const none = { etag: undefined, lastModified: undefined, version: 2 }
    expect(seen).toEqual([undefined, undefined, first, first, second, second, none].map((previous) => [1, previous]))
    expect((await frontier.stats()).labels).toEqual(new Map([['a', { ...noStats, waiting: 1, stored: 3, unchanged: 2, rejected: 1, failed: 1 }]]))
  })

  test.each<[string, Visit]>([
    ['gone', { outcome: 'failed', reason: 'http_410', hostDelayMs: 0 }],
    ['kept from the index', { outcome: 'rejected', reason: 'noindex', hostDelayMs: 0, etag: '"2"' }],
    ['answered once more', { outcome: 'unchanged', hostDelayMs: 0, etag: '"2"', lastModified: 'Tue' }],
  ])('forgets the validators of a page that its owner took back (%s), and nothing else', async (_name, visit) => {
    const { clock, frontier: opened } = await open()
    await using frontier = opened
    await frontier.add([page('http://h.example/')])
    const next = async (visit: Visit) => frontier.done(await one(frontier), { ...visit, revisitAt: clock.now() })
    await next({ ...stored, etag: '"1"', lastModified: 'Mon', memory: 'm' })
    await next({ ...visit, isWithdrawn: true })
    expect((await frontier.peek(1))[0]?.previous).toEqual({ etag: undefined, lastModified: undefined, version: 1, memory: 'm' })
    await next({ ...visit, isWithdrawn: true, memory: 'n' })
    expect((await frontier.peek(1))[0]?.previous).toEqual({ etag: undefined, lastModified: undefined, version: 1, memory: 'n' })
    await next({ ...stored, etag: '"3"' })
    expect((await frontier.peek(1))[0]?.previous).toEqual({ etag: '"3"', lastModified: undefined, version: 2, memory: 'n' })
  })

  test('visits again when asked to, not before, and else never', async () => {
    const { clock, frontier: opened } = await open()
    await using frontier = opened
    await frontier.add([page('http://h.example/')])
    await frontier.done(await one(frontier), { ...stored, revisitAt: clock.now() + 1000 })
    expect(await frontier.nextReadyAt()).toBe(clock.now() + 1000)
    clock.advance(999)
    expect(await frontier.claim({ limit: 1, leaseMs })).toEqual([])
    clock.advance(1)
    await frontier.done(await one(frontier), stored)
    clock.advance(1e10)
    expect(await frontier.claim({ limit: 1, leaseMs })).toEqual([])
    expect(await frontier.nextReadyAt()).toBeUndefined()
    expect(await newIn(frontier, [page('http://h.example/')])).toBe(0)
  })

  test('puts a target off, alone or with its host, and counts the tries', async () => {
    const { clock, frontier: opened } = await open()
    await using frontier = opened
    await frontier.add([page('http://h.example/1', { priority: 1 }), page('http://h.example/2')])
    await frontier.defer(await one(frontier), { reason: 'timeout', until: clock.now() + 100, isTry: true, holdHost: false })
    const second = await one(frontier)
    expect(second).toMatchObject({ url: 'http://h.example/2', attempt: 1 })
    await frontier.defer(second, { reason: 'http_503', until: clock.now() + 300, holdHost: true })
    clock.advance(299)
    expect(await frontier.claim({ limit: 1, leaseMs })).toEqual([])
    clock.advance(1)
    expect(await one(frontier)).toMatchObject({ url: 'http://h.example/1', attempt: 2 })
  })

  test('counts as tries what failed and leases that ran out, not what was given back or gave its turn to another file of the host', async () => {
    const { clock, frontier: opened } = await open()
    await using frontier = opened
    await frontier.add([page('http://h.example/')])
    const attempts: number[] = []
    const next = async () => {
      const claim = await one(frontier)
      attempts.push(claim.attempt)
      return claim
    }
    const putOff = async (reason: string, isTry?: boolean) =>
      frontier.defer(await next(), { reason, until: clock.now(), holdHost: false, ...(isTry !== undefined && { isTry }) })
    await putOff('released')
    await putOff('asked_host', false)
    await putOff('timeout', true)
    await putOff('resting')
    const late = await next()
    clock.advance(leaseMs)
    // The try was over when its lease was: what comes of it later is no second one.
    await frontier.stats()
    await frontier.defer(late, { reason: 'timeout', until: clock.now(), isTry: true, holdHost: false })
    const unnoticed = await next()
    clock.advance(leaseMs)
    await frontier.defer(unnoticed, { reason: 'released', until: clock.now(), holdHost: false })
    expect(await frontier.peek(1)).toMatchObject([{ attempts: 3 }])
    await frontier.done(await next(), { outcome: 'failed', reason: 'timeout', hostDelayMs: 0, revisitAt: clock.now() })
    await next()
    expect(attempts).toEqual([1, 1, 1, 2, 2, 3, 4, 1])
  })

  test('shows what will be claimed next, and lends nothing', async () => {
    const { clock, frontier: opened } = await open()
    await using frontier = opened
    await frontier.add([page('http://b.example/'), page('http://h.example/1', { priority: 1 }), page('http://h.example/2'), page('http://r.example/')])
    const [resting] = await frontier.claim({ limit: 10, leaseMs }).then((claims) => claims.filter(({ url }) => url.includes('r.example')))
    clock.advance(leaseMs)
    if (resting) await frontier.defer(resting, { reason: 'http_503', until: clock.now() + 500, holdHost: true })
    const before = await frontier.stats()
    const seen = (await frontier.peek(10)).map(({ url, readyAt }) => [url, readyAt - clock.now()])
    expect(seen.toSorted()).toEqual([
      ['http://b.example/', 0],
      ['http://h.example/1', 0],
      ['http://r.example/', 500],
    ])
    expect(seen.at(-1)).toEqual(['http://r.example/', 500])
    expect(await frontier.peek(1)).toMatchObject([{ url: seen[0]?.[0], attempts: 1, previous: undefined }])
    expect(await frontier.stats()).toEqual(before)
    expect((await frontier.claim({ limit: 10, leaseMs })).map(({ url }) => url)).toEqual(seen.slice(0, 2).map(([url]) => url))
  })

  test('lets a host rest after a target was put off without holding it', async () => {
    const { clock, frontier: opened } = await open()
    await using frontier = opened
    await frontier.add([page('http://h.example/1', { priority: 1 }), page('http://h.example/2')])
    await frontier.defer(await one(frontier), { reason: 'http_500', until: clock.now() + 100, holdHost: false, hostDelayMs: 30 })
    clock.advance(29)
    expect(await frontier.claim({ limit: 1, leaseMs })).toEqual([])
    clock.advance(1)
    expect(await one(frontier)).toMatchObject({ url: 'http://h.example/2' })
  })

  test('takes a claim back when its lease ran out; the late crawler is told once another has it', async () => {
    const { clock, frontier: opened } = await open()
    await using frontier = opened
    await frontier.add([page('http://h.example/')])
    const late = await one(frontier)
    expect(late.expiresAt).toBe(clock.now() + leaseMs)
    clock.advance(leaseMs - 1)
    expect(await frontier.claim({ limit: 1, leaseMs })).toEqual([])
    clock.advance(1)
    expect((await frontier.stats()).labels).toEqual(new Map([['a', { ...noStats, waiting: 1 }]]))
    const next = await one(frontier)
    expect(next).toMatchObject({ url: late.url, attempt: 2 })
    await expect(frontier.done(late, stored)).rejects.toMatchObject({ code: 'lease_lost' })
    await expect(frontier.defer(late, { reason: 'late', until: 0, holdHost: false })).rejects.toMatchObject({ code: 'lease_lost' })
    await frontier.done(next, stored)
    await expect(frontier.done(next, stored)).rejects.toMatchObject({ code: 'lease_lost' })
  })

  test('accepts a late answer while nobody else has the target, without freeing a host that is lent again', async () => {
    const { clock, frontier: opened } = await open()
    await using frontier = opened
    await frontier.add([page('http://h.example/1')])
    const late = await one(frontier)
    clock.advance(leaseMs)
    await frontier.add([page('http://h.example/0', { priority: 1 }), page('http://h.example/2')])
    expect(await one(frontier)).toMatchObject({ url: 'http://h.example/0' })
    await frontier.done(late, stored)
    expect(await frontier.claim({ limit: 9, leaseMs })).toEqual([])
    expect((await frontier.stats()).labels).toEqual(new Map([['a', { ...noStats, waiting: 1, leased: 1, stored: 1 }]]))
  })

  test('lets a host rest as a late answer asks, also beyond the lease of who has the host now', async () => {
    const { clock, frontier: opened } = await open()
    await using frontier = opened
    await frontier.add([page('http://h.example/1')])
    const late = await one(frontier)
    clock.advance(leaseMs)
    await frontier.add([page('http://h.example/0', { priority: 1 })])
    await one(frontier)
    await frontier.done(late, { ...stored, hostDelayMs: leaseMs + 10 })
    clock.advance(leaseMs)
    expect((await frontier.stats()).labels).toEqual(new Map([['a', { ...noStats, waiting: 1, stored: 1 }]]))
    expect(await frontier.nextReadyAt()).toBe(clock.now() + 10)
    expect(await frontier.claim({ limit: 1, leaseMs })).toEqual([])
    clock.advance(10)
    expect(await one(frontier)).toMatchObject({ url: 'http://h.example/0', attempt: 2 })
  })

  test('keeps what the visitor wants to remember of a page', async () => {
    const { clock, frontier: opened } = await open()
    await using frontier = opened
    await frontier.add([page('http://h.example/')])
    const seen: unknown[] = []
    const visit = async (visit: Omit<Visit, 'hostDelayMs'>) => {
      const claim = await one(frontier)
      seen.push(claim.previous?.memory)
      await frontier.done(claim, { ...visit, hostDelayMs: 0, revisitAt: clock.now() })
    }
    await visit({ outcome: 'stored', memory: '{"n":1}' })
    await visit({ outcome: 'unchanged' })
    await visit({ outcome: 'rejected', reason: 'too_short', memory: '' })
    await visit({ outcome: 'stored', memory: 'x'.repeat(512) })
    await visit({ outcome: 'stored' })
    expect(seen).toEqual([undefined, '{"n":1}', '{"n":1}', '', 'x'.repeat(512)])
  })

  test('keeps a memory of a page of which nothing was ever stored', async () => {
    const { clock, frontier: opened } = await open()
    await using frontier = opened
    await frontier.add([page('http://h.example/')])
    await frontier.done(await one(frontier), { outcome: 'failed', reason: 'http_404', memory: '1', hostDelayMs: 0, revisitAt: clock.now() })
    expect((await one(frontier)).previous).toEqual({ etag: undefined, lastModified: undefined, version: 0, memory: '1' })
  })

  test('says with a claim how its URL was linked, by the first find or a better one', async () => {
    const { clock, frontier: opened } = await open()
    await using frontier = opened
    const urls = [1, 2, 3].map((n) => `http://h.example/${n}`) as [string, string, string]
    const linked = (n: number, asked: string) => page(urls[n - 1] ?? '', { asked: `http://h.example/${asked}` })
    await frontier.add([linked(1, '1?b&a'), linked(1, '1?c'), linked(2, '2'), page(urls[2], { priority: -1 })])
    await frontier.add([linked(1, '1?d'), { ...linked(2, '2#'), priority: 1 }])
    const asked: (string | undefined)[] = []
    for (let n = 0; n < 4; n++) {
      const claim = await one(frontier)
      asked.push(claim.asked)
      await frontier.done(claim, { ...stored, ...(n === 1 && { revisitAt: clock.now() }) })
    }
    expect(asked.filter((url) => url !== undefined)).toEqual([`${urls[1]}#`, `${urls[0]}?b&a`, `${urls[0]}?b&a`])
  })

  test('knows the smallest depth of a page', async () => {
    await using frontier = (await open()).frontier
    await frontier.add([page('http://h.example/1', { depth: 7, priority: 1 }), page('http://h.example/2', { depth: 3 })])
    await frontier.add([page('http://h.example/1', { depth: 4 }), page('http://h.example/2', { depth: 5 })])
    const first = await one(frontier)
    await frontier.done(first, stored)
    expect([first, await one(frontier)]).toMatchObject([
      { url: 'http://h.example/2', depth: 3, priority: 0, label: 'a' },
      { url: 'http://h.example/1', depth: 4, priority: 1, label: 'a' },
    ])
  })

  test('visits a page at once when it changed since the last visit, unless it is put off after trouble', async () => {
    const { clock, frontier: opened } = await open()
    await using frontier = opened
    const urls = ['http://a.example/', 'http://b.example/', 'http://c.example/', 'http://d.example/']
    await frontier.add(urls.map((url) => page(url)))
    const [a, b, c, d] = inOrder(await frontier.claim({ limit: 9, leaseMs })) as [Claim, Claim, Claim, Claim]
    // The trouble comes at a later visit.
    await frontier.done(d, { ...stored, revisitAt: clock.now() })
    await frontier.defer(await one(frontier), { reason: 'timeout', until: clock.now() + 1e9, isTry: true, holdHost: false })
    await frontier.done(a, stored)
    await frontier.done(b, { ...stored, revisitAt: clock.now() + 1e9 })
    await frontier.defer(c, { reason: 'timeout', until: clock.now() + 1e9, isTry: true, holdHost: false })
    const changed = (modifiedAt: number) => frontier.add(urls.map((url) => page(url, { modifiedAt })))
    await changed(clock.now() - 1)
    await changed(clock.now() + 1)
    expect(await frontier.claim({ limit: 9, leaseMs })).toEqual([])
    clock.advance(10)
    await changed(clock.now() - 1)
    expect(urlsOf(await frontier.claim({ limit: 9, leaseMs })).toSorted()).toEqual(['http://a.example/', 'http://b.example/'])
  })

  test('says with a claim when its page last changed', async () => {
    const { clock, frontier: opened } = await open()
    await using frontier = opened
    const changedAt = Math.floor(clock.now() / 1000) * 1000 - 5000
    await frontier.add([page('http://a.example/'), page('http://b.example/', { modifiedAt: changedAt })])
    await frontier.add([page('http://a.example/', { modifiedAt: changedAt - 1000 })])
    const claims = await frontier.claim({ limit: 9, leaseMs })
    expect(claims.map(({ modifiedAt }) => modifiedAt).toSorted()).toEqual([changedAt - 1000, changedAt])
  })

  test('takes any date of a change: one before 1970 is none, one of a page beside it is worth as much as ever', async () => {
    const { clock, frontier: opened } = await open()
    await using frontier = opened
    const good = page('http://good.example/', { modifiedAt: clock.now() - 5000 })
    const dates = [-1, -62_135_596_800_000, -8.64e15, Number.MIN_SAFE_INTEGER, -0.5, 0.5, 8.64e15, Number.MAX_SAFE_INTEGER, 1e300, -1e300]
    const odd = dates.map((modifiedAt, i) => page(`http://odd-${i}.example/`, { modifiedAt }))
    expect(await newIn(frontier, [...odd, good])).toBe(dates.length + 1)
    const claims = await frontier.claim({ limit: 99, leaseMs })
    expect(claims.filter(({ modifiedAt }) => modifiedAt !== undefined)).toMatchObject([{ url: good.url }])
    for (const claim of claims) await frontier.done(claim, stored)
    expect(await newIn(frontier, odd)).toBe(0)
    clock.advance(10)
    expect(await newIn(frontier, [...odd, { ...good, modifiedAt: clock.now() - 1 }])).toBe(0)
    expect(urlsOf(await frontier.claim({ limit: 99, leaseMs }))).toEqual([good.url])
  })

  test('does what is asked of it at once in the order it was asked', async () => {
    await using frontier = (await open()).frontier
    const urls = Array.from({ length: 20 }, (_, i) => `http://host-${i}.example/`)
    const [added, again, claims, stats] = await Promise.all([
      newIn(
        frontier,
        urls.map((url) => page(url)),
      ),
      newIn(
        frontier,
        urls.map((url) => page(url)),
      ),
      frontier.claim({ limit: 99, leaseMs }),
      frontier.stats(),
    ])
    expect([added, again, claims.length, stats.labels.get('a')?.leased]).toEqual([20, 0, 20, 20])
    const [first] = claims as [Claim]
    const ended = await Promise.allSettled([...claims, first].map((claim) => frontier.done(claim, stored)))
    expect(ended.filter(({ status }) => status === 'fulfilled').length).toBe(20)
    expect(ended.at(-1)).toMatchObject({ reason: { code: 'lease_lost' } })
    expect((await frontier.stats()).labels.get('a')).toEqual({ ...noStats, stored: 20 })
  })

  test('hears of what another has added', async () => {
    const { place, clock, frontier: opened } = await open()
    await using frontier = opened
    await using other = await openPlace<Open>(place, clock)
    const urls = (from: number) => Array.from({ length: 100 }, (_, i) => page(`http://host-${(from + i) % 7}.example/${from + i}`))
    expect(await newIn(frontier, urls(0))).toBe(100)
    expect(await newIn(other, urls(50))).toBe(50)
    expect(await newIn(frontier, urls(100))).toBe(50)
    expect(await newIn(other, urls(0))).toBe(0)
    expect(await newIn(other, [page('http://host-1.example/1', { priority: 9 })])).toBe(0)
    const claims = await frontier.claim({ limit: 9, leaseMs })
    expect(claims.find(({ url }) => url.includes('host-1.'))).toMatchObject({ url: 'http://host-1.example/1', priority: 9 })
    expect((await frontier.stats()).known).toBe(200)
  })

  test.each<[string, (frontier: Frontier, claim: Claim) => Promise<unknown>]>([
    ['no URL', (frontier) => frontier.add([page('http://new.example/'), page('nonsense')])],
    ['another scheme of what is asked for', (frontier) => frontier.add([page('http://h.example/x', { asked: 'ftp://h.example/x' })])],
    ['another scheme', (frontier) => frontier.add([page('ftp://h.example/')])],
    ['a space in the URL', (frontier) => frontier.add([page('http://h.example/a b')])],
    ['an endless URL', (frontier) => frontier.add([page(`http://h.example/${'x'.repeat(10_000)}`)])],
    ['an empty label', (frontier) => frontier.add([page('http://h.example/x', { label: '' })])],
    ['a priority that is no number', (frontier) => frontier.add([page('http://h.example/x', { priority: Number.NaN })])],
    ['an infinite priority', (frontier) => frontier.add([page('http://h.example/x', { priority: Infinity })])],
    ['a negative depth', (frontier) => frontier.add([page('http://h.example/x', { depth: -1 })])],
    ['a change at no time', (frontier) => frontier.add([page('http://h.example/x', { modifiedAt: Number.NaN })])],
    ['a memory too long', (frontier, claim) => frontier.done(claim, { ...stored, memory: 'x'.repeat(513) })],
    ['an unknown kind', (frontier) => frontier.add([page('http://h.example/x', { kind: 'image' as 'page' })])],
    ['a limit of 0', (frontier) => frontier.claim({ limit: 0, leaseMs })],
    ['an address that is none', (frontier, claim) => frontier.locate(claim, '')],
    ['half a limit', (frontier) => frontier.claim({ limit: 1.5, leaseMs })],
    ['a lease of 0', (frontier) => frontier.claim({ limit: 1, leaseMs: 0 })],
    ['an endless lease', (frontier) => frontier.claim({ limit: 1, leaseMs: Infinity })],
    ['an unknown outcome', (frontier, claim) => frontier.done(claim, { ...stored, outcome: 'fine' as 'stored' })],
    ['a rejection without a reason', (frontier, claim) => frontier.done(claim, { ...stored, outcome: 'rejected' })],
    ['a negative rest', (frontier, claim) => frontier.done(claim, { ...stored, hostDelayMs: -1 })],
    ['a revisit at no time', (frontier, claim) => frontier.done(claim, { ...stored, revisitAt: Number.NaN })],
    ['a deferral without a reason', (frontier, claim) => frontier.defer(claim, { reason: '', until: 0, holdHost: false })],
    ['a deferral for ever', (frontier, claim) => frontier.defer(claim, { reason: 'x', until: Infinity, holdHost: false })],
  ])('refuses %s and changes nothing', async (_name, call) => {
    await using frontier = (await open()).frontier
    await frontier.add([page('http://h.example/')])
    const claim = await one(frontier)
    const before = await frontier.stats()
    await expect(call(frontier, claim)).rejects.toMatchObject({ code: 'invalid_argument' })
    expect(await frontier.stats()).toEqual(before)
    await frontier.done(claim, stored)
  })

  test('does as the plain model does, whatever happens in whatever order', async () => {
    const property = fc.asyncProperty(steps, async (path) => {
      const { clock, frontier: opened } = await open()
      await using frontier = opened
      const { got, wanted } = await walk(frontier, clock, path)
      expect(got).toEqual(wanted)
    })
    await fc.assert(property, { numRuns: 30, seed: 7 })
  })

  test('lends each page to one of several processes, and each host to one at a time', async () => {
    const { place, frontier } = await open()
    const urls = Array.from({ length: 40 }, (_, i) => `http://host-${i % 6}.example/${i}`)
    await frontier.add(urls.map((url) => page(url)))
    await frontier[Symbol.asyncDispose]()
    const input = await temporaryFolder()
    const said = await Promise.all([1, 2, 3].map(() => runChild<{ url: string }>({ program: 'frontier', job: 'drain', place, input })))
    expect(urlsOf(said.flat() as Claim[]).toSorted()).toEqual(urls.toSorted())
  })

  test('adds each URL once, whichever of several processes brings it', async () => {
    const { place, frontier: opened } = await open()
    await using frontier = opened
    const input = Array.from({ length: 1000 }, (_, i) => `http://host-${i % 11}.example/${i}`)
    const said = await Promise.all([1, 2, 3].map(() => runChild<{ added: number }>({ program: 'frontier', job: 'rival', place, input })))
    expect(said.flat().reduce((sum, { added }) => sum + added, 0)).toBe(input.length)
    expect(
      await newIn(
        frontier,
        input.map((url) => page(url)),
      ),
    ).toBe(0)
    const { known, labels } = await frontier.stats()
    expect([known, labels.get('a')]).toMatchObject([input.length, { leased: 0, waiting: input.length - (labels.get('a')?.stored ?? 0) }])
  })

  test('keeps what it acknowledged through kill -9', async () => {
    const place = await make()
    const kills = 3
    const [found, done] = [new Set<string>(), new Set<string>()]
    for (const moment of killMoments(23, kills, 60)) {
      const said = await killAfter<{ found?: string[]; done?: string }>(moment, { program: 'frontier', job: 'crawl', place })
      for (const fact of said) for (const url of fact.found ?? []) found.add(url)
      for (const fact of said) if (fact.done) done.add(fact.done)
    }
    const clock = manualClock(Date.now() + 1e9)
    await using frontier = await openPlace<Open>(place, clock)
    const left: string[] = []
    for (let claims = await frontier.claim({ limit: 99, leaseMs }); claims.length > 0; claims = await frontier.claim({ limit: 99, leaseMs }))
      for (const claim of claims) await frontier.done(claim, stored).then(() => left.push(claim.url))
    expect(left.filter((url) => done.has(url))).toEqual([])
    // A kill may fall between a visit's end and the word of it: one per kill, which is then known all the same.
    const silent = [...found].filter((url) => !left.includes(url) && !done.has(url))
    expect(silent.length).toBeLessThanOrEqual(kills)
    const { known, labels } = await frontier.stats()
    expect(known).toBeGreaterThanOrEqual(found.size)
    expect(labels).toEqual(new Map([['a', { ...noStats, stored: known }]]))
  })
}

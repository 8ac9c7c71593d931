import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import type { Clock } from '#schemas/clock.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { openSite, type Page } from '#test/site/site.ts'
import { job, leapingClock, openBench } from './bench.fixture.ts'
import { openMiner, type MinerOptions } from './miner.ts'
import { claimJournal } from './claim-journal.ts'
import { hasLoopbackNetwork, openNamedWeb, type Asked } from './named-web.fixture.ts'
import { good, send } from './pages.fixture.ts'

if (!hasLoopbackNetwork) console.warn('Only Linux has all of 127.0.0.0/8 as loopback: the turns of hosts and addresses are not tested here.')

const hostDelayMs = 1000
/** The clock may leap by a minute while a page is read: no lease ends so soon. */
const manners = { host_delay_ms: hostDelayMs, host_delay_factor: 0, timeout_seconds: 3600 }

/** Leads to a path of another host. */
const to =
  (name: string, path: string): Page =>
  (response, { host }) =>
    void response.writeHead(302, { location: `http://${name}.localhost:${host.split(':')[1]}${path}` }).end()

/** Crawls a web with some of its hosts as seeds. */
async function crawl(hosts: Parameters<typeof openNamedWeb>[0], seeds: string[], settings: Record<string, unknown> = {}, pace: Clock = leapingClock()) {
  await using web = await openNamedWeb(hosts, pace)
  await using site = await openSite({})
  const origins = seeds.map(web.origin)
  const jobs = [
    job(
      'all',
      origins.map((origin) => `${origin}/`),
      origins.map((origin) => `${origin}/*`),
    ),
  ]
  const asks = { pace, network: () => web.http, hostDelayMs, reproducible: false, jobs }
  await using bench = await openBench(site, { ...asks, settings: { ...manners, ...settings } })
  const { visits } = await bench.cycle()
  return { visits, asked: web.asked, whats: web.asked.map(({ what }) => what), rejects: await bench.rejects().catch(() => []) }
}

/** The same miner, ended and started again some time later. */
async function crawlTwice(pages: Record<string, Page>, laterMs: number) {
  const pace = leapingClock()
  await using web = await openNamedWeb({ a: { at: 1, pages } }, pace)
  await using site = await openSite({})
  const jobs = [job('all', [`${web.origin('a')}/`], [`${web.origin('a')}/*`])]
  let options: MinerOptions | undefined
  const plant = (given: MinerOptions) => ((options = given), {})
  const asks = { pace, network: () => web.http, hostDelayMs, reproducible: false, jobs, plant }
  await using bench = await openBench(site, { ...asks, settings: manners })
  await bench.cycle()
  await bench.miner[Symbol.asyncDispose]()
  const first = web.asked.splice(0)
  pace.leap(laterMs)
  await using again = await openMiner(options as MinerOptions)
  await again.cycle(new AbortController().signal)
  return { first, second: web.asked }
}

/** What came too early after the request before it, to the same of something. */
function tooEarly(asked: readonly Asked[], sameAs: (one: Asked) => string, restMs: number): string[] {
  const ends = new Map<string, number>()
  return asked.flatMap((one) => {
    const last = ends.get(sameAs(one)) ?? -Infinity
    ends.set(sameAs(one), one.answeredAt)
    return one.at - last < restMs ? [`${one.what}: ${one.at - last} ms`] : []
  })
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `h${i}`)

/** Leads whoever asks for one of its files to `b`. */
const reflecting = (path: string) => ({
  '/robots.txt': to('b', '/robots.txt'),
  '/.well-known/tdmrep.json': to('b', `/tdm/${path}`),
  '/ai.txt': to('b', `/ai/${path}`),
})

describe.skipIf(!hasLoopbackNetwork)('hosts and their addresses', () => {
  test('twelve new hosts at one address are asked one thing at a time, with its rest between', async () => {
    const hosts = numbered(12)
    const { visits, asked } = await crawl(
      Object.fromEntries(hosts.map((name, i) => [name, { at: 1, pages: { '/': good(10 + i, ['/b']), '/b': good(30 + i) } }])),
      hosts,
    )
    expect(visits.stored).toBe(24)
    expect(asked).toHaveLength(5 * 12)
    expect(asked.filter(({ inFlight }) => inFlight > 1)).toEqual([])
    expect(tooEarly(asked, ({ address }) => address, hostDelayMs)).toEqual([])
  })

  test('a name and its www at one address, which lead to each other', async () => {
    const { visits, asked, whats } = await crawl(
      {
        apex: { at: 1, pages: { '/robots.txt': to('www', '/robots.txt'), '/': good(1) } },
        www: { at: 1, pages: { '/robots.txt': 'User-agent: *\nDisallow: /x', '/': good(2) } },
      },
      ['apex', 'www'],
    )
    expect(visits.stored).toBe(2)
    expect(whats.filter((what) => what.endsWith('/robots.txt')).toSorted()).toEqual(['apex/robots.txt', 'www/robots.txt', 'www/robots.txt'])
    expect(tooEarly(asked, ({ address }) => address, hostDelayMs)).toEqual([])
    expect(asked.filter(({ inFlight }) => inFlight > 1)).toEqual([])
  })

  test('each file of a host leaves a rest behind it, as long as the robots.txt just read asks for', async () => {
    const robots = send('User-agent: *\nCrawl-delay: 7', { 'content-type': 'text/plain' })
    const { asked, whats } = await crawl({ a: { at: 1, pages: { '/robots.txt': robots, '/': good(1) } } }, ['a'])
    expect(whats).toEqual(['a/robots.txt', 'a/.well-known/tdmrep.json', 'a/ai.txt', 'a/'])
    expect(tooEarly(asked, ({ address }) => address, 7000)).toEqual([])
  })

  test('whoever leads us to another host leads us there in its turn, with its rest, as its robots.txt allows', async () => {
    const mirrors = Object.fromEntries(numbered(10).map((name, i) => [name, { at: i + 2, pages: { ...reflecting(name), '/': good(i) } }]))
    const robots = send('User-agent: *\nCrawl-delay: 3\nDisallow: /ai/', { 'content-type': 'text/plain' })
    const tdm = send(JSON.stringify([{ location: '/', 'tdm-reservation': 1 }]), { 'content-type': 'application/json' })
    const b = { at: 1, pages: { '/robots.txt': robots, '/tdm/h0': tdm, '/': good(11, ['/c']), '/c': good(12) } }
    const { visits, asked, whats, rejects } = await crawl({ ...mirrors, b }, [...numbered(10), 'b'])
    const atB = asked.filter(({ what }) => what.startsWith('b/'))
    expect(tooEarly(atB, () => 'b', 3000)).toEqual([])
    expect(asked.filter(({ inFlight }) => inFlight > 1)).toEqual([])
    expect(whats.filter((what) => what.startsWith('b/tdm/')).toSorted()).toEqual(numbered(10).map((name) => `b/tdm/${name}`))
    expect(whats.filter((what) => what.startsWith('b/ai/'))).toEqual([])
    // What is said there counts for who leads there.
    expect(rejects.map(({ subject, reason }) => [new URL(subject).hostname, reason])).toEqual([['h0.localhost', 'tdm_reserved']])
    expect(visits).toMatchObject({ stored: 11, rejected: 1 })
  })

  test('who leads to a host that is asked all the time is not kept waiting for its end', async () => {
    const paths = Array.from({ length: 30 }, (_, i) => `/p${i}`)
    const pages = Object.fromEntries(paths.map((path, i) => [path, good(20 + i)]))
    const { visits, asked, whats } = await crawl(
      { a: { at: 2, pages: { '/robots.txt': to('b', '/robots.txt'), '/': good(1) } }, b: { at: 1, pages: { '/': good(2, paths), ...pages } } },
      ['a', 'b'],
    )
    expect(visits.stored).toBe(32)
    expect(whats.slice(0, whats.indexOf('a/')).filter((what) => what.startsWith('b/p')).length).toBeLessThan(20)
    expect(tooEarly(asked, ({ address }) => address, hostDelayMs)).toEqual([])
  })

  test('a host that wants to be left alone until tomorrow closes none that leads there', async () => {
    const closed = send('', { 'retry-after': '86400' }, 429)
    const open = { '/.well-known/tdmrep.json': to('b', '/tdm'), '/ai.txt': to('b', '/ai'), '/': good(1) }
    const { visits, whats } = await crawl({ a: { at: 2, pages: open }, b: { at: 1, pages: { '/tdm': closed, '/ai': closed } } }, ['a'])
    expect(visits.stored).toBe(1)
    expect(whats.filter((what) => what.startsWith('b/'))).toEqual(['b/robots.txt', 'b/tdm'])
  })

  test('what a host says of itself is asked once a day, whoever starts again meanwhile', async () => {
    const pages = { '/robots.txt': send('User-agent: *\nDisallow: /x', { 'content-type': 'text/plain' }), '/': good(1) }
    const { first, second } = await crawlTwice(pages, 5 * 3_600_000)
    expect(first.map(({ what }) => what)).toEqual(['a/robots.txt', 'a/.well-known/tdmrep.json', 'a/ai.txt', 'a/'])
    expect(second.map(({ what }) => what)).toEqual(['a/'])
    const nextDay = await crawlTwice(pages, 25 * 3_600_000)
    expect(nextDay.second.map(({ what }) => what)).toEqual(first.map(({ what }) => what))
  })

  test('a host that was being asked when the miner was killed has its rest first, before its robots.txt', async () => {
    const pace = leapingClock()
    await using web = await openNamedWeb({ a: { at: 1, pages: { '/': good(1) } } }, pace)
    await using site = await openSite({})
    const url = `${web.origin('a')}/`
    let startedAt = Number.NaN
    const killed = async ({ frontier, dataDir }: MinerOptions) => {
      await frontier.add([{ url, kind: 'page', label: 'all', priority: 1 }])
      await claimJournal(join(dataDir, 'claims', 'miner-1.jsonl')).write(await frontier.claim({ limit: 1, leaseMs: 1 }))
      pace.leap(10)
      startedAt = pace.now()
      return {}
    }
    const asks = { pace, network: () => web.http, hostDelayMs, reproducible: false, jobs: [job('all', [url], [`${url}*`])], plant: killed }
    await using bench = await openBench(site, { ...asks, settings: manners })
    expect((await bench.cycle()).visits.stored).toBe(1)
    expect((web.asked[0]?.at ?? 0) - startedAt).toBeGreaterThanOrEqual(hostDelayMs)
  })

  test('a robots.txt that is out of reach is asked again when its host said, and so are its pages', async () => {
    let left = 1
    const robots: Page = (response) => void (left-- > 0 ? response.writeHead(503, { 'retry-after': '9' }).end() : response.writeHead(404).end())
    const { visits, asked } = await crawl({ a: { at: 1, pages: { '/robots.txt': robots, '/': good(1, ['/b']), '/b': good(2) } } }, ['a'])
    expect(visits).toMatchObject({ stored: 2, failed: 0 })
    expect(asked.map(({ what }) => what).slice(0, 3)).toEqual(['a/robots.txt', 'a/robots.txt', 'a/.well-known/tdmrep.json'])
    expect((asked[1]?.at ?? 0) - (asked[0]?.answeredAt ?? 0)).toBeGreaterThanOrEqual(9000)
  })

  test('a host that is blocked is not asked, whoever leads there', async () => {
    const path = join(await temporaryFolder(), 'block-list')
    await writeFile(path, 'b.localhost\n')
    const reflecting = { '/robots.txt': to('b', '/robots.txt'), '/.well-known/tdmrep.json': to('b', '/tdm'), '/ai.txt': to('b', '/ai') }
    const open = { '/.well-known/tdmrep.json': to('b', '/tdm'), '/ai.txt': to('b', '/ai'), '/': good(1) }
    const hosts = { closed: { at: 2, pages: { ...reflecting, '/': good(1) } }, open: { at: 3, pages: open }, b: { at: 1, pages: {} } }
    // By a clock that waits: whoever looks after the list sleeps all the time.
    const { visits, whats } = await crawl(hosts, ['closed', 'open'], { block_list: path, host_delay_ms: 20 }, systemClock())
    expect(whats.filter((what) => what.startsWith('b/'))).toEqual([])
    // What a blocked host says of another nobody knows: nothing of that is asked for.
    expect(whats.filter((what) => what.startsWith('closed/'))).toEqual(['closed/robots.txt'])
    expect(visits.stored).toBe(1)
  })
})

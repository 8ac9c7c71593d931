import { expect, test } from 'vitest'
import { compareText } from '#schemas/compare-text.ts'
import type { Claim, Frontier, Target } from '#schemas/frontier.ts'
import type { ManualClock } from '#test/manual-clock.ts'

const leaseMs = 60_000
const page = (url: string, over: Partial<Target> = {}): Target => ({ url, kind: 'page', label: 'a', priority: 0, ...over })
const many = (count: number, make: (i: number) => Target): Target[] => Array.from({ length: count }, (_, i) => make(i))
const hostOf = ({ url }: Claim): string => new URL(url).host

interface Opened {
  clock: ManualClock
  frontier: Frontier & AsyncDisposable
}

/** Claims `limit` at a time and ends all of them, until so many visits were made or nothing is ready. */
async function crawl({ frontier, clock }: Opened, visits: number, { limit = 1, restMs = 0, address = (_claim: Claim): string | undefined => undefined } = {}) {
  const made: Claim[] = []
  while (made.length < visits) {
    const claims = await frontier.claim({ limit: Math.min(limit, visits - made.length), leaseMs })
    if (claims.length === 0) return made
    made.push(...claims)
    await Promise.all(claims.map((claim) => frontier.done(claim, { outcome: 'stored', hostDelayMs: restMs, address: address(claim) })))
    clock.advance(restMs)
  }
  return made
}

const at = (name: string, depth: number, priority = 0): Target => page(`http://h.example/${name}`, { depth, priority })
const isOld = ({ url }: Claim): boolean => url.includes('old')
const countsOf = (claims: readonly Claim[]): number[] => [...Map.groupBy(claims, hostOf).values()].map((visits) => visits.length)

/** Whose turn it is: within a host, among hosts, and at an address. @param open a fresh one */
export function frontierOrderSuite(open: () => Promise<Opened>): void {
  test('takes what lies near before what lies far, then what is worth more, and a page that is found nearer or better sooner', async () => {
    const opened = await open()
    await using frontier = opened.frontier
    await frontier.add([at('far', 20, 9), at('near', 1, 1), at('worth-more', 1, 2), at('seed', 0, 9), at('listed', 0, 1), at('later-nearer', 19, 3)])
    await frontier.add([at('later-better', 1, -1)])
    await frontier.add([at('later-nearer', 1, 0), at('later-better', 5, 1.5)])
    const visited = await crawl(opened, 99)
    expect(visited.map(({ url }) => url.slice('http://h.example/'.length))).toEqual([
      'seed',
      'listed',
      'later-nearer',
      'worth-more',
      'later-better',
      'near',
      'far',
    ])
  })

  test('takes equals in no order that their names tell', async () => {
    const opened = await open()
    await using frontier = opened.frontier
    await frontier.add([...many(50, (i) => page(`http://h.example/${i + 10}`)), ...many(50, (i) => page(`http://h${i + 10}.example/`, { label: 'b' }))])
    for (const label of ['a', 'b']) {
      const urls: string[] = []
      for (let i = 0; i < 50; i++) {
        const [claim] = await frontier.claim({ limit: 1, leaseMs, labels: [label] })
        urls.push(claim?.url ?? '')
        await frontier.done(claim as Claim, { outcome: 'stored', hostDelayMs: 0 })
      }
      expect(urls).not.toEqual(urls.toSorted())
      expect(urls).not.toEqual(urls.toSorted().toReversed())
      expect(new Set(urls).size).toBe(50)
    }
  })

  test('serves a thousand hosts alike, however much each has and whatever it is worth', async () => {
    const opened = await open()
    await using frontier = opened.frontier
    const hosts = 1000
    const pages = many(hosts * 6, (i) => page(`http://h${i % hosts}.example/${i}`, { priority: i % 7, depth: i % 3 }))
    await frontier.add([...pages, ...many(2000, (i) => page(`http://h0.example/more-${i}`, { priority: 99 }))])
    const counts = countsOf(await crawl(opened, 3500, { limit: 16 }))
    expect(counts.length).toBe(hosts)
    expect([...new Set(counts)].toSorted()).toEqual([3, 4])
  })

  test('keeps no host waiting for ever for those that come new, nor these for those that are there', async () => {
    const opened = await open()
    await using frontier = opened.frontier
    await frontier.add(many(40, (i) => page(`http://old${i % 4}.example/${i}`)))
    await crawl(opened, 8)
    const visited: Claim[] = []
    for (let i = 0; i < 30; i++) {
      await frontier.add(many(2, (n) => page(`http://new${i}-${n}.example/`)))
      visited.push(...(await crawl(opened, 2)))
    }
    expect(new Set(visited.filter(isOld).map(hostOf)).size).toBe(4)
    expect(visited.filter((claim) => !isOld(claim)).length).toBeGreaterThan(30)
  })

  test('takes a sitemap or feed after four pages of its host, and at once where no page waits', async () => {
    const opened = await open()
    await using frontier = opened.frontier
    const lists = many(30, (i) => page(`http://h.example/map-${i}.xml`, { kind: i % 2 === 0 ? 'sitemap' : 'feed', priority: 9 }))
    await frontier.add([...lists, ...many(40, (i) => page(`http://h.example/${i}`))])
    const kinds = (await crawl(opened, 70)).map(({ kind }) => (kind === 'page' ? 'p' : 'l')).join('')
    expect(kinds).toBe(`${'lpppp'.repeat(10)}${'l'.repeat(20)}`)
    expect((await frontier.stats()).labels.get('a')).toMatchObject({ stored: 40, lists: 30 })
    await frontier.add([...many(2, (i) => page(`http://h.example/new-${i}.xml`, { kind: 'sitemap' })), ...many(5, (i) => page(`http://h.example/new-${i}`))])
    expect((await crawl(opened, 7)).map(({ kind }) => (kind === 'page' ? 'p' : 'l')).join('')).toBe('pppplpl')
  })

  test('asks an address one thing at a time, from the first contact of its hosts on', async () => {
    const { clock, frontier: opened } = await open()
    await using frontier = opened
    const address = '192.0.2.1'
    await frontier.add(many(24, (i) => page(`http://h${i % 12}.example/${i}`)))
    const claims = await frontier.claim({ limit: 99, leaseMs })
    expect(claims.map((claim) => claim.address)).toEqual(claims.map(() => undefined))
    const located: boolean[] = []
    for (const claim of claims) located.push(await frontier.locate(claim, address))
    expect(located).toEqual([true, ...claims.slice(1).map(() => false)])
    expect(await frontier.claim({ limit: 99, leaseMs })).toEqual([])
    clock.advance(250)
    await frontier.done(claims[0] as Claim, { outcome: 'stored', hostDelayMs: 1000, address })
    expect(await frontier.nextReadyAt()).toBe(clock.now() + 1000)
    // From then on the frontier knows, and all of them have their turn; who was given back has lost no try.
    const asked: Claim[] = []
    for (let at = await frontier.nextReadyAt(); at !== undefined; at = await frontier.nextReadyAt()) {
      clock.advance(at - clock.now())
      const [claim, ...others] = await frontier.claim({ limit: 99, leaseMs })
      expect([claim?.address, claim?.attempt, others]).toEqual([address, 1, []])
      asked.push(claim as Claim)
      clock.advance(250)
      await frontier.done(claim as Claim, { outcome: 'stored', hostDelayMs: 1000, address })
    }
    expect(asked.length).toBe(23)
    expect(new Set(asked.slice(0, 12).map(hostOf)).size).toBe(12)
  })

  test('lets the hosts of an address rest together, and holds one host alone', async () => {
    const { clock, frontier: opened } = await open()
    await using frontier = opened
    const address = '192.0.2.1'
    await frontier.add([...['a', 'b'].flatMap((host) => [1, 2, 3].map((n) => page(`http://${host}.example/${n}`))), page('http://c.example/')])
    const next = async () => (await frontier.claim({ limit: 9, leaseMs })).filter((claim) => !claim.url.includes('c.'))
    for (const claim of await next()) await frontier.done(claim, { outcome: 'stored', hostDelayMs: 500, address })
    expect(await next()).toEqual([])
    clock.advance(500)
    const [first, ...others] = (await next()) as [Claim]
    expect(others).toEqual([])
    clock.advance(100)
    await frontier.defer(first, { reason: 'http_429', until: clock.now() + 9000, holdHost: true, hostDelayMs: 500, address })
    expect(await frontier.nextReadyAt()).toBe(clock.now() + 500)
    clock.advance(500)
    const [second] = (await next()) as [Claim]
    expect(hostOf(second)).not.toBe(hostOf(first))
    await frontier.done(second, { outcome: 'stored', hostDelayMs: 0, address })
    const [third] = (await next()) as [Claim]
    expect(hostOf(third)).toBe(hostOf(second))
    await frontier.done(third, { outcome: 'stored', hostDelayMs: 0, address })
    expect(await frontier.nextReadyAt()).toBe(clock.now() + 8500)
  })

  test('knows of a host that it is elsewhere as soon as it is told, and gives back what cannot be asked there now', async () => {
    const { clock, frontier: opened } = await open()
    await using frontier = opened
    await frontier.add(['a', 'b'].flatMap((host) => [1, 2].map((n) => page(`http://${host}.example/${n}`))))
    const claims = await frontier.claim({ limit: 9, leaseMs })
    const [a, b] = claims.toSorted((one, other) => compareText(one.url, other.url)) as [Claim, Claim]
    expect([await frontier.locate(a, '192.0.2.1'), await frontier.locate(b, '192.0.2.2')]).toEqual([true, true])
    expect(await frontier.locate(a, '192.0.2.1')).toBe(true)
    await frontier.done(a, { outcome: 'stored', hostDelayMs: 500, address: '192.0.2.1' })
    // The other has moved to where the first rests.
    expect(await frontier.locate(b, '192.0.2.1')).toBe(false)
    await expect(frontier.done(b, { outcome: 'stored', hostDelayMs: 0 })).rejects.toMatchObject({ code: 'lease_lost' })
    expect(await frontier.nextReadyAt()).toBe(clock.now() + 500)
    clock.advance(500)
    const [next] = (await frontier.claim({ limit: 9, leaseMs })) as [Claim]
    expect(next).toMatchObject({ address: '192.0.2.1', attempt: 1 })
    clock.advance(leaseMs)
    await frontier.stats()
    await expect(frontier.locate(next, '192.0.2.3')).rejects.toMatchObject({ code: 'lease_lost' })
  })

  test('does not keep waiting what was put off untried and is found nearer; what a try put off waits', async () => {
    const { clock, frontier: opened } = await open()
    await using frontier = opened
    await frontier.add([at('untried', 3), page('http://g.example/tried', { depth: 3 })])
    for (const claim of await frontier.claim({ limit: 9, leaseMs })) {
      await frontier.defer(claim, { reason: 'later', until: clock.now() + 600_000, isTry: claim.url.endsWith('/tried'), holdHost: false })
    }
    await frontier.add([at('untried', 3, 5), page('http://g.example/tried', { depth: 0 })])
    expect(await frontier.claim({ limit: 9, leaseMs })).toEqual([])
    await frontier.add([at('untried', 0)])
    expect((await frontier.claim({ limit: 9, leaseMs })).map(({ url }) => url)).toEqual(['http://h.example/untried'])
  })
}

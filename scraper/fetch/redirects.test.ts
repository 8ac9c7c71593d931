import { describe, expect, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { createHttp } from '#infra/net/http.ts'
import type { PreviousVisit, Target } from '#schemas/frontier.ts'
import { openSite, type Page } from '#test/site/site.ts'
import { createRobots } from '../robots/robots.ts'
import { fetchTarget, redirectsMsMax, type FetchServices } from './fetch-target.ts'
import { Detours } from './redirect-chain.ts'

const page = '<title>Here</title><a href="next?b&a">on</a>'
type Answer = Exclude<Page, string>
const to =
  (location: string, headers: Record<string, string | string[]> = {}, status = 302): Answer =>
  (response) =>
    void response.writeHead(status, { location, ...headers }).end()
/** For who brings the cookie. */
const behind =
  (cookie: string, away: Answer): Answer =>
  (response, request) =>
    request.headers.cookie?.includes(cookie) ? void response.writeHead(200, { 'content-type': 'text/html' }).end(page) : away(response, request)
const unchanged: Answer = (response, { headers }) => void response.writeHead(headers['if-none-match'] === '"1"' ? 304 : 200).end()

interface Visited {
  pages: Record<string, Page>
  start?: string
  asked?: string
  services?: Partial<FetchServices>
  previous?: PreviousVisit
}

async function visit({ pages, start = '/a', asked, services = {}, previous }: Visited) {
  await using site = await openSite({ 'h.localhost': pages, 'other.localhost': { '/a': page } })
  await using http = createHttp({ userAgent: 'Orrery/0', timeoutMs: 60_000, bytesMax: 1_000_000, hosts: site.hosts })
  const pace = systemClock()
  const target: Target = {
    url: `http://h.localhost${start}`,
    kind: 'page',
    label: 'l',
    priority: 0,
    ...(asked !== undefined && { asked: `http://h.localhost${asked}` }),
  }
  const outcome = await fetchTarget(target, previous, { http, pace, robots: createRobots(http, pace), ...services }, new AbortController().signal)
  return { outcome, paths: site.requests.map(({ path }) => path).filter((path) => path !== '/robots.txt'), requests: site.requests }
}

/** A redirect whose body breaks off. */
const torn: Page = (response) => {
  response.writeHead(301, { location: '/b', 'content-length': '1000' })
  response.write('short', () => response.socket?.destroy())
}

describe('what is asked is the link, and robots.txt is asked about it', () => {
  const asked = '/list?sort=price&page=2'
  const start = '/list?page=2&sort=price'

  test('in the order of its parameters', async () => {
    const { outcome, paths } = await visit({ pages: { [asked]: page }, start, asked })
    expect(outcome).toMatchObject({ kind: 'read', fetched: { url: `http://h.localhost${asked}` } })
    expect(paths).toEqual([asked])
  })

  test.each([
    ['Disallow: /*?sort=', false],
    ['Disallow: /*?page=', true],
    ['Disallow: /\nAllow: /list?sort=price&page=', true],
  ])('%j', async (rule, isAllowed) => {
    const { outcome } = await visit({ pages: { '/robots.txt': `User-agent: *\n${rule}`, [asked]: page }, start, asked })
    expect(outcome).toMatchObject(isAllowed ? { kind: 'read' } : { kind: 'refused', reason: 'robots_disallowed' })
  })

  test.each(['/db.nsf/all?OpenView&Count=30', '/?s=ni%u011fde', '/a?', '/a?X-Sig=aB%2Fc%3D&Expires=9', '/a;jsessionid=1?x={|}'])(
    'as it stands: %s',
    async (link) => {
      const { paths } = await visit({ pages: {}, start: '/x', asked: link })
      expect(paths).toEqual([link])
    },
  )
})

describe('a redirect to another spelling of the page gives the page', () => {
  test.each([
    ['a session', '/a', '/a;jsessionid=0F3A9B'],
    ['a session that looks drawn', '/a?x=1', '/(S(lit3py55t21z5v55vlm25s55))/a?x=1&sid=8f14e45fceea167a5a36dedd4bea2543'],
    ['a tracking parameter', '/a', '/a?utm_source=home'],
    ['an empty query', '/a', '/a?'],
    ['the order of its parameters', '/a?id=7&lang=en', '/a?lang=en&id=7'],
    ['an escape', '/a/~b', '/a/%7eb'],
    ['an escape in capitals', '/a?q=%c3%a9', '/a?q=%C3%A9'],
  ])('%s', async (_, start, spelling) => {
    const { outcome, paths } = await visit({ pages: { [start]: to(spelling), [spelling]: page }, start, asked: start })
    expect(outcome).toMatchObject({ kind: 'read', fetched: { url: `http://h.localhost${spelling}` }, isPage: true })
    expect(paths).toEqual([start, spelling])
  })

  test('with its links from there, and all that it cost', async () => {
    const { outcome } = await visit({ pages: { '/a': to('a?utm_source=x'), '/a?utm_source=x': page } })
    expect(outcome).toMatchObject({
      found: { pages: [{ url: 'http://h.localhost/next?a&b', asked: 'http://h.localhost/next?b&a' }] },
      exchange: { wireBytes: page.length },
    })
  })

  test('unless robots.txt closes it', async () => {
    const { outcome, paths } = await visit({ pages: { '/robots.txt': 'User-agent: *\nDisallow: /*jsessionid', '/a': to('/a;jsessionid=1') } })
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'robots_disallowed', exchange: { wireBytes: 0 } })
    expect(paths).toEqual(['/a'])
  })

  test('after the rest that the host has between two requests, or that it asks for', async () => {
    const slept: number[] = []
    const pace = { now: () => 1_800_000_000_000, sleep: async (ms: number) => void slept.push(ms) }
    const pages = { '/a': to('/a?'), '/a?': to('/a?utm_id=1', { 'retry-after': '3' }), '/a?utm_id=1': page }
    const { outcome } = await visit({ pages, services: { pace, restMs: async ({ exchange }) => (exchange.wireBytes === 0 ? 250 : 0) } })
    expect([outcome.kind, slept]).toEqual(['read', [250, 3000]])
  })

  test('but not after more than a visit may last', async () => {
    const { outcome, paths } = await visit({ pages: { '/a': to('/a?'), '/a?': page }, services: { restMs: async () => redirectsMsMax + 1 } })
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'redirect_rest_too_long' })
    expect(paths).toEqual(['/a'])
  })

  test('what did not change is asked for so at each spelling', async () => {
    const previous = { etag: '"1"', lastModified: undefined, version: 1 }
    const { outcome, requests } = await visit({ pages: { '/a': to('/check'), '/check': to('/a?'), '/a?': unchanged }, previous })
    expect(outcome.kind).toBe('unchanged')
    expect(requests.map(({ path, headers }) => [path, headers['if-none-match']])).toEqual([
      ['/robots.txt', undefined],
      ['/a', '"1"'],
      ['/check', undefined],
      ['/a?', '"1"'],
    ])
  })
})

describe('cookies go along', () => {
  test.each<[string, Record<string, Page>, string[]]>([
    ['to the same address', { '/a': behind('ok=1', to('/a', { 'set-cookie': 'ok=1' })) }, ['/a', '/a']],
    ['to another spelling', { '/a': to('/a?', { 'set-cookie': ['x=y', 'ok=1; Path=/'] }), '/a?': behind('ok=1', to('/')) }, ['/a', '/a?']],
    [
      'by way of a check',
      { '/a': behind('ok=1', to('/check?to=/a')), '/check?to=/a': to('/a', { 'set-cookie': 'ok=1; Path=/' }) },
      ['/a', '/check?to=/a', '/a'],
    ],
    [
      'by way of a check of the cookie that came first',
      { '/a': behind('ok=1', to('/check', { 'set-cookie': 'ok=1; Path=/' }, 301)), '/check': to('/a') },
      ['/a', '/check', '/a'],
    ],
  ])('%s', async (_, pages, paths) => {
    const visited = await visit({ pages })
    expect(visited.outcome).toMatchObject({ kind: 'read', isPage: true })
    expect(visited.paths).toEqual(paths)
  })

  test('and are forgotten with the visit', async () => {
    const pages = { '/a': behind('ok=1', to('/a', { 'set-cookie': 'ok=1' })) }
    expect((await visit({ pages })).paths).toHaveLength(2)
    expect((await visit({ pages })).paths).toHaveLength(2)
  })
})

describe('a chain without end', () => {
  test.each<[string, string, Record<string, Page>, number]>([
    ['redirect_loop', 'to itself', { '/a': to('/a') }, 1],
    ['redirect_loop', 'to itself, by another spelling', { '/a': to('/a?'), '/a?': to('/a') }, 2],
    ['redirect_loop', 'to itself, with the cookie that it has sent', { '/a': to('/a', { 'set-cookie': 'ok=1' }) }, 2],
  ])('is a %s: %s', async (reason, _, pages, asked) => {
    const { outcome, paths } = await visit({ pages })
    expect(outcome).toMatchObject({ kind: 'refused', reason })
    expect(paths).toHaveLength(asked)
  })

  test('is cut after five redirects', async () => {
    let n = 0
    const { outcome, paths } = await visit({ pages: { '/a': (response) => void response.writeHead(302, { location: '/a', 'set-cookie': `n=${n++}` }).end() } })
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'too_many_redirects' })
    expect(paths).toHaveLength(6)
  })
})

describe('a redirect to another page', () => {
  test.each<[string, Record<string, Page>, string[]]>([
    ['for good', { '/a': to('/b', {}, 301), '/b': page }, ['/a']],
    ['for now: it might be a check', { '/a': to('/b'), '/b': page }, ['/a', '/b']],
    ['that sends on', { '/a': to('/b'), '/b': to('/c'), '/c': page }, ['/a', '/b', '/c']],
    ['that is not there', { '/a': to('/b') }, ['/a', '/b']],
    ['that sends round in a circle', { '/a': to('/b'), '/b': to('/c'), '/c': to('/b') }, ['/a', '/b', '/c']],
    ['that is in trouble', { '/a': to('/b'), '/b': (response) => void response.writeHead(500).end() }, ['/a', '/b']],
    ['closed by robots.txt', { '/robots.txt': 'User-agent: *\nDisallow: /b', '/a': to('/b') }, ['/a']],
  ])('%s', async (_, pages, paths) => {
    const visited = await visit({ pages })
    expect(visited.outcome).toMatchObject({ kind: 'moved', location: 'http://h.localhost/b' })
    expect(visited.paths).toEqual(paths)
  })

  test('of another host is its own affair', async () => {
    const { outcome, paths } = await visit({ pages: { '/a': to('//other.localhost/a', { 'set-cookie': 'a=b' }) } })
    expect(outcome).toMatchObject({ kind: 'moved', location: 'http://other.localhost/a' })
    expect(paths).toEqual(['/a'])
  })

  test('that nobody may ask for is not asked for', async () => {
    const { outcome, paths } = await visit({ pages: { '/a': to('/b'), '/b': page }, services: { mayAsk: (url) => url !== 'http://h.localhost/b' } })
    expect([outcome.kind, paths]).toEqual(['moved', ['/a']])
  })

  test('of a host that wants to be left alone leaves it alone', async () => {
    const { outcome } = await visit({ pages: { '/a': to('/b'), '/b': (response) => void response.writeHead(429, { 'retry-after': '60' }).end() } })
    expect(outcome).toMatchObject({ kind: 'trouble', reason: 'http_429', retryAfterMs: 60_000, holdHost: true })
  })

  test('is looked behind no more where it led nowhere twice, until it leads back', async () => {
    const detours = new Detours()
    const away = { pages: { '/a': to('/b'), '/b': page }, services: { detours } }
    const back = { pages: { '/a': behind('ok=1', to('/check')), '/check': to('/a', { 'set-cookie': 'ok=1' }) }, services: { detours } }
    const asked = [(await visit(away)).paths, (await visit(back)).paths, (await visit(away)).paths, (await visit(away)).paths, (await visit(away)).paths]
    expect(asked.map(({ length }) => length)).toEqual([2, 3, 2, 2, 1])
  })

  test.each([
    ['raw UTF-8', Buffer.from('/café', 'utf8'), '/caf%C3%A9'],
    ['raw Latin-1', Buffer.from('/josé', 'latin1'), '/jos%E9'],
    ['spaces', Buffer.from('/a b'), '/a%20b'],
    ['its own order', Buffer.from('/b?z=1&a=%u011f#x'), '/b?z=1&a=%u011f'],
  ])('leads to what its Location says: %s', async (_, location, path) => {
    const { outcome } = await visit({ pages: { '/a': to(location.toString('latin1'), {}, 301) } })
    expect(outcome).toMatchObject({ kind: 'moved', location: `http://h.localhost${path}` })
  })

  test('is one without its body, too', async () => {
    expect((await visit({ pages: { '/a': torn } })).outcome).toMatchObject({ kind: 'moved', location: 'http://h.localhost/b' })
  })

  test('may lead nowhere', async () => {
    expect((await visit({ pages: { '/a': to('http://[broken') } })).outcome).toMatchObject({ kind: 'moved', location: undefined })
  })
})

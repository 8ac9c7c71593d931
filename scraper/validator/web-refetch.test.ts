import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createHttp, type Http } from '#infra/net/http.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import { factTime, manualClock, type ManualClock } from '#test/adversary/subnet.ts'
import { story } from '#test/site/story.ts'
import { sharedPages as pool } from '../document/page-pool.fixture.ts'
import type { JobWishes, Refetch, Refetched } from './refetch.ts'
import { hostBudget, webRefetch } from './web-refetch.ts'

const pages: Record<string, string> = {
  '/robots.txt': 'User-agent: *\nDisallow: /closed\nCrawl-delay: 3\n',
  '/page': `<html lang="en"><head><title>Bread</title><meta property="article:published_time" content="2026-01-02T00:00:00Z"></head>
    <body><main><h1>Bread</h1><p>${story(1)}</p></main></body></html>`,
  '/signed?b=2&a=%2f': `<html lang="en"><body><main><p>${story(3)}</p></main></body></html>`,
  '/session?PHPSESSID=1': `<html lang="en"><body><main><p>${story(4)}</p></main></body></html>`,
  '/short': `<html><body><main><p>${story(2, 1)}</p></main></body></html>`,
  '/empty': '<html><body></body></html>',
  '/closed': '<html><body>closed</body></html>',
  '/new-name': `<html lang="en"><body><main><p>${story(5)}</p></main></body></html>`,
  '/shell': `<html><body><div id="root"></div><script>${'x'.repeat(9000)}</script></body></html>`,
}
let server: Server
let origin: string
let http: Http
let pace: ManualClock
let refetch: Refetch

beforeAll(async () => {
  server = createServer(({ url = '', headers }, response) => {
    const page = pages[url === '/german' && headers['accept-language'] === 'de' ? '/page' : url]
    if (url === '/german' && page === undefined) return void response.writeHead(406).end()
    if (url === '/session') return void response.writeHead(302, { location: '/session?PHPSESSID=1' }).end()
    if (url === '/old-name') return void response.writeHead(301, { location: '/new-name' }).end()
    if (url === '/taken-down') return void response.writeHead(301, { location: '/nowhere' }).end()
    if (url === '/round') return void response.writeHead(302, { location: '/round' }).end()
    if (url === '/members') return void response.writeHead(403).end()
    if (url === '/broken') return void response.writeHead(503).end()
    return void response
      .writeHead(page === undefined ? 404 : 200, { 'content-type': url.endsWith('.txt') ? 'text/plain' : 'text/html; charset=utf-8' })
      .end(page)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  http = createHttp({ userAgent: 'orrery-test', timeoutMs: 60_000, bytesMax: 2 ** 20, hosts: () => undefined, allowPrivate: [origin, 'http://127.0.0.1:9'] })
})
afterAll(async () => {
  await http[Symbol.asyncDispose]()
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  pace = manualClock(factTime)
  refetch = webRefetch({ http, pages: pool, telemetry: createTelemetry(), pace, facts: pace, hostDelayMs: 1000, contact: '' })
})

const look = (url: string, wishes?: JobWishes): Promise<Refetched> => refetch(url, new AbortController().signal, wishes)

describe('webRefetch', () => {
  test('finds the document a miner finds', async () => {
    const found = await look(`${origin}/page`)
    expect(found).toMatchObject({ state: 'found', page: { published_at: new Date('2026-01-02T00:00:00Z'), text: `# Bread\n\n${story(1)}` } })
  })

  test('asks of a text what the job of its row asks', async () => {
    expect(await look(`${origin}/short`)).toMatchObject({ state: 'gone', reason: 'gopher_too_short' })
    pace.advance(10_000)
    expect(await look(`${origin}/short`, { quality: { gopher_quality: { words_min: 10 } } })).toMatchObject({ state: 'found', page: { text: story(2, 1) } })
  })

  test('asks for a page as the job of its row asks', async () => {
    expect(await look(`${origin}/german`)).toEqual({ state: 'unfetchable', reason: 'http_406' })
    pace.advance(10_000)
    expect(await look(`${origin}/german`, { headers: { 'accept-language': 'de' } })).toMatchObject({ state: 'found', page: { text: `# Bread\n\n${story(1)}` } })
  })

  test('says that a page is gone, or holds nothing', async () => {
    expect(await look(`${origin}/missing`)).toEqual({ state: 'gone', reason: 'http_404' })
    expect(await look(`${origin}/empty`)).toMatchObject({ state: 'gone' })
  })

  test('looks where a page has moved to, and no further', async () => {
    expect(await look(`${origin}/old-name`)).toMatchObject({ state: 'found', page: { text: story(5), uri: `${origin}/new-name` } })
    pace.advance(10_000)
    expect(await look(`${origin}/taken-down`)).toEqual({ state: 'gone', reason: 'moved' })
  })

  test('does not know what is behind a login, a loop, or scripts that nobody runs here', async () => {
    expect(await look(`${origin}/members`)).toEqual({ state: 'unfetchable', reason: 'http_403' })
    expect(await look(`${origin}/round`)).toMatchObject({ state: 'unfetchable' })
    expect(await look(`${origin}/shell`)).toEqual({ state: 'unfetchable', reason: 'needs_browser' })
  })

  test('says of a page that holds nothing which bytes those were', async () => {
    expect(await look(`${origin}/short`)).toEqual({ state: 'gone', reason: 'gopher_too_short', htmlSha256: sha256Hex(pages['/short'] ?? '') })
  })

  test('asks a host so often in an hour, whoever shows its pages', () => {
    const spent = hostBudget(pace)
    expect(Array.from({ length: 1200 }, () => spent('a.example')).some(Boolean)).toBe(false)
    expect([spent('a.example'), spent('b.example')]).toEqual([true, false])
    pace.advance(3_600_000)
    expect(spent('a.example')).toBe(false)
  })

  test('does not know when robots, the server or the network do not let it look', async () => {
    expect(await look(`${origin}/closed`)).toEqual({ state: 'unfetchable', reason: 'robots_disallowed' })
    expect(await look(`${origin}/broken`)).toEqual({ state: 'unfetchable', reason: 'http_503' })
    expect(await look('http://127.0.0.1:9/page')).toMatchObject({ state: 'unfetchable' })
  })

  test('rests a host between two requests as its robots.txt asks, from that file on', async () => {
    await look(`${origin}/page`)
    expect(pace.now()).toBe(factTime + 3000)
    await look(`${origin}/page`)
    expect(pace.now()).toBe(factTime + 6000)
  })

  test('asks for a page as the miner did, and follows it to its own spelling after a rest', async () => {
    expect(await look(`${origin}/signed?b=2&a=%2f`)).toMatchObject({ state: 'found', page: { text: story(3) } })
    pace.advance(10_000)
    expect(await look(`${origin}/session`)).toMatchObject({ state: 'found', page: { text: story(4) } })
    expect(pace.now()).toBeGreaterThanOrEqual(factTime + 16_000)
  })

  test('lets go of a host where something threw', async () => {
    let isBroken = true
    const get: Http['get'] = async (...asked) => (isBroken ? Promise.reject(new TypeError('planted')) : http.get(...asked))
    const broken = { ...http, get, isVirtual: http.isVirtual }
    const own = webRefetch({ http: broken, pages: pool, telemetry: createTelemetry(), pace, facts: pace, hostDelayMs: 1000, contact: '' })
    const { signal } = new AbortController()
    await expect(own(`${origin}/page`, signal)).rejects.toThrow('planted')
    isBroken = false
    // A turn that nobody ended would last two minutes.
    expect(await own(`${origin}/page`, signal)).toMatchObject({ state: 'found' })
    expect(pace.now()).toBeLessThan(factTime + 10_000)
  })

  test('stops at the signal', async () => {
    await expect(refetch(`${origin}/page`, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
  })
})

import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { SubRequest } from '#infra/net/browser/rendering.ts'
import { sqliteFrontier } from '#infra/frontier/sqlite.ts'
import { createHttp, type HttpOptions } from '#infra/net/http.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { openListener } from '#test/site/listener.ts'
import { openSite, type Page } from '#test/site/site.ts'
import { privateSpellings } from '#test/adversary/private-spellings.ts'
import { createRobots } from '../robots/robots.ts'
import { PageResources, type ResourceServices } from './resources.ts'
import { scriptCache } from './scripts.ts'

const page = 'http://page.localhost/'
const hostDelayMs = 1000

/** A clock that does not wait: what sleeps wakes at once, later. */
function leapingClock() {
  let now = Date.UTC(2026, 0, 20)
  return {
    now: () => now,
    async sleep(durationMs: number, signal?: AbortSignal) {
      signal?.throwIfAborted()
      await new Promise(setImmediate)
      now += Math.max(0, durationMs)
    },
  }
}

/** Resources of a page whose host is claimed, on a web of several hosts. */
async function open(hosts: Record<string, Record<string, Page>>, over: Partial<ResourceServices> = {}, options: Partial<HttpOptions> = {}) {
  const site = await openSite(hosts)
  const pace = leapingClock()
  const frontier = sqliteFrontier(join(await temporaryFolder(), 'frontier.sqlite'), { clock: pace })
  const http = createHttp({ userAgent: 'Orrery/0', timeoutMs: 60_000, bytesMax: 1 << 16, hosts: site.hosts, ...options })
  onTestFinished(async () => {
    await http[Symbol.asyncDispose]()
    await frontier[Symbol.asyncDispose]()
    await site[Symbol.asyncDispose]()
  })
  const telemetry = createTelemetry()
  const scripts = scriptCache(pace)
  const asked: { at: number; path: string }[] = []
  const robots = createRobots(http, pace)
  const services: ResourceServices = {
    http: { ...http, get: (url, more) => (asked.push({ at: pace.now(), path: url.replace('http://', '') }), http.get(url, more)) },
    robots,
    turns: frontier,
    pace,
    telemetry,
    restMs: async (_, crawlDelayMs) => Math.max(hostDelayMs, crawlDelayMs),
    mayAsk: () => true,
    turnMs: 60_000,
    ...over,
  }
  await frontier.add([{ url: page, kind: 'page', label: 'a', priority: 1 }])
  const [claim] = await frontier.claim({ limit: 1, leaseMs: 600_000 })
  const resources = new PageResources(services, scripts, page)
  const get = (url: string, more: Partial<SubRequest> = {}) =>
    resources.load({ url, kind: 'data', headers: {}, leftMs: 60_000, signal: new AbortController().signal, ...more })
  const results = (): Record<string, number> =>
    Object.fromEntries(Object.entries(telemetry.snapshot()).map(([name, count]) => [/result="?([^"}]+)/.exec(name)?.[1] ?? name, count]))
  return { site, pace, frontier, claim, services, scripts, resources, get, asked, results }
}

const busy: Page = (response) => void response.writeHead(429, { 'retry-after': '7' }).end()
const to =
  (location: string): Page =>
  (response) =>
    void response.writeHead(302, { location }).end()

const body = (answer: { body: Uint8Array } | undefined): string | undefined => answer && new TextDecoder().decode(answer.body)

test('the page’s host is asked one by one, with the rest that its robots.txt asks for, and rests afterwards', async () => {
  const { resources, get, asked, frontier, claim, pace } = await open({
    'page.localhost': { '/robots.txt': 'User-agent: *\nCrawl-delay: 3\nDisallow: /private', '/a.js': 'a', '/b.json': 'b' },
  })
  const begun = pace.now()
  await resources.begin()
  const answers = await Promise.all([get(`${page}a.js`, { kind: 'script' }), get(`${page}b.json`), get(`${page}private/x`)])
  expect(answers.map(body)).toEqual(['a', 'b', undefined])
  expect(asked.map(({ path }) => path)).toEqual(['page.localhost/a.js', 'page.localhost/b.json'])
  expect((asked[0]?.at ?? 0) - begun).toBeGreaterThanOrEqual(3000)
  expect((asked[1]?.at ?? 0) - (asked[0]?.at ?? 0)).toBeGreaterThanOrEqual(3000)
  const answered = pace.now()
  await frontier.add([{ url: `${page}next`, kind: 'page', label: 'a', priority: 1 }])
  await frontier.done(claim!, { outcome: 'stored', hostDelayMs: 0 })
  expect(await frontier.nextReadyAt()).toBeGreaterThanOrEqual(answered + 3000)
})

test('another host is asked in its turn: its robots.txt first, never beside a claim of it', async () => {
  const { get, frontier, asked, site } = await open({ 'page.localhost': {}, 'api.localhost': { '/data': 'd', '/more': 'm' } })
  await frontier.add([{ url: 'http://api.localhost/', kind: 'page', label: 'a', priority: 1 }])
  const [claim] = await frontier.claim({ limit: 1, leaseMs: 5000 })
  expect(claim?.url).toBe('http://api.localhost/')
  expect(await get('http://api.localhost/data', { leftMs: 500 })).toBeUndefined()
  expect(site.requests).toEqual([])
  await frontier.done(claim!, { outcome: 'stored', hostDelayMs: 2000 })
  expect(body(await get('http://api.localhost/data'))).toBe('d')
  expect(body(await get('http://api.localhost/more'))).toBe('m')
  expect(site.paths('api.localhost')).toEqual(['/robots.txt', '/data', '/more'])
  expect((asked[1]?.at ?? 0) - (asked[0]?.at ?? 0)).toBeGreaterThanOrEqual(hostDelayMs)
})

test('429 holds the host as long as it asks, and it is not asked again for this page', async () => {
  const { get, site, frontier, pace, results } = await open({ 'page.localhost': {}, 'api.localhost': { '/data': busy, '/more': 'm' } })
  expect((await get('http://api.localhost/data'))?.status).toBe(429)
  const answered = pace.now()
  expect(await get('http://api.localhost/more')).toBeUndefined()
  expect(site.paths('api.localhost')).toEqual(['/robots.txt', '/data'])
  expect(results()).toMatchObject({ http_429: 1, host_in_trouble: 1 })
  await frontier.add([{ url: 'http://api.localhost/', kind: 'page', label: 'a', priority: 1 }])
  expect(await frontier.claim({ limit: 1, leaseMs: 1000 })).toEqual([])
  expect(await frontier.nextReadyAt()).toBeGreaterThanOrEqual(answered + 7000)
})

test('a host whose robots.txt cannot be read is not asked', async () => {
  const { get, site } = await open({ 'page.localhost': {}, 'api.localhost': { '/robots.txt': (r) => void r.writeHead(503).end(), '/data': 'd' } })
  expect(await get('http://api.localhost/data')).toBeUndefined()
  expect(await get('http://api.localhost/data')).toBeUndefined()
  expect(site.paths('api.localhost')).toEqual(['/robots.txt'])
})

test('what is not reached in time is left', async () => {
  const { resources, get, asked, results } = await open({ 'page.localhost': { '/a': 'a', '/b': 'b', '/c': 'c' } })
  await resources.begin()
  const answers = await Promise.all(['a', 'b', 'c'].map((path) => get(page + path, { leftMs: 2500 })))
  expect(answers.map(body)).toEqual(['a', 'b', undefined])
  expect(asked).toHaveLength(2)
  expect(results()).toMatchObject({ ok: 2, late: 1 })
  await expect(get(`${page}d`, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
})

test('a script is asked for once, whoever wants it, and so is one that is not there', async () => {
  const { get, site, services, scripts } = await open({ 'page.localhost': {}, 'cdn.localhost': { '/lib.js': 'lib' } })
  const other = new PageResources(services, scripts, 'http://other.localhost/')
  const urls = ['http://cdn.localhost/lib.js', 'http://cdn.localhost/gone.js']
  for (const url of urls) {
    const request = { url, kind: 'script' as const, headers: {}, leftMs: 60_000, signal: new AbortController().signal }
    const [mine, yours] = await Promise.all([get(`${url}#x`, { kind: 'script' }), other.load(request)])
    expect(yours).toEqual(mine)
    await get(url, { kind: 'script' })
  }
  expect(site.paths('cdn.localhost')).toEqual(['/robots.txt', '/lib.js', '/gone.js'])
})

test('redirects are requests of their own, and not too many', async () => {
  const { get, site, asked } = await open({
    'page.localhost': { '/moved': to('http://cdn.localhost/real'), '/loop': to('/loop') },
    'cdn.localhost': { '/robots.txt': 'User-agent: *\nDisallow: /closed', '/real': 'real', '/closed': 'closed' },
  })
  expect(body(await get(`${page}moved`))).toBe('real')
  site.set('page.localhost', { '/moved': to('http://cdn.localhost/closed') })
  expect(await get(`${page}moved`)).toBeUndefined()
  expect(site.paths('cdn.localhost')).toEqual(['/robots.txt', '/real'])
  expect(await get(`${page}loop`)).toBeUndefined()
  expect(asked.filter(({ path }) => path === 'page.localhost/loop')).toHaveLength(6)
})

test('no spelling of a private address is contacted, nor one that a redirect leads to', async () => {
  await using listener = await openListener()
  const urls = privateSpellings.map((spelling) => spelling.replace('P', String(listener.port))).filter((url) => URL.canParse(url))
  const { get } = await open(
    { 'page.localhost': Object.fromEntries(urls.map((url, i) => [`/${i}`, (r) => void r.writeHead(302, { location: new URL(url).href }).end()])) },
    {},
    { ports: [listener.port] },
  )
  for (const [i, url] of urls.entries()) {
    expect(await get(url)).toBeUndefined()
    expect(await get(page + i)).toBeUndefined()
  }
  expect(listener.connections()).toBe(0)
})

test('a page makes us ask only so many other hosts, and only those we may ask', async () => {
  const hosts = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`h${i}.localhost`, { '/': 'x' }]))
  const { get, site } = await open({ 'page.localhost': {}, ...hosts }, { mayAsk: (url) => !url.includes('h3.') })
  const answers = []
  for (const host of Object.keys(hosts)) answers.push(body(await get(`http://${host}/`)))
  expect(answers).toEqual(['x', 'x', 'x', undefined, 'x', 'x', 'x', 'x', 'x', undefined, undefined, undefined])
  expect(site.paths('h3.localhost')).toEqual([])
})

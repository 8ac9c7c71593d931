import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { createHttp, type Http } from '#infra/net/http.ts'
import { openSite, type Page } from '#test/site/site.ts'
import { job, leapingClock, openBench } from './bench.fixture.ts'
import { good, send } from './pages.fixture.ts'

const reasonsOf = async (bench: { rejects(): Promise<{ subject: string; reason: string }[]> }) =>
  Object.fromEntries((await bench.rejects()).map(({ subject, reason }) => [new URL(subject).pathname, reason]))

test('a hostile web: every URL ends with its reason, and the good pages are kept', async () => {
  const pages: Record<string, Page> = {
    '/bomb': send(gzipSync(Buffer.alloc(4 << 20)), { 'content-encoding': 'gzip' }),
    '/broken-gzip': send(gzipSync('torn').subarray(0, 12), { 'content-encoding': 'gzip' }),
    '/huge': send(Buffer.alloc((1 << 20) + 1)),
    '/loop': send('', { location: '/loop' }, 302),
    '/private': send('', { location: 'http://169.254.169.254/latest/meta-data/' }, 302),
    '/file': send('', { location: 'file:///etc/passwd' }, 302),
    '/binary': send(Buffer.alloc(1000, 255), { 'content-type': 'application/octet-stream' }),
    '/bytes': send(Buffer.from([0x3c, 0x70, 0x3e, 0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80]), { 'content-type': 'text/html; charset=utf-8' }),
    '/deep': send('<div>'.repeat(100_000)),
    '/short': (response) =>
      void response.writeHead(200, { 'content-type': 'text/html', 'content-length': '1000' }).write('short', () => response.socket?.destroy()),
    '/reset': (response) => void response.socket?.destroy(),
    '/slow': () => undefined,
    '/gone': send('gone', {}, 410),
    '/error': send('oops', {}, 500),
    '/headers': send('x', { 'x-long': 'y'.repeat(40_000) }),
  }
  const links = [...Object.keys(pages), '/good', `/${'a'.repeat(100_000)}`, 'javascript:void(0)', 'http://[::1]/', '//0x7f000001/x']
  await using site = await openSite({ 'a.localhost': { '/': good(1, links), '/good': good(2), ...pages } })
  const pace = leapingClock()
  // Of what answers none may be late on a busy machine.
  await using hasty = createHttp({ userAgent: 'Orrery/0', timeoutMs: 250, bytesMax: 1, hosts: site.hosts })
  const network = (http: Http): Http => ({ ...http, get: (url, get) => (url.endsWith('/slow') ? hasty : http).get(url, get) })
  await using bench = await openBench(site, { pace, network })
  const reports = [await bench.cycle()]
  // Trouble of the way there is tried three times, later each time: beyond what a cycle waits for.
  for (let again = 0; again < 6; again++) {
    pace.leap(60_000)
    reports.push(await bench.cycle())
  }
  expect(await reasonsOf(bench)).toEqual({
    '/bomb': 'too_large',
    '/broken-gzip': 'bad_encoding',
    '/huge': 'too_large',
    '/loop': 'redirect_loop',
    '/private': 'redirected',
    '/file': 'redirected',
    '/binary': 'not_html',
    '/bytes': 'doubtful_charset',
    '/deep': 'too_deep',
    '/short': 'truncated_body',
    '/reset': 'connection_failed',
    '/slow': 'timeout',
    '/gone': 'http_410',
    '/error': 'http_500',
    '/headers': 'headers_too_large',
  })
  expect(reports.reduce((stored, { visits }) => stored + visits.stored, 0)).toBe(2)
  expect(site.paths('a.localhost').filter((path) => path === '/reset')).toHaveLength(3)
})

test('429 with Retry-After holds the whole host that long, then the page is asked again', async () => {
  const pace = leapingClock()
  const asked: { path: string; at: number }[] = []
  const note =
    (page: Page): Page =>
    (response, request) => {
      asked.push({ path: request.path, at: pace.now() })
      return typeof page === 'string' ? void response.writeHead(200, { 'content-type': 'text/html' }).end(page) : page(response, request)
    }
  let refusals = 1
  const busy =
    (html: string): Page =>
    (response, request) =>
      (refusals-- > 0 ? send('', { 'retry-after': '7' }, 429) : send(html))(response, request)
  await using site = await openSite({
    'a.localhost': { '/': note(send(good(1, ['/b', '/c']))), '/b': note(busy(good(2))), '/c': note(busy(good(3))) },
  })
  await using bench = await openBench(site, { pace })
  expect((await bench.cycle()).visits).toMatchObject({ stored: 3 })
  expect(asked.map(({ path }) => path).toSorted()).toEqual(['/', ...['/b', '/c', asked[1]?.path].toSorted()])
  expect((asked[2]?.at ?? 0) - (asked[1]?.at ?? 0)).toBeGreaterThanOrEqual(7000)
})

test('a host rests between two requests, as long as robots.txt asks', async () => {
  const pace = leapingClock()
  const asked: number[] = []
  const note =
    (body: string): Page =>
    (response) => {
      asked.push(pace.now())
      response.writeHead(200, { 'content-type': 'text/html' }).end(body)
    }
  await using site = await openSite({
    '127.0.0.1': { '/robots.txt': 'User-agent: *\nCrawl-delay: 3\nDisallow: /never', '/': note(good(1, ['/b', '/never'])), '/b': note(good(2)) },
  })
  await using bench = await openBench(site, { pace, hostDelayMs: 1000, jobs: [job('all', [`${site.origin}/`], [`${site.origin}/*`])] })
  expect((await bench.cycle()).visits).toMatchObject({ stored: 2 })
  expect((asked[1] ?? 0) - (asked[0] ?? 0)).toBeGreaterThanOrEqual(3000)
  expect(await reasonsOf(bench)).toEqual({ '/never': 'robots_disallowed' })
  expect(site.paths('127.0.0.1')).not.toContain('/never')
})

const versioned =
  (etag: string, body: string): Page =>
  (response, request) =>
    request.headers['if-none-match'] === etag ? void response.writeHead(304, { etag }).end() : send(body, { etag })(response, request)

test('a second cycle asks conditionally, and stores again only what has changed', async () => {
  const pace = leapingClock()
  await using site = await openSite({ 'a.localhost': { '/': versioned('"1"', good(1, ['/b'])), '/b': versioned('"1"', good(2)) } })
  await using bench = await openBench(site, { pace })
  await bench.cycle()
  site.set('a.localhost', { '/b': versioned('"2"', good(3)) })
  pace.leap(3_700_000)
  const second = await bench.cycle()
  expect(second).toMatchObject({ cycle: 2, visits: { stored: 1, unchanged: 1 } })
  expect(site.requests.slice(-2).map(({ headers }) => headers['if-none-match'])).toEqual(['"1"', '"1"'])
})

test('what a page asks is obeyed: noindex is not kept, nofollow leads nowhere, robots.txt names sitemaps', async () => {
  await using site = await openSite({
    'a.localhost': {
      '/robots.txt': 'Sitemap: /map.xml',
      '/map.xml': '<urlset><url><loc>http://a.localhost/listed</loc></url><url><loc>http://elsewhere.example/</loc></url></urlset>',
      '/': good(1, ['/noindex', '/nofollow']),
      '/noindex': send(good(2, ['/behind-noindex']), { 'x-robots-tag': 'noindex' }),
      '/nofollow': `<meta name="robots" content="nofollow">${good(3, ['/behind-nofollow'])}`,
      '/behind-noindex': good(4),
      '/behind-nofollow': good(5),
      '/listed': good(6),
    },
  })
  await using bench = await openBench(site)
  expect(await bench.cycle()).toMatchObject({ visits: { stored: 4, rejected: 1 }, sitemaps: 1 })
  expect(await reasonsOf(bench)).toEqual({ '/noindex': 'noindex' })
  expect(site.paths('a.localhost')).not.toContain('/behind-nofollow')
})

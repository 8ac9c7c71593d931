import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sqliteHostNotes } from '#infra/host-notes/sqlite.ts'
import { createHttp } from '#infra/net/http.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { openSite, type Page } from '#test/site/site.ts'
import { askAtOnce, type AskFile } from './host-file.ts'
import { createRobots } from './robots.ts'
import { robotsBytesMax } from './robots-txt.ts'

const status =
  (code: number, headers: Record<string, string> = {}): Page =>
  (response) =>
    void response.writeHead(code, headers).end('x')

async function robotsOf(page: Page | undefined, more: Record<string, Page> = {}, laterMs = 0) {
  const clock = manualClock()
  await using site = await openSite({ 'h.localhost': page === undefined ? more : { '/robots.txt': page, ...more }, 'other.localhost': {} })
  await using http = createHttp({ userAgent: 'x', timeoutMs: 60_000, bytesMax: 1000, hosts: site.hosts })
  const robots = createRobots(http, clock)
  const at = clock.now()
  const [found] = await Promise.all([robots.of('http://h.localhost/a'), robots.of('http://h.localhost/b')])
  clock.advance(laterMs)
  await robots.of('http://h.localhost/c')
  return { found, at, asked: site.paths('h.localhost').filter((path) => path === '/robots.txt').length }
}
const hops = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`/hop/${i + 1}`, i + 1 === count ? 'User-agent: *\nDisallow: /a' : status(302, { location: `/hop/${i + 2}` })]),
  )

test('§2.3 a host is asked once for many, at its root', async () => expect((await robotsOf('User-agent: *\nDisallow: /a')).asked).toBe(1))
test.each([
  [86_399_000, 1],
  [86_400_000, 2],
])('§2.4 what is known is good for a day: after %i ms it was asked %i times', async (ms, asked) => {
  expect((await robotsOf('User-agent: *\nDisallow: /a', {}, ms)).asked).toBe(asked)
})
test.each([300, 304, 400, 401, 403, 404, 410, 499])('§2.3.1.3 %i: all is allowed', async (code) => {
  expect((await robotsOf(status(code))).found).toMatchObject({ state: 'absent' })
})
test.each([500, 503, 599, 429])('§2.3.1.4 %i: nothing may be fetched', async (code) => {
  expect((await robotsOf(status(code))).found).toMatchObject({ state: 'unreachable', reason: `http_${code}` })
})
test('§2.3.1.4 network trouble: nothing may be fetched, and the host is asked again in a minute', async () => {
  const { found, asked } = await robotsOf((response) => void response.socket?.destroy(), {}, 60_000)
  expect(found).toMatchObject({ state: 'unreachable', reason: 'connection_failed' })
  expect(asked).toBe(2)
})
test('§2.3.1.2 five redirects are followed', async () => {
  const { found } = await robotsOf(status(301, { location: '/hop/1' }), hops(5))
  expect(found.state === 'found' && found.rules.allows('/a')).toBe(false)
})
test('§2.3.1.2 a sixth is as good as no file', async () => {
  expect((await robotsOf(status(301, { location: '/hop/1' }), hops(6))).found.state).toBe('absent')
})
test.each(['/robots.txt', 'http://[broken', 'ftp://h.localhost/robots.txt', ''])('§2.3.1.2 a redirect to %j comes to no file', async (location) => {
  const { found, asked } = await robotsOf(status(302, { location }), {}, 86_399_000)
  expect(found).toMatchObject({ state: 'absent' })
  expect(asked).toBe(1)
})
test('§2.3.1.2 nor does one without an address, nor two that lead to each other', async () => {
  expect((await robotsOf(status(302))).found.state).toBe('absent')
  const { found, asked } = await robotsOf(status(302, { location: '/check' }), { '/check': status(302, { location: '/robots.txt' }) })
  expect([found.state, asked]).toEqual(['absent', 1])
})
test.each([
  [503, '7200', 7_200_000],
  [429, '30', 30_000],
  [500, '999999', 86_400_000],
  [503, 'Thu, 01 Jan 1970 00:00:00 GMT', 0],
  [503, 'soon', 60_000],
  [503, undefined, 60_000],
])('a host that answers %i with Retry-After: %s is asked again after that, a day at most', async (code, retryAfter, waitMs) => {
  const { found, at } = await robotsOf(status(code, retryAfter === undefined ? {} : { 'retry-after': retryAfter }))
  expect(found).toMatchObject({ state: 'unreachable', until: at + waitMs })
})
test('of a file that is too long no line counts that is cut', async () => {
  const start = 'User-agent: *\nDisallow: /b\n#'
  const end = '\nDisallow: /'
  const text = `${start}${'x'.repeat(robotsBytesMax - start.length - end.length)}${end}private`
  const { found } = await robotsOf((response) => void response.end(text))
  expect(found.state === 'found' && [found.rules.allows('/a'), found.rules.allows('/b')]).toEqual([true, false])
})
test('what was read is good for its day in the next process, too, until its clock says otherwise', async () => {
  const clock = manualClock()
  const long = `User-agent: *\nCrawl-delay: 7\nDisallow: /a\nSitemap: /map.xml\n${'Disallow: /quite/a/long/path/that/nobody/has\n'.repeat(10_000)}`
  await using site = await openSite({
    'h.localhost': { '/robots.txt': long },
    'none.localhost': {},
    'busy.localhost': { '/robots.txt': status(503, { 'retry-after': '7200' }) },
  })
  await using http = createHttp({ userAgent: 'x', timeoutMs: 60_000, bytesMax: 1000, hosts: site.hosts })
  await using notes = sqliteHostNotes(join(await temporaryFolder(), 'hosts.sqlite'), { clock })
  const said = async (robots = createRobots(http, clock, notes)) => {
    const [found, none, busy] = await Promise.all(['h', 'none', 'busy'].map(async (host) => robots.of(`http://${host}.localhost/`)))
    return [found?.state === 'found' && [found.rules.allows('/a'), found.rules.crawlDelayMs, found.rules.sitemaps.map(({ url }) => url)], none?.state, busy]
  }
  const first = await said()
  expect(first).toEqual([
    [false, 7000, ['http://h.localhost/map.xml']],
    'absent',
    expect.objectContaining({ state: 'unreachable', reason: 'http_503', isAsked: true }),
  ])
  clock.advance(7_199_000)
  expect(await said()).toEqual(first)
  expect(site.requests).toHaveLength(3)
  clock.advance(79_200_000)
  await said()
  expect(site.requests).toHaveLength(4)
  clock.advance(1000)
  await said()
  expect(site.requests).toHaveLength(6)
  // By a clock that was ahead it would be good for longer than a day.
  clock.advance(-86_400_000)
  await said()
  expect(site.requests).toHaveLength(9)
})
test('hop by hop: who cannot ask now goes on later where he was, and nobody is asked twice', async () => {
  const clock = manualClock()
  const moved = status(308, { location: 'http://other.localhost/robots.txt' })
  await using site = await openSite({ 'h.localhost': { '/robots.txt': moved }, 'other.localhost': { '/robots.txt': 'User-agent: *\nDisallow: /a' } })
  await using http = createHttp({ userAgent: 'x', timeoutMs: 60_000, bytesMax: 1000, hosts: site.hosts })
  const robots = createRobots(http, clock)
  let left = 1
  const once: AskFile = async (url, read) => (left-- > 0 ? askAtOnce(http)(url, read) : undefined)
  expect([await robots.read('http://h.localhost/', once), await robots.read('http://h.localhost/', once), robots.known('http://h.localhost/')]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  const found = await robots.of('http://h.localhost/')
  expect(found.state === 'found' && found.rules.allows('/a')).toBe(false)
  expect(site.requests.map(({ host }) => host)).toEqual(['h.localhost', 'other.localhost'])
})
test('§2.3.1.2 what another authority says counts for the host that was asked', async () => {
  const clock = manualClock()
  const moved = status(308, { location: 'http://other.localhost/robots.txt' })
  await using site = await openSite({ 'h.localhost': { '/robots.txt': moved }, 'other.localhost': { '/robots.txt': 'User-agent: *\nDisallow: /a' } })
  await using http = createHttp({ userAgent: 'x', timeoutMs: 60_000, bytesMax: 1000, hosts: site.hosts })
  const found = await createRobots(http, clock).of('http://h.localhost/')
  expect(found.state === 'found' && found.rules.allows('/a')).toBe(false)
})
test('§2.5 a file counts as far as 500 KiB', async () => {
  const filler = '# filler\n'
  const head = 'User-agent: *\nDisallow: /a\n'
  const fits = filler.repeat(Math.floor((500 * 1024 - head.length - 20) / filler.length))
  const { found } = await robotsOf((response) => void response.end(`${head}${fits}Disallow: /b\n${filler.repeat(100)}Disallow: /c`))
  expect(found.state === 'found' && ['/a', '/b', '/c'].map((path) => found.rules.allows(path))).toEqual([false, false, true])
})
test('§2.3 it is UTF-8, whatever the server says of it; another text that is no robots.txt says nothing', async () => {
  const { found } = await robotsOf(
    (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome</h1>\nUser-agent: *\nDisallow: /é'),
  )
  expect(found.state === 'found' && [found.rules.allows('/%C3%A9'), found.rules.allows('/')]).toEqual([false, true])
})

import { expect, test } from 'vitest'
import { createHttp } from '#infra/net/http.ts'
import { manualClock } from '#test/manual-clock.ts'
import { openSite, type Page } from '#test/site/site.ts'
import { createRobots } from './robots.ts'

const status =
  (code: number, headers: Record<string, string> = {}): Page =>
  (response) =>
    void response.writeHead(code, headers).end('x')

async function robotsOf(page: Page | undefined, more: Record<string, Page> = {}, laterMs = 0) {
  const clock = manualClock()
  await using site = await openSite({ 'h.localhost': page === undefined ? more : { '/robots.txt': page, ...more }, 'other.localhost': {} })
  await using http = createHttp({ userAgent: 'x', timeoutMs: 2000, bytesMax: 1000, hosts: site.hosts })
  const robots = createRobots(http, clock)
  const [found] = await Promise.all([robots.of('http://h.localhost/a'), robots.of('http://h.localhost/b')])
  clock.advance(laterMs)
  await robots.of('http://h.localhost/c')
  return { found, asked: site.paths('h.localhost').filter((path) => path === '/robots.txt').length }
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
test.each([400, 401, 403, 404, 410, 499])('§2.3.1.3 %i: all is allowed', async (code) => {
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
test('§2.3.1.2 what another authority says counts for the host that was asked', async () => {
  const clock = manualClock()
  const moved = status(308, { location: 'http://other.localhost/robots.txt' })
  await using site = await openSite({ 'h.localhost': { '/robots.txt': moved }, 'other.localhost': { '/robots.txt': 'User-agent: *\nDisallow: /a' } })
  await using http = createHttp({ userAgent: 'x', timeoutMs: 2000, bytesMax: 1000, hosts: site.hosts })
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

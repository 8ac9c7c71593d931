import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { jobId } from '#schemas/desirability.ts'
import { lineage } from '#schemas/lineage.ts'
import { openSite, type Page } from '#test/site/site.ts'
import { job, leapingClock, openBench } from '../miner/bench.fixture.ts'
import { good, send } from '../miner/pages.fixture.ts'

const sitemap = (...urls: string[]) => send(`<urlset>${urls.map((url) => `<url><loc>${url}</loc></url>`).join('')}</urlset>`, { 'content-type': 'text/xml' })
const moves = (to: string) => send('', { location: to }, 302)
const indexed = (head: string) => `<html><head><meta name="robots" content="${head}"></head><body><p>Nothing.</p></body></html>`

/** A loopback port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

type Pages = Record<string, Page>

/** What one cycle says of these seeds of one source that includes `a.localhost` alone. */
async function deadOf(seeds: readonly string[], pages: Pages, include = ['http://a.localhost/*']) {
  await using site = await openSite({
    'a.localhost': pages,
    'b.localhost': { '/': good(1) },
    'none.localhost': {},
    'forbids.localhost': { '/robots.txt': 'User-agent: *\nDisallow: /' },
  })
  await using bench = await openBench(site, { jobs: [job('all', [...seeds], include)] })
  const { dead_seeds } = await bench.cycle()
  return dead_seeds
}
const causesOf = async (...args: Parameters<typeof deadOf>) => Object.fromEntries((await deadOf(...args)).map(({ url, cause }) => [url, cause]))

test('each seed that came to nothing is named with its cause, and no other', async () => {
  const seeds = [
    ...['/', '/gone', '/pdf', '/noindex', '/short', '/self', '/away', '/sitemap.xml', '/empty-sitemap.xml', '/other-sitemap.xml', '/no-sitemap.xml'].map(
      (path) => `http://a.localhost${path}`,
    ),
    'http://forbids.localhost/',
    'http://10.1.2.3/',
    'http://127.0.0.1:9/',
  ]
  const pages = {
    '/': good(2),
    '/story': good(3),
    '/pdf': send('%PDF', { 'content-type': 'application/pdf' }),
    '/noindex': indexed('noindex, nofollow'),
    '/short': '<p>Too short.</p><a href="http://b.localhost/">elsewhere</a>',
    '/self': send('', { location: '/self' }, 301),
    '/away': send('', { location: 'http://b.localhost/' }, 301),
    '/sitemap.xml': sitemap('http://a.localhost/story'),
    '/empty-sitemap.xml': sitemap(),
    '/other-sitemap.xml': sitemap('http://a.localhost:8080/b', 'http://a.localhost:8080/c'),
  }
  expect(await causesOf(seeds, pages)).toEqual({
    'http://a.localhost/gone': 'http_404',
    'http://a.localhost/pdf': 'not_html',
    'http://a.localhost/noindex': 'noindex',
    'http://a.localhost/short': 'gopher_too_short',
    'http://a.localhost/self': 'redirect_loop',
    'http://a.localhost/away': 'moved_outside',
    'http://a.localhost/empty-sitemap.xml': 'lists_nothing',
    'http://a.localhost/other-sitemap.xml': 'lists_nothing_included',
    'http://a.localhost/no-sitemap.xml': 'http_404',
    'http://forbids.localhost/': 'robots_disallowed',
    'http://10.1.2.3/': 'private_address',
    'http://127.0.0.1:9/': 'private_address',
  })
})

test('a seed that nobody answers at, or whose name nobody knows, says so while it waits for its next try', async () => {
  const [refusing, port] = [`http://127.0.0.1:${await closedPort()}`, await closedPort()]
  await using site = await openSite({ 'a.localhost': { '/': good(1) } })
  const jobs = [job('all', [`${refusing}/`, 'http://a.localhost/', `http://unknown.localhost:${port}/`], ['http://*.localhost/*', `${refusing}/*`])]
  await using bench = await openBench(site, { jobs, allowPrivate: [refusing] })
  const { dead_seeds } = await bench.cycle()
  expect(dead_seeds).toMatchObject([
    { url: `${refusing}/`, cause: 'connection_refused', says: 'refused: nobody listens there' },
    { url: `http://unknown.localhost:${port}/`, cause: expect.stringMatching(/^(?:private_address|dns_failed|port_refused)$/) },
  ])
})

test('a seed that leads out of its source is told with the address that would be included', async () => {
  const [dead] = await deadOf(['http://a.localhost/'], { '/': send('', { location: 'http://b.localhost/' }, 301) })
  expect(dead?.says).toBe('it leads to http://b.localhost/, which no source includes; seed that address, or include http://b.localhost/*')
})

test('a seed that leads to another page fares as that page does', async () => {
  const pages = { '/old': moves('/new'), '/new': good(4), '/lost': moves('/gone'), '/lost-too': moves('/gone') }
  expect(await deadOf(['http://a.localhost/old', 'http://a.localhost/lost', 'http://a.localhost/lost-too'], pages)).toMatchObject([
    { url: 'http://a.localhost/lost', cause: 'http_404', says: 'answered 404, there is no such page (it leads to http://a.localhost/gone)' },
    { url: 'http://a.localhost/lost-too', cause: 'http_404' },
  ])
})

test('a seed that is no document itself is alive by what it links to; a source of which no page was kept is not', async () => {
  const pages = { '/': '<p>Contents.</p><a href="/story">A story</a>', '/story': good(5) }
  expect(await deadOf(['http://a.localhost/'], pages)).toEqual([])
  const [dead] = await deadOf(['http://a.localhost/'], { ...pages, '/story': '<p>Too short.</p>' })
  expect(dead).toMatchObject({ cause: 'nothing_kept', says: expect.stringContaining('2 × gopher_too_short') })
})

test('what changes is told once, by this run or the next', async () => {
  await using site = await openSite({ 'a.localhost': { '/': send('', {}, 404) } })
  const clock = leapingClock()
  await using bench = await openBench(site, { reproducible: false, pace: clock })
  const told: string[] = []
  bench.telemetry.listen(({ name, fields }) => name === 'crawl.seed' && told.push(`${fields['state']} ${fields['cause'] ?? ''}`))
  expect((await bench.cycle()).dead_seeds).toHaveLength(1)
  expect((await bench.cycle()).dead_seeds).toHaveLength(1)
  expect(told).toEqual(['dead http_404'])
})

test('a source that comes to include where its seed leads asks there, by itself', async () => {
  await using site = await openSite({ 'a.localhost': { '/': send('', { location: 'http://b.localhost/' }, 301) }, 'b.localhost': { '/': good(6) } })
  const before = job('all', ['http://a.localhost/'], ['http://a.localhost/*'])
  await using bench = await openBench(site, { jobs: [before] })
  expect((await bench.cycle()).dead_seeds).toMatchObject([{ cause: 'moved_outside' }])
  const head = await bench.catalog.head(lineage.desirability)
  const web = { ...before.web, include: ['http://*.localhost/*'] }
  const jobs = [{ ...before, id: jobId(before.params, web), web }]
  await bench.catalog.commit(lineage.desirability, head?.sha256, { kind: 'desirability', parent: head?.sha256 ?? null, jobs, evidence: [], caused_by: null })
  expect(await bench.cycle()).toMatchObject({ visits: { stored: 1 }, dead_seeds: [] })
})

import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { decodeDocuments } from '#schemas/parquet/decode.ts'
import { openSite, type Page } from '#test/site/site.ts'
import { leapingClock, openBench } from './bench.fixture.ts'
import { good, send } from './pages.fixture.ts'

const hour = 3_600_000
const day = 24 * hour

type Bench = Awaited<ReturnType<typeof openBench>>

/** Runs cycles whenever something is due, for so long; returns the visits that each label of outcome had. */
async function live({ cycle, frontier, pace }: Bench, forMs: number) {
  const end = pace.now() + forMs
  const sum = { stored: 0, unchanged: 0, rejected: 0, failed: 0 }
  for (;;) {
    const { visits } = await cycle()
    for (const outcome of ['stored', 'unchanged', 'rejected', 'failed'] as const) sum[outcome] += visits[outcome]
    const dueAt = (await frontier.nextReadyAt()) ?? Infinity
    if (dueAt > end) return sum
    await pace.sleep(dueAt - pace.now())
  }
}

async function documentsOf({ store }: Bench) {
  const keys = (await Array.fromAsync(store.list(''), ({ key }) => key)).filter((key) => key.endsWith('.parquet'))
  const rows = (await Promise.all(keys.map(async (key) => decodeDocuments(await store.get(key))))).flat()
  return new Map(rows.map((row) => [`${new URL(row.uri).pathname} ${row.version}`, row]))
}

const nonces: Record<string, (nonce: string) => string> = {
  'a comment': (nonce) => `<!-- ${nonce} -->${good(1)}`,
  'a script': (nonce) => good(1).replace('</head>', `<script nonce="${nonce}">var token = "${nonce}"</script></head>`),
  'a meta element': (nonce) => good(1).replace('</head>', `<meta name="csrf-token" content="${nonce}"></head>`),
  'a form': (nonce) => good(1).replace('</main>', `</main><form><input type="hidden" name="token" value="${nonce}"></form>`),
  'an image': (nonce) => good(1).replace('</main>', `<img src="/pixel.gif?${nonce}" alt=""></main>`),
}

describe('a page whose bytes are others each time, and whose text is not', () => {
  test.each(Object.keys(nonces))('has one version, and is left alone longer and longer (%s)', async (place) => {
    const pace = leapingClock()
    await using site = await openSite({ 'a.localhost': { '/': (response, request) => send(nonces[place]!(randomUUID()))(response, request) } })
    await using bench = await openBench(site, { pace })
    expect(await live(bench, 30 * day)).toEqual({ stored: 1, unchanged: 6, rejected: 0, failed: 0 })
  })
})

test('a token that is drawn for each visit is no news in a link either', async () => {
  const pace = leapingClock()
  await using site = await openSite({ 'a.localhost': { '/': (response, request) => send(good(1, [`/login?token=${randomUUID()}`]))(response, request) } })
  await using bench = await openBench(site, { pace })
  await live(bench, 30 * day)
  expect(site.paths('a.localhost').filter((path) => path === '/')).toHaveLength(7)
})

test('a page whose text changes is visited more often than one whose text stays', async () => {
  const pace = leapingClock()
  const daily: Page = (response, request) => send(good(Math.floor(pace.now() / day)))(response, request)
  await using site = await openSite({ 'a.localhost': { '/': good(0, ['/daily', '/steady']), '/daily': daily, '/steady': good(1) } })
  await using bench = await openBench(site, { pace })
  await live(bench, 10 * day)
  const asked = (path: string) => site.paths('a.localhost').filter((one) => one === path).length
  expect(asked('/steady')).toBeLessThan(8)
  expect(asked('/daily')).toBeGreaterThan(2 * asked('/steady'))
  const versions = (await documentsOf(bench)).keys().filter((key) => key.startsWith('/daily'))
  expect([...versions].length).toBeGreaterThanOrEqual(1)
})

test('what an owner newly says of the same text makes another version of it', async () => {
  const pace = leapingClock()
  await using site = await openSite({ 'a.localhost': { '/': good(1) } })
  await using bench = await openBench(site, { pace, settings: { obey_rights: false } })
  await bench.cycle()
  site.set('a.localhost', { '/': send(good(1), { 'tdm-reservation': '1' }) })
  pace.leap(day)
  expect((await bench.cycle()).visits).toMatchObject({ stored: 1 })
})

/** A sitemap of so many pages, each with a date. */
const sitemap = (dateOf: (page: number) => number, pages = 20): string => {
  const entries = Array.from(
    { length: pages },
    (_, n) => `<url><loc>http://a.localhost/${n}</loc><lastmod>${new Date(dateOf(n)).toISOString()}</lastmod></url>`,
  )
  return `<urlset>${entries.join('')}</urlset>`
}
const sitemapSite = (pages: Record<string, Page>, list: () => string) =>
  openSite({
    'a.localhost': {
      '/robots.txt': 'Sitemap: /sitemap.xml',
      '/': good(100),
      '/sitemap.xml': (response, request) => send(list(), { 'content-type': 'application/xml' })(response, request),
      ...pages,
    },
  })

test('a sitemap that says "now" of each page is not believed for long: in a week its 20 pages are asked for as often as if it said nothing', async () => {
  const pace = leapingClock()
  const pages = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`/${n}`, good(n)]))
  await using site = await sitemapSite(pages, () => sitemap(() => pace.now() - 1000))
  await using bench = await openBench(site, { pace, facts: pace })
  await live(bench, 7 * day)
  const asked = site.paths('a.localhost').filter((path) => /^\/\d+$/.test(path)).length
  expect(asked).toBeGreaterThanOrEqual(120)
  expect(asked).toBeLessThan(160)
})

test('a sitemap whose dates are right brings a visit of each page that has changed, soon', async () => {
  const pace = leapingClock()
  const start = pace.now()
  const versionOf = (page: number) => Math.floor((pace.now() - start) / (2 * day) + page / 8)
  const changedAt = (page: number) => start + (versionOf(page) - page / 8) * 2 * day
  const pages = Object.fromEntries(
    Array.from({ length: 8 }, (_, n): [string, Page] => [`/${n}`, (response, request) => send(good(n + 100 * versionOf(n)))(response, request)]),
  )
  await using site = await sitemapSite(pages, () => sitemap(changedAt, 8))
  await using bench = await openBench(site, { pace, facts: pace })
  const { stored } = await live(bench, 8 * day)
  // The root, and of each page its first version and most of the four that followed.
  expect(stored).toBeGreaterThan(1 + 8 * 4)
})

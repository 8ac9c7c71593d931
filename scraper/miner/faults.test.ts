import { expect, test } from 'vitest'
import { openSite } from '#test/site/site.ts'
import { leapingClock, openBench } from './bench.fixture.ts'
import { good, send } from './pages.fixture.ts'

const web = () =>
  openSite({
    'a.localhost': { '/': good(1, ['/bad', '/fine', 'http://b.localhost/']), '/bad': good(2, ['/behind']), '/fine': good(3), '/behind': good(5) },
    'b.localhost': { '/': good(4) },
  })

test('what throws while the links of a page are added costs that page, which comes again with all it leads to', async () => {
  await using site = await web()
  const pace = leapingClock()
  await using bench = await openBench(site, { pace })
  const events: unknown[] = []
  bench.telemetry.listen(({ name, fields }) => name === 'crawl.visit_failed' && events.push(fields))
  const { add } = bench.frontier
  bench.frontier.add = (targets) => (targets.some(({ url }) => url.endsWith('/behind')) ? Promise.reject(new Error('planted')) : add(targets))
  expect(await bench.cycle()).toMatchObject({ visits: { stored: 3, failed: 1 } })
  expect(await bench.rejects()).toMatchObject([{ subject: 'http://a.localhost/bad', reason: 'internal' }])
  expect(events).toEqual([{ url: 'http://a.localhost/bad', kind: 'page', error: expect.stringMatching(/^Error: planted\n {4}at /) }])

  bench.frontier.add = add
  pace.leap(3_600_001)
  await bench.cycle()
  expect(site.paths('a.localhost').filter((path) => path === '/bad')).toHaveLength(2)
  expect(site.paths('a.localhost')).toContain('/behind')
})

test('dates before 1970, and hundreds of thousands of them, cost no entry of a sitemap', async () => {
  const dates = '<lastmod>1969-12-31</lastmod>'.repeat(200_000)
  const sitemap = `<urlset><url><loc>http://a.localhost/old</loc><lastmod>1901-01-01</lastmod></url><url><loc>http://a.localhost/dated</loc>${dates}</url></urlset>`
  const index = '<sitemapindex><sitemap><loc>http://a.localhost/sitemap-1.xml</loc><lastmod>0001-01-01</lastmod></sitemap></sitemapindex>'
  await using site = await openSite({
    'a.localhost': {
      '/': good(1),
      '/robots.txt': send('Sitemap: http://a.localhost/sitemap.xml', { 'content-type': 'text/plain' }),
      '/sitemap.xml': send(index, { 'content-type': 'application/xml' }),
      '/sitemap-1.xml': send(sitemap, { 'content-type': 'application/xml' }),
      '/old': good(2),
      '/dated': good(3),
    },
  })
  await using bench = await openBench(site, { settings: { page_bytes_max: 1 << 24 } })
  expect(await bench.cycle()).toMatchObject({ sitemaps: 2, visits: { stored: 3, failed: 0 } })
})

test('a disk that is full ends the cycle with one line that names it', async () => {
  await using site = await web()
  await using bench = await openBench(site)
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', path: '/data/queue' })
  bench.documents.add = () => Promise.reject(full)
  await expect(bench.cycle()).rejects.toMatchObject({
    code: 'store_unavailable',
    message: expect.stringMatching(/^Nothing can be written to \/data\/queue \(ENOSPC.*start again.*$/),
  })
})

import { expect, test } from 'vitest'
import { openSite } from '#test/site/site.ts'
import { job, openBench } from './bench.fixture.ts'
import { good, send } from './pages.fixture.ts'

test('a site is found behind refreshes, frames and a sitemap that its robots.txt names on another host', async () => {
  const listed = ['http://a.localhost/listed', 'www.a.localhost/below-www', 'http://b.localhost/unwanted'].map((url) => `<url><loc>${url}</loc></url>`)
  await using site = await openSite({
    'a.localhost': {
      '/robots.txt': 'Sitemap: http://maps.localhost/a.xml',
      '/': '<meta http-equiv="refresh" content="0; url=\'/frames\'">',
      '/frames': '<frameset><frame src="menu"><frame src="main"></frameset>',
      '/menu': good(1, ['/kept']).replace('</main>', '<iframe src="/inner"></iframe><iframe src="http://b.localhost/ad"></iframe></main>'),
      '/main': send(good(2), { refresh: '5; url=/next' }),
      '/kept': good(3),
      '/inner': good(4),
      '/next': good(5),
      '/listed': good(6),
    },
    'www.a.localhost': { '/below-www': good(7) },
    'maps.localhost': { '/a.xml': send(`<urlset>${listed.join('')}</urlset>`, { 'content-type': 'text/xml' }) },
    'b.localhost': { '/ad': good(8), '/unwanted': good(9) },
  })
  const own = ['http://a.localhost/*', 'http://www.a.localhost/*']
  await using bench = await openBench(site, { jobs: [job('a', ['http://a.localhost/'], own)] })
  expect(await bench.cycle()).toMatchObject({ visits: { stored: 7, rejected: 2 }, sitemaps: 1 })
  expect(site.paths('www.a.localhost')).toContain('/below-www')
  expect(site.paths('b.localhost')).toEqual([])
})

import { describe, expect, test } from 'vitest'
import { readArrival } from '../shard/arrival.ts'
import { openSite, type Page } from '#test/site/site.ts'
import { job, openBench } from './bench.fixture.ts'
import { good, send } from './pages.fixture.ts'

const origin = 'http://a.localhost'
const home = `${origin}/`

/** What one cycle asks and stores. */
async function crawled(pages: Record<string, Page>, seeds = [home]) {
  await using site = await openSite({ 'a.localhost': pages })
  await using bench = await openBench(site, { jobs: [job('all', seeds, ['http://*.localhost/*'])] })
  const stored: { uri: string; url: string }[] = []
  const { add } = bench.documents
  bench.documents.add = async (messages) => {
    for (const { body } of messages) {
      const arrival = readArrival(body)
      if ('document' in arrival) stored.push({ uri: arrival.document.uri, url: arrival.document.url })
    }
    return add(messages)
  }
  await bench.cycle()
  const paths = site.paths('a.localhost').filter((path) => !/robots\.txt|ai\.txt|tdmrep/.test(path))
  return { paths, stored, rejects: await bench.rejects().catch(() => []) }
}

describe('a page is asked for as it was linked, and known by its canonical URL', () => {
  test.each([
    ['a signed address', '/f?X-Sig=aB%2Fc%3D&Expires=9&Date=1', '/f?Date=1&Expires=9&X-Sig=aB%2Fc%3D'],
    ['a Domino command', '/db.nsf/all?OpenView&Count=30', '/db.nsf/all?Count=30&OpenView'],
    ['a lone per cent sign', '/?q=ni%u011fde', '/?q=ni%25u011fde'],
    ['a session of the path', '/a;jsessionid=0F3A9B?x', '/a?x'],
  ])('%s', async (_, link, canonical) => {
    const { paths, stored } = await crawled({ '/': good(1, [link]), [link]: good(2) })
    expect(paths).toEqual(['/', link])
    expect(stored).toContainEqual({ uri: `${origin}${canonical}`, url: `${origin}${link}` })
  })

  test('in the first spelling of several, once', async () => {
    const { paths } = await crawled({ '/': good(1, ['/a?y=1&x=2', '/a?x=2&y=1', '/a?utm_source=z&y=1&x=2']), '/a?y=1&x=2': good(2) })
    expect(paths).toEqual(['/', '/a?y=1&x=2'])
  })

  test('with its first session, whatever is drawn for the next visit', async () => {
    const [first, second] = ['8f14e45fceea167a5a36dedd4bea2543', '45c48cce2e2d7fbdea1afc51c7c6ad26'].map((drawn) => `/view?sid=${drawn}&t=4`)
    const { paths, stored } = await crawled({ '/': good(1, [first ?? '', '/next']), '/next': good(2, [second ?? '']), [first ?? '']: good(3) })
    expect(paths.toSorted()).toEqual(['/', '/next', first])
    expect(stored).toContainEqual({ uri: `${origin}/view?t=4`, url: `${origin}${first}` })
  })

  test('in the charset of the page that links to it', async () => {
    const page = Buffer.from(good(1, ['/find?q=\xd0\xee\xf1\xf1\xe8\xff']), 'latin1')
    const { paths } = await crawled({ '/': send(page, { 'content-type': 'text/html; charset=windows-1251' }) })
    expect(paths).toEqual(['/', '/find?q=%D0%EE%F1%F1%E8%FF'])
  })

  test('where a seed names it', async () => {
    const { paths, stored } = await crawled({ '/?b=2&a=%u011f': good(1) }, [`${home}?b=2&a=%u011f#top`])
    expect([paths, stored]).toEqual([['/?b=2&a=%u011f'], [{ uri: `${home}?a=%25u011f&b=2`, url: `${home}?b=2&a=%u011f` }]])
  })

  test('where a sitemap names it, with its date', async () => {
    const sitemap = '<urlset><url><loc>http://a.localhost/s?b&amp;a</loc><lastmod>2026-01-02</lastmod></url></urlset>'
    const { paths } = await crawled({ '/sitemap.xml': send(sitemap, { 'content-type': 'application/xml' }), '/s?b&a': good(1) }, [`${home}sitemap.xml`])
    expect(paths).toEqual(['/sitemap.xml', '/s?b&a'])
  })

  test('where a redirect leads to it', async () => {
    const { paths } = await crawled({ '/': send('', { location: '/new?b&a' }, 301), '/new?b&a': good(1) })
    expect(paths).toEqual(['/', '/new?b&a'])
  })
})

test('a document says at which spelling it was found after redirects, and its links start there', async () => {
  const pages = {
    '/': good(1, ['/dir/a']),
    '/dir/a': send('', { location: '/dir/a;jsessionid=1' }, 302),
    '/dir/a;jsessionid=1': good(2, ['b']),
    '/dir/b': good(3),
  }
  const { stored, paths } = await crawled(pages)
  expect(stored).toContainEqual({ uri: `${origin}/dir/a`, url: `${origin}/dir/a;jsessionid=1` })
  expect(paths).toEqual(['/', '/dir/a', '/dir/a;jsessionid=1', '/dir/b'])
})

test('what is excluded or blocked is not asked for by way of a redirect either', async () => {
  await using site = await openSite({ 'a.localhost': { '/': send('', { location: '/closed' }, 302), '/closed': good(1) } })
  const open = job('all', [home], ['http://*.localhost/*'])
  await using bench = await openBench(site, { jobs: [{ ...open, web: { ...open.web, exclude: [`${home}closed`] } }] })
  await bench.cycle()
  expect(site.paths('a.localhost')).not.toContain('/closed')
})

import { describe, expect, test } from 'vitest'
import { openSite, type Page } from '#test/site/site.ts'
import { job, openBench } from './bench.fixture.ts'
import { good, send } from './pages.fixture.ts'

const range = (n: number) => Array.from({ length: n }, (_, i) => i)
const front = (links: readonly string[]) =>
  `<html lang="en"><p>Contents</p>${links.map((link) => `<a href="${link.replaceAll('&', '&amp;')}">more</a>`).join(' ')}</html>`
/** A page that depends on its path. */
const at =
  (make: (path: string) => string | undefined): Page =>
  (response, { path }) => {
    const body = make(path)
    if (body === undefined) response.writeHead(404).end()
    else response.writeHead(200, { 'content-type': 'text/html' }).end(body)
  }
const policies = /robots\.txt|tdmrep|ai\.txt/

const wikiTools = (page: string) => [
  `${page}&action=history`,
  `${page}&action=edit`,
  page.replace('title=', 'title=Special:WhatLinksHere/'),
  `${page}&printable=yes`,
]

/** One cycle over a host: what was asked of it for its pages, and what was kept. */
async function crawl(pages: Record<string, Page>, visits = 325) {
  await using site = await openSite({ 'a.localhost': pages })
  await using bench = await openBench(site, { pages: visits, reproducible: false, jobs: [job('all', ['http://a.localhost/'], ['http://a.localhost/*'])] })
  const { visits: ended } = await bench.cycle()
  const rejects = await bench.rejects().catch(() => [])
  const asked = site.paths('a.localhost').filter((path) => !policies.test(path))
  return { asked, ended, reasons: new Set<string>(rejects.map(({ reason }) => reason)), rejects }
}

describe('a host that leads astray is served to its end within its budget', () => {
  test('one that answers every path, with relative links on each page', async () => {
    const astray = ['about/', 'help/', 'news/', 'shop/']
    const articles = range(40).map((i) => `/article-${i}`)
    const { asked } = await crawl({
      '/': front([...articles, ...astray]),
      ...Object.fromEntries(articles.map((path, i) => [path, good(i + 1, astray)])),
      '*': good(999, astray),
    })
    expect(articles.filter((path) => asked.includes(path))).toHaveLength(40)
    expect(asked.length).toBeLessThanOrEqual(60)
  })

  test('one whose texts the rules refuse, and which numbers them', async () => {
    const articles = range(40).map((i) => `/article-${i}`)
    const { asked, ended } = await crawl({
      '/': front(articles),
      ...Object.fromEntries(articles.map((path, i) => [path, `<main><p>Number ${i} is called ${i} and says ${i * i}.</p></main>`])),
    })
    expect(articles.filter((path) => asked.includes(path))).toHaveLength(40)
    expect(ended.stored).toBe(0)
  })

  test('the same, with something drawn in the markup of each answer', async () => {
    const astray = ['about/', 'help/', 'news/', 'shop/']
    const articles = range(40).map((i) => `/article-${i}`)
    let drawn = 0
    const { asked, reasons } = await crawl({
      '/': front([...articles, ...astray]),
      ...Object.fromEntries(articles.map((path, i) => [path, good(i + 1, astray)])),
      '*': at(() => good(999, astray).replace('<main>', `<main data-token="${++drawn}">`)),
    })
    expect(articles.filter((path) => asked.includes(path))).toHaveLength(40)
    expect(asked.length).toBeLessThanOrEqual(70)
    expect(reasons).toContain('same_text')
  })

  test('a wiki with histories', async () => {
    const titles = range(20).map((i) => `/index.php?title=Page_${i}`)
    const { asked } = await crawl({
      '/': front(titles),
      '*': at((path) => {
        const [page = '', n = ''] = /^\/index\.php\?title=Page_(\d+)/.exec(path) ?? []
        if (path.includes('action=history')) return front(range(50).flatMap((v) => [`${page}&oldid=${v}`, `${page}&diff=${v + 1}&oldid=${v}`]))
        return good(Number(n) + 1, wikiTools(page))
      }),
    })
    expect(titles.filter((path) => asked.includes(path))).toHaveLength(20)
    expect(asked.length).toBe(21)
  })

  test('a forum with a link to each post', async () => {
    const topics = range(10).map((t) => `/viewtopic.php?t=${t}`)
    const { asked } = await crawl({
      '/': front(topics),
      '*': at((path) => {
        const t = Number(/t=(\d+)/.exec(path)?.[1] ?? Math.floor(Number(/p=(\d+)/.exec(path)?.[1]) / 100))
        return good(
          t + 1,
          range(60).map((k) => `/viewtopic.php?p=${t * 100 + k}`),
        )
      }),
    })
    expect(topics.filter((path) => asked.includes(path))).toHaveLength(10)
    expect(asked.length).toBeLessThanOrEqual(25)
  })

  test('a pager that adds a slash each time', async () => {
    const articles = range(40).map((i) => `/article-${i}`)
    const { asked } = await crawl({
      '/': front([...articles, '/list']),
      ...Object.fromEntries(articles.map((path, i) => [path, good(i + 1)])),
      '*': at((path) => {
        const [own = ''] = path.split('?')
        const n = Number(/page=(\d+)/.exec(path)?.[1] ?? 1)
        return front([`${own}/?page=${n + 1}`, `${own}/?page=1`])
      }),
    })
    expect([...articles, '/list'].filter((path) => asked.includes(path))).toHaveLength(41)
    expect(asked.length).toBeLessThanOrEqual(55)
  })

  test('a shop with filters', async () => {
    const facets = { colour: ['red', 'blue', 'green', 'black'], size: ['s', 'm', 'l', 'xl'], sort: ['price', 'name'] }
    const products = range(30).map((i) => `/product-${i}`)
    const { asked } = await crawl({
      '/': front(range(3).map((c) => `/category-${c}`)),
      ...Object.fromEntries(products.map((path, i) => [path, good(i + 1)])),
      '*': at((path) => {
        const url = new URL(path, 'http://a.localhost')
        const c = Number(/^\/category-(\d)$/.exec(url.pathname)?.[1])
        const filtered = Object.entries(facets).flatMap(([name, values]) =>
          values.map((value) => {
            const query = new URLSearchParams(url.searchParams)
            query.set(name, value)
            return `${url.pathname}?${query}`
          }),
        )
        return good(900 + c, [...products.slice(c * 10, c * 10 + 10), ...filtered])
      }),
    })
    expect(products.filter((path) => asked.includes(path))).toHaveLength(30)
    expect(asked.length).toBeLessThanOrEqual(60)
  })

  test('a calendar without events', async () => {
    const articles = range(30).map((i) => `/article-${i}`)
    const { asked, rejects } = await crawl({
      '/': front([...articles, '/calendar/1000']),
      ...Object.fromEntries(articles.map((path, i) => [path, good(i + 1)])),
      '*': at((path) => {
        const n = Number(path.slice('/calendar/'.length))
        return front([`/calendar/${n + 1}`, `/calendar/${n - 1}`, ...range(30).map((d) => `/calendar/${n * 100 + d}`)])
      }),
    })
    expect(articles.filter((path) => asked.includes(path))).toHaveLength(30)
    expect(asked.length).toBeLessThanOrEqual(60)
    // What waits is given back unasked, and told.
    const putOff = rejects.filter(({ reason }) => reason === 'trap_no_news').map(({ subject }) => new URL(subject).pathname)
    expect(putOff.length).toBeGreaterThan(0)
    expect(putOff.filter((path) => asked.includes(path))).toEqual([])
  })

  test('a session or a token drawn for each link', async () => {
    let drawn = 0
    const id = () => `8f14e45fceea167a5a36dedd4b${(0x10000 + ++drawn).toString(16)}`
    const { asked, ended } = await crawl({
      '*': at((path) => {
        const n = Number(/^\/article-(\d+)\?sid=/.exec(path)?.[1] ?? -1)
        if (n < 0 && path !== '/') return path.startsWith('/?sid=') ? front([]) : undefined
        return n < 0 ? front(range(30).map((i) => `/article-${i}?sid=${id()}`)) : good(n + 1, [`/article-${(n + 7) % 30}?sid=${id()}`, `/?sid=${id()}`])
      }),
    })
    expect(ended.stored).toBe(30)
    expect(asked.length).toBe(31)
  })
})

describe('bytes that a host has sent before', () => {
  test('are rejected under another address, and read again at their own', async () => {
    await using site = await openSite({ 'a.localhost': { '/': good(1, ['/a', '/b']), '/a': good(2), '/b': good(2, []) } })
    await using bench = await openBench(site)
    const first = await bench.cycle()
    expect(first.visits).toMatchObject({ stored: 2, rejected: 1 })
    const rejected = (await bench.rejects()).find(({ reason }) => reason === 'same_bytes')
    const kept = rejected.subject.endsWith('/a') ? '/b' : '/a'
    site.set('a.localhost', { [kept]: good(3) })
    await bench.frontier.add([{ url: `http://a.localhost${kept}`, kind: 'page', label: 'all', priority: 1, modifiedAt: bench.pace.now() }])
    expect((await bench.cycle()).visits).toMatchObject({ stored: 1 })
  })

  test('are those of one host: a mirror under another name is read', async () => {
    await using site = await openSite({ 'a.localhost': { '/': good(1, ['http://b.localhost/']) }, 'b.localhost': { '/': good(1, ['http://b.localhost/']) } })
    await using bench = await openBench(site)
    expect((await bench.cycle()).visits).toMatchObject({ stored: 2 })
  })

  test('are taken from the address that the page has moved to', async () => {
    await using site = await openSite({ 'a.localhost': { '/': good(1, ['/old']), '/old': good(2) } })
    await using bench = await openBench(site)
    await bench.cycle()
    site.set('a.localhost', { '/old': send('', { location: '/new' }, 301), '/new': good(2) })
    await bench.frontier.add([{ url: 'http://a.localhost/old', kind: 'page', label: 'all', priority: 1, modifiedAt: bench.pace.now() }])
    expect((await bench.cycle()).visits).toMatchObject({ stored: 1, rejected: 1 })
  })
})

test('how deep it goes is a setting, and what it leaves is told', async () => {
  await using site = await openSite({
    'a.localhost': { '/': good(1, ['/1']), ...Object.fromEntries(range(6).map((i) => [`/${i + 1}`, good(i + 2, [`/${i + 2}`])])) },
  })
  await using bench = await openBench(site, { crawl: { depth_max: 2 } })
  await bench.cycle()
  expect(site.paths('a.localhost').filter((path) => /^\/\d/.test(path))).toEqual(['/1', '/2'])
  expect(await bench.rejects()).toContainEqual(expect.objectContaining({ subject: 'http://a.localhost/3', reason: 'depth' }))
})

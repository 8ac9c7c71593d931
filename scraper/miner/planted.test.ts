import { expect, test } from 'vitest'
import type { Http } from '#infra/net/http.ts'
import { openSite, type Page } from '#test/site/site.ts'
import { job, openBench } from './bench.fixture.ts'
import type { MinerOptions } from './miner.ts'
import { good, send } from './pages.fixture.ts'

type HttpResponse = Extract<Awaited<ReturnType<Http['get']>>, { ok: true }>

/** An answer that brings its reader to throw. */
type Fault = (answer: HttpResponse) => HttpResponse

const planted = (where: string): never => {
  throw new RangeError(`planted in ${where}`)
}
const inHeader =
  (name: string, value = 'x'): Fault =>
  (answer) => ({
    ...answer,
    headers: new Proxy({ ...answer.headers, [name]: value }, { get: (all, key) => (key === name ? planted(name) : all[key as string]) }),
  })
const inBody: Fault = (answer) => ({
  ...answer,
  get body() {
    return planted('body')
  },
})
const inBytes: Fault = (answer) => ({ ...answer, body: new Proxy(answer.body, { get: (_, key) => planted(String(key)) }) })

const unwritable: Fault = (answer) => ({ ...answer, headers: new Proxy(answer.headers, { ownKeys: () => planted('the names of headers') }) })

/** The client with faults at some paths, `HOST/PATH`. */
function faulty(http: Http, faults: Readonly<Record<string, Fault>>): Http {
  return {
    ...http,
    async get(url, options) {
      const answer = await http.get(url, options)
      const { host, pathname } = new URL(url)
      const fault = faults[host + pathname]
      return answer.ok && fault ? fault(answer) : answer
    },
  }
}

const previous = (memory: string | undefined) => ({ etag: undefined, lastModified: undefined, version: 1, memory })

const hosts = ['a', 'robots', 'ai', 'tdm'].map((name) => `${name}.localhost`)
const jobs = [
  job(
    'all',
    hosts.map((host) => `http://${host}/`),
    ['http://*.localhost/*'],
  ),
]

/** What became of each URL that was not kept, with whatever was thrown. */
async function crawl(pages: Record<string, Page>, plant: (options: MinerOptions) => Partial<MinerOptions>, settings = {}) {
  await using site = await openSite({
    'a.localhost': { '/': good(1, Object.keys(pages)), ...pages },
    'b.localhost': { '/': good(2, ['/next']), '/next': good(3) },
  })
  await using bench = await openBench(site, { jobs: [job('all', ['http://a.localhost/', 'http://b.localhost/'], ['http://*.localhost/*'])], plant, settings })
  const thrown: unknown[] = []
  bench.telemetry.listen(({ name, fields }) => name === 'crawl.visit_failed' && thrown.push(fields['url']))
  const { visits } = await bench.cycle()
  const rejects = await bench.rejects().catch(() => [])
  return { visits, thrown, reasons: Object.fromEntries(rejects.map(({ subject, reason }: { subject: string; reason: string }) => [subject, reason])) }
}

test('a throw in any reader of an answer costs that answer', async () => {
  const faults: Record<string, Fault> = {
    '/link-header': inHeader('link', '</x>; rel=next'),
    '/charset': inHeader('content-type', 'text/html; charset=utf-8'),
    '/robots-header': inHeader('x-robots-tag', 'noarchive'),
    '/tdm-header': inHeader('tdm-reservation', '0'),
    '/tdm-policy': inHeader('tdm-policy', '/policy'),
    '/last-modified': inHeader('last-modified', 'Thu, 01 Jan 2026 00:00:00 GMT'),
    '/etag': inHeader('etag', '"1"'),
    '/body': inBody,
    '/bytes': inBytes,
  }
  const moved = { '/location': inHeader('location', '/x') }
  const later = { '/retry-after': inHeader('retry-after', '7') }
  const pages = {
    ...Object.fromEntries(Object.keys(faults).map((path, n): [string, Page] => [path, good(10 + n)])),
    '/location': send('', { location: '/x' }, 302),
    '/retry-after': send('', {}, 429),
  }
  const all = Object.entries({ ...faults, ...moved, ...later }).map(([path, fault]) => [`a.localhost${path}`, fault] as const)
  const { visits, reasons, thrown } = await crawl(pages, ({ http }) => ({ http: faulty(http, Object.fromEntries(all)) }))
  const urls = all.map(([place]) => `http://${place}`)
  expect(reasons).toEqual(Object.fromEntries(urls.map((url) => [url, 'internal'])))
  expect(thrown.toSorted()).toEqual(urls.toSorted())
  expect(visits).toMatchObject({ stored: 3, failed: urls.length })
})

test('a throw in a list of pages costs that list', async () => {
  const xml = { 'content-type': 'application/xml' }
  const pages = {
    '/robots.txt': send('Sitemap: http://a.localhost/sitemap-1.xml\nSitemap: http://a.localhost/sitemap-2.xml', { 'content-type': 'text/plain' }),
    '/sitemap-1.xml': send('<urlset><url><loc>http://a.localhost/lost</loc></url></urlset>', xml),
    '/sitemap-2.xml': send('<urlset><url><loc>http://a.localhost/listed</loc></url></urlset>', xml),
    '/listed': '<link rel="alternate" type="application/rss+xml" href="/feed-1"><link rel="alternate" type="application/rss+xml" href="/feed-2">',
    '/feed-1': send('<rss><channel><item><link>http://a.localhost/lost</link></item></channel></rss>', xml),
    '/feed-2': send('<rss><channel><item><link>http://a.localhost/fed</link></item></channel></rss>', xml),
    '/fed': good(4),
    '/lost': good(5),
  }
  await using site = await openSite({ 'a.localhost': { '/': good(1), ...pages }, 'b.localhost': { '/': good(2) } })
  const faults = { 'a.localhost/sitemap-1.xml': inBytes, 'a.localhost/feed-1': inBody }
  const wanted = [job('all', ['http://a.localhost/', 'http://b.localhost/'], ['http://*.localhost/*'])]
  await using bench = await openBench(site, { jobs: wanted, plant: ({ http }) => ({ http: faulty(http, faults) }) })
  expect(await bench.cycle()).toMatchObject({ sitemaps: 4, visits: { stored: 3, failed: 0 } })
  expect(Object.fromEntries((await bench.rejects()).map(({ subject, reason }) => [subject, reason]))).toMatchObject({
    'http://a.localhost/feed-1': 'internal',
    'http://a.localhost/sitemap-1.xml': 'internal',
  })
  expect(site.paths('a.localhost')).not.toContain('/lost')
})

test('a throw in a file of a host costs that host its turn', async () => {
  await using site = await openSite(Object.fromEntries(hosts.map((host, n) => [host, { '/': good(20 + n) }])))
  for (const host of hosts) site.set(host, { '/robots.txt': 'User-agent: *', '/ai.txt': 'User-Agent: *\nAllow: /', '/.well-known/tdmrep.json': '[]' })
  const faults = { 'robots.localhost/robots.txt': inBody, 'ai.localhost/ai.txt': inBytes, 'tdm.localhost/.well-known/tdmrep.json': inBody }
  await using bench = await openBench(site, { jobs, plant: ({ http }) => ({ http: faulty(http, faults) }) })
  expect(await bench.cycle()).toMatchObject({ visits: { stored: 1, failed: 3 } })
  expect((await bench.rejects()).map(({ subject, reason }) => `${subject} ${reason}`).toSorted()).toEqual(
    ['ai', 'robots', 'tdm'].map((name) => `http://${name}.localhost/ internal`),
  )
  // None is asked for its page before it is known what it says of that.
  for (const host of hosts.slice(1)) expect(site.paths(host)).not.toContain('/')
})

test('a throw while a document is made or kept costs that page', async () => {
  const pages = Object.fromEntries(['/extract', '/encode', '/good'].map((path, n): [string, Page] => [path, good(30 + n)]))
  const { visits, reasons } = await crawl(pages, ({ pages, documents }) => ({
    pages: {
      ...pages,
      read: (task, signal) => (task.fetched.url.endsWith('/extract') ? Promise.reject(new TypeError('planted in a reader')) : pages.read(task, signal)),
    },
    documents: {
      ...documents,
      add: async (messages) => (JSON.stringify(messages).includes('a.localhost/encode') ? planted('the encoding of a document') : documents.add(messages)),
    },
  }))
  expect(visits).toMatchObject({ stored: 4, failed: 2 })
  expect(reasons).toEqual({ 'http://a.localhost/extract': 'internal', 'http://a.localhost/encode': 'internal' })
})

test('a throw in the archive of answers costs that answer', async () => {
  const pages = { '/odd': good(60), '/good': good(61) }
  const { visits, reasons } = await crawl(pages, ({ http }) => ({ http: faulty(http, { 'a.localhost/odd': unwritable }) }), { warc: true })
  expect(visits).toMatchObject({ stored: 4, failed: 1 })
  expect(reasons).toEqual({ 'http://a.localhost/odd': 'internal' })
})

test('a browser that throws costs the page it was to show', async () => {
  const empty = '<html><body><div id="root"></div><script src="/app.js"></script></body></html>'
  const { visits, reasons } = await crawl({ '/app': empty, '/good': good(40) }, () => ({
    reproducible: false,
    browser: { longestMs: 1000, render: () => planted('a browser'), close: async () => undefined, [Symbol.asyncDispose]: async () => undefined },
  }))
  expect(visits).toMatchObject({ stored: 4, failed: 1 })
  expect(reasons).toEqual({ 'http://a.localhost/app': 'internal' })
})

test('what was remembered of a page, however odd, is forgotten', async () => {
  const odd = ['', '\ud800', '1', '2 zz', `1 ${'0 '.repeat(7)}+ `, `1 ${'zzzzzzzzz '.repeat(9)}`, 'z'.repeat(512)]
  const { visits } = await crawl(Object.fromEntries(odd.map((_, n) => [`/${n}`, good(50 + n)])), ({ frontier }) => ({
    frontier: {
      ...frontier,
      claim: async (request) => (await frontier.claim(request)).map((claim) => ({ ...claim, previous: previous(odd[Number(claim.url.split('/').at(-1))]) })),
    },
  }))
  expect(visits).toMatchObject({ stored: 3 + odd.length, failed: 0 })
})

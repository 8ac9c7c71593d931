import { request } from 'undici'
import { expect, test } from 'vitest'
import { frozenClock } from '#infra/clock.ts'
import { startSite } from './site.ts'

const day = 86_400_000
const options = { root: 'node_modules', documentsMax: 5000, clock: frozenClock(Date.UTC(2026, 0, 15)) }

async function ask(port: number, host: string, path: string, headers: Record<string, string> = {}) {
  const answer = await request(`http://127.0.0.1:${port}${path}`, { headers: { host, ...headers } })
  return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() }
}

test('serves the documents of installed packages, each package as a host', async () => {
  await using site = await startSite(options)
  expect(site.hosts).toContain('fastify.localhost')
  expect(site.hosts).toContain('basic.crawlee.localhost')
  expect(site.documents).toBeGreaterThan(300)
  const page = await ask(site.port, 'fastify.localhost', '/readme.html')
  expect(page.status).toBe(200)
  expect(page.body).toContain('<link rel="canonical" href="http://fastify.localhost/readme.html">')
  expect(page.body).toContain('<a href="/docs/guides/getting-started.html"')
})

test('lists every page of a host in its sitemap, and the sitemap in robots.txt', async () => {
  await using site = await startSite(options)
  expect((await ask(site.port, 'fastify.localhost', '/robots.txt')).body).toContain('Sitemap: http://fastify.localhost/sitemap.xml')
  const sitemap = (await ask(site.port, 'fastify.localhost', '/sitemap.xml')).body
  for (const [, path] of sitemap.matchAll(/<loc>http:\/\/fastify\.localhost([^<]+)</g)) {
    expect((await ask(site.port, 'fastify.localhost', path ?? '')).status, path).toBe(200)
  }
})

test('answers 304 to the ETag it gave, and gives a Last-Modified of the last 40 days', async () => {
  await using site = await startSite(options)
  const first = await ask(site.port, 'zod.localhost', '/readme.html')
  const ageMs = options.clock.now() - new Date(String(first.headers['last-modified'])).getTime()
  expect(ageMs).toBeGreaterThanOrEqual(0)
  expect(ageMs).toBeLessThan(40 * day)
  expect((await ask(site.port, 'zod.localhost', '/readme.html', { 'if-none-match': String(first.headers.etag) })).status).toBe(304)
})

test('serves the same bytes at the same time', async () => {
  await using one = await startSite(options)
  await using two = await startSite(options)
  expect((await ask(one.port, 'zod.localhost', '/readme.html')).body).toBe((await ask(two.port, 'zod.localhost', '/readme.html')).body)
})

test.each(['/../package.json', '/%2e%2e/package.json', '/%', '/nowhere.html', '/readme.html%00'])('has no page %j', async (path) => {
  await using site = await startSite(options)
  expect((await ask(site.port, 'zod.localhost', path)).status).toBe(404)
})

test('says what to do when there are no documents', async () => {
  await expect(startSite({ ...options, root: 'schemas' })).rejects.toMatchObject({ code: 'data_unreadable', message: expect.stringContaining('npm ci') })
})

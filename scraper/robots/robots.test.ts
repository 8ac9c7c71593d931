import { describe, expect, test } from 'vitest'
import { createHttp } from '#infra/net/http.ts'
import { openSite, type Page } from '#test/site/site.ts'
import { readPageRobots } from './page-robots.ts'
import { parseRobots } from './robots-txt.ts'
import { createRobots } from './robots.ts'

const rules = (text: string) => parseRobots(text, 'Orrery', 'http://h/robots.txt')
const lines = (...parts: string[]) => parts.join('\n')

const status =
  (code: number, headers: Record<string, string> = {}): Page =>
  (response) =>
    void response.writeHead(code, headers).end('x')

async function robotsOf(page: Page | undefined, more: Record<string, Page> = {}) {
  await using site = await openSite({ 'h.localhost': page === undefined ? more : { '/robots.txt': page, ...more } })
  await using http = createHttp({ userAgent: 'x', timeoutMs: 2000, bytesMax: 1000, hosts: site.hosts })
  const robots = createRobots(http, { now: () => 0, sleep: async () => undefined })
  const [found] = await Promise.all([robots.of('http://h.localhost/a'), robots.of('http://h.localhost/b')])
  await robots.of('http://h.localhost/c')
  return { found, asked: site.paths('h.localhost').filter((path) => path === '/robots.txt').length }
}

describe('robots.txt (RFC 9309)', () => {
  test.each([
    ['nothing said', '', '/a', true],
    ['a prefix', 'User-agent: *\nDisallow: /private', '/private/x', false],
    ['the longest match', 'User-agent: *\nDisallow: /\nAllow: /open/', '/open/x', true],
    ['allow between equals', 'User-agent: *\nDisallow: /page\nAllow: /page', '/page', true],
    ['a wildcard', 'User-agent: *\nDisallow: /*.gif', '/a/b.gif?x', false],
    ['several wildcards', 'User-agent: *\nDisallow: /a*b*c', '/a1b2c3', false],
    ['an anchor', 'User-agent: *\nDisallow: /*.gif$', '/b.gif?x', true],
    ['an anchor met', 'User-agent: *\nDisallow: /*.gif$', '/b.gif', false],
    ['an anchored tail that overlaps', 'User-agent: *\nDisallow: /ab*ba$', '/aba', true],
    ['percent spellings', 'User-agent: *\nDisallow: /caf%c3%a9', '/café', false],
    ['encoded unreserved', 'User-agent: *\nDisallow: /%7Ejoe', '/~joe/x', false],
    ['the file itself', 'User-agent: *\nDisallow: /', '/robots.txt', true],
    ['an empty disallow', 'User-agent: *\nDisallow:', '/x', true],
    ['a comment', 'User-agent: * # all\nDisallow: /x # not this', '/x', false],
  ])('%s', (_, text, path, allowed) => expect(rules(text).allows(path)).toBe(allowed))

  test('obeys the groups that name us, all of them, and no other', () => {
    const own = rules(
      lines(
        'User-agent: *',
        'Disallow: /',
        'User-agent: other',
        'User-agent: ORRERY/2',
        'Disallow: /a',
        'User-agent: orrery',
        'Disallow: /b',
        'Crawl-delay: 2.5',
      ),
    )
    expect([own.allows('/x'), own.allows('/a'), own.allows('/b')]).toEqual([true, false, false])
    expect(own.crawlDelayMs).toBe(2500)
  })

  test('finds sitemaps anywhere', () => {
    const { sitemaps } = rules(lines('Sitemap: http://h/a.xml', 'User-agent: *', 'Sitemap: /b.xml', 'Disallow: /x', 'sitemap: http://h/a.xml'))
    expect(sitemaps).toEqual(['http://h/a.xml', 'http://h/b.xml'])
  })

  test('a pattern of many stars is not a trap', () => {
    expect(rules(`User-agent: *\nDisallow: /${'*a'.repeat(500)}$`).allows(`/${'a'.repeat(400)}b`)).toBe(true)
  })
})

describe('robots of a host', () => {
  test('is asked once for many', async () => expect((await robotsOf('User-agent: *\nDisallow: /a')).asked).toBe(1))
  test('4xx: all is allowed', async () => expect((await robotsOf(undefined)).found).toMatchObject({ state: 'absent' }))
  test.each([503, 429])('%i: nothing may be fetched', async (code) => {
    expect((await robotsOf(status(code))).found).toMatchObject({ state: 'unreachable', reason: `http_${code}` })
  })
  test('network trouble: nothing may be fetched', async () => {
    expect((await robotsOf((response) => void response.socket?.destroy())).found).toMatchObject({ state: 'unreachable', reason: 'connection_failed' })
  })
  test('a redirect is followed', async () => {
    const { found } = await robotsOf(status(301, { location: '/elsewhere.txt' }), { '/elsewhere.txt': 'User-agent: *\nDisallow: /a' })
    expect(found.state === 'found' && found.rules.allows('/a')).toBe(false)
  })
  test('a file beyond 500 KiB counts as far as it goes', async () => {
    const { found } = await robotsOf((response) => void response.end(`User-agent: *\nDisallow: /a\n${'# filler\n'.repeat(100_000)}Disallow: /b`))
    expect(found.state === 'found' && [found.rules.allows('/a'), found.rules.allows('/b')]).toEqual([false, true])
  })
})

describe('robots of a page', () => {
  test('joins header and markup', () => {
    expect(readPageRobots({ 'x-robots-tag': 'NoArchive' }, ['noindex, follow'])).toEqual({
      directives: ['follow', 'noarchive', 'noindex'],
      index: false,
      follow: true,
      tdmReservation: null,
    })
  })
  test('leaves to others what is said to others', () => {
    expect(readPageRobots({ 'x-robots-tag': 'nofollow, otherbot: noindex, noarchive, orrery: nosnippet' }, []).directives).toEqual(['nofollow', 'nosnippet'])
  })
  test('none is noindex and nofollow', () => expect(readPageRobots({}, ['none'])).toMatchObject({ index: false, follow: false }))
  test.each([
    ['1', true],
    ['0', false],
  ])('tdm-reservation: %s', (value, reserved) => expect(readPageRobots({ 'tdm-reservation': value }, []).tdmReservation).toBe(reserved))
})

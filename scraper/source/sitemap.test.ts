import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { sitemapSource } from './sitemap.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const at = { url: 'http://h.example/maps/sitemap.xml', status: 200, headers: {} }
const entry = (path: string, lastmod: string) => `<url><loc>http://h.example/${path}</loc><lastmod>${lastmod}</lastmod><priority>1</priority></url>`
const other = (lang: string, href: string) => `<xhtml:link rel="alternate" hreflang="${lang}" href="${href}"/>`
const zipped = (chars: number) => ({ ...at, body: gzipSync(`http://h.example/a\n${' '.repeat(chars)}`) })
const readText = (text: string) => sitemapSource.read({ ...at, body: bytes(text) })

describe('sitemaps', () => {
  const urlset = `<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
    <url><loc> http://h.example/b?x=1&amp;utm_source=y </loc><image:image><image:loc>http://h.example/i.png</image:loc></image:image></url>
    <url><loc><![CDATA[http://h.example/a]]></loc></url><url><loc>http://other.example/c</loc></url><url><loc>not a url:</loc></url></urlset>`
  const expected = {
    found: {
      pages: [
        { url: 'http://h.example/a' },
        { url: 'http://h.example/b?x=1', asked: 'http://h.example/b?x=1&utm_source=y' },
        { url: 'http://h.example/maps/not%20a%20url:' },
        { url: 'http://other.example/c' },
      ],
      sitemaps: [],
      feeds: [],
    },
    isPage: false,
  }

  test('give the URLs they list, as they are written', () => expect(sitemapSource.read({ ...at, body: bytes(urlset) })).toEqual(expected))
  test('may be gzipped files, packed twice', () => {
    for (const body of [gzipSync(urlset), gzipSync(gzipSync(urlset))])
      expect(sitemapSource.read({ ...at, headers: { 'content-type': 'text/html' }, body })).toEqual(expected)
    expect(sitemapSource.read({ ...at, body: gzipSync(gzipSync(gzipSync(urlset))) })).toBe('not_a_sitemap')
  })
  test('may be indexes', () => {
    const index = '<sitemapindex><sitemap><loc>http://h.example/2.xml</loc></sitemap><sitemap><loc>/1.xml</loc></sitemap></sitemapindex>'
    expect(sitemapSource.read({ ...at, body: bytes(index) })).toMatchObject({
      found: { pages: [], sitemaps: [{ url: 'http://h.example/1.xml' }, { url: 'http://h.example/2.xml' }] },
    })
  })
  test('end at 50,000 URLs', () => {
    const many = `<urlset>${Array.from({ length: 50_010 }, (_, i) => `<url><loc>http://h.example/${i}</loc></url>`).join('')}</urlset>`
    const read = sitemapSource.read({ ...at, body: bytes(many) })
    expect(typeof read !== 'string' && read.found.pages.length).toBe(50_000)
  })
  test('end at 50,000 lines', () => {
    const read = readText(Array.from({ length: 50_010 }, (_, i) => `http://h.example/${i}`).join('\n'))
    expect(typeof read !== 'string' && read.found.pages.length).toBe(50_000)
  })
  test('may have 50 MB, gzipped or not, and no byte more gzipped', () => {
    const limit = 50 * 2 ** 20
    const whole = `<urlset><url><loc>/a</loc></url>${' '.repeat(limit - 47)}<url/></urlset>`
    expect(whole.length).toBe(limit)
    for (const body of [bytes(whole), gzipSync(whole, { level: 1 })])
      expect(sitemapSource.read({ ...at, body })).toMatchObject({ found: { pages: [{ url: 'http://h.example/a' }] } })
    expect(sitemapSource.read({ ...at, body: gzipSync(`${whole} `, { level: 1 }) })).toBe('bad_encoding')
    expect(sitemapSource.bytesMax).toBe(limit)
  })
  test('count the latest of many dates', () => {
    const dates = '<lastmod>2026-01-02T03:04:05Z</lastmod>'.repeat(200_000)
    const read = readText(`<urlset><url><loc>/a</loc><lastmod>1969-12-31</lastmod>${dates}<lastmod>2025-01-01</lastmod></url></urlset>`)
    expect(read).toMatchObject({ found: { pages: [{ url: 'http://h.example/a', modifiedAt: Date.UTC(2026, 0, 2, 3, 4, 5) }] } })
  })
  test('may unpack to 200 times what came over the wire, all layers together, and to the first MiB', () => {
    expect(sitemapSource.read({ ...zipped(1 << 19), wireBytes: 1 })).toMatchObject({ found: { pages: [{ url: 'http://h.example/a' }] } })
    expect(sitemapSource.read({ ...zipped(1 << 20), wireBytes: 5000 })).toBe('ratio_too_high')
    expect(sitemapSource.read({ ...zipped(1 << 20), wireBytes: 6000 })).toMatchObject({ isPage: false })
  })
  test('name their pages in other languages', () => {
    const read = readText(
      `<urlset xmlns:xhtml="x"><url><loc>/en</loc>${other('de', '/de')}${other('fr', 'http://other.example/fr')}<xhtml:link rel="next" href="/no"/></url>${other('it', '/no')}</urlset>`,
    )
    expect(read).toMatchObject({ found: { pages: ['h.example/de', 'h.example/en', 'other.example/fr'].map((url) => ({ url: `http://${url}` })) } })
  })
  test.each([
    ['not_a_sitemap', bytes('<html><body>Not found</body></html>')],
    ['not_a_sitemap', bytes('')],
    ['not_a_sitemap', gzipSync('x').subarray(0, 12)],
    ['bad_encoding', Buffer.from(gzipSync('<urlset>'.repeat(99))).fill(255, 10)],
    ['bad_encoding', gzipSync(Buffer.alloc(51 * 2 ** 20))],
  ])('%s', (reason, body) => expect(sitemapSource.read({ ...at, body })).toBe(reason))
  test('an entity bomb stays text', () => {
    const bomb = `<!DOCTYPE x [<!ENTITY a "${'x'.repeat(1000)}"><!ENTITY b "${'&a;'.repeat(1000)}">]><urlset><url><loc>http://h.example/&b;</loc></url></urlset>`
    expect(sitemapSource.read({ ...at, body: bytes(bomb) })).toMatchObject({ found: { pages: [{ url: 'http://h.example/&b;' }] } })
  })

  test('say when a page changed, in the forms of W3C dates', () => {
    const dates = ['2026-01-02', '2026-01-02T03:04:05+01:00', ' 2026-01-02T03:04Z ', 'yesterday']
    const read = readText(`<urlset>${dates.map((date, i) => entry(String(i), date)).join('')}</urlset>`)
    expect(typeof read !== 'string' && read.found.pages.map(({ modifiedAt }) => modifiedAt)).toEqual([
      Date.UTC(2026, 0, 2),
      Date.UTC(2026, 0, 2, 2, 4, 5),
      Date.UTC(2026, 0, 2, 3, 4),
      undefined,
    ])
  })
  test('have their own prefix, or none; other namespaces name no pages and no dates', () => {
    const read =
      readText(`<sm:urlset xmlns:sm="x" xmlns:news="y"><sm:url><sm:loc>/a</sm:loc><news:news><news:loc>/no</news:loc><news:lastmod>2026-01-01</news:lastmod>
      </news:news><sm:lastmod>2026-01-02</sm:lastmod></sm:url></sm:urlset>`)
    expect(read).toMatchObject({ found: { pages: [{ url: 'http://h.example/a', modifiedAt: Date.UTC(2026, 0, 2) }] } })
  })
  test('may be lists of lines', () => {
    const lines = '\uFEFF\nhttp://h.example/b\r\nhttps://h.example/a\n\nnot a url\rwww.h.example/c?x=1\n # h.example/d\nhttp://other.example/'
    for (const body of [bytes(lines), Buffer.from(lines, 'utf16le'), gzipSync(lines)])
      expect(sitemapSource.read({ ...at, body })).toMatchObject({
        found: { pages: ['http://h.example/b', 'http://other.example/', 'http://www.h.example/c?x=1', 'https://h.example/a'].map((url) => ({ url })) },
      })
    expect(readText('h.example/a')).toMatchObject({ found: { pages: [{ url: 'http://h.example/a' }] } })
    expect(readText('a.html\nhttp://h.example/b')).toBe('not_a_sitemap')
    expect(readText(`http://h.example/a\n${'a.'.repeat(5e6)}`)).toMatchObject({ found: { pages: [{ url: 'http://h.example/a' }] } })
  })
  test('may be feeds', () => {
    expect(readText('<rss><channel><item><link>http://h.example/a</link></item></channel></rss>')).toMatchObject({
      found: { pages: [{ url: 'http://h.example/a' }] },
    })
  })
  test('that are nested without end, or torn, give what came before', () => {
    const good = '<urlset><url><loc>http://h.example/a</loc></url>'
    for (const rest of ['<a>'.repeat(200_000), '<url><loc>http://h.exam', '<!--', '<![CDATA[', '</nothing></urlset>'])
      expect(readText(good + rest)).toMatchObject({ found: { pages: [{ url: 'http://h.example/a' }] } })
  })

  const pagesOf = (text: string, url = at.url) => {
    const read = sitemapSource.read({ ...at, url, body: bytes(text) })
    return typeof read === 'string' ? read : read.found.pages
  }
  test.each([
    ['a scheme that is missing', '<url><loc>www.h.example/a</loc></url>', ['www.h.example/a']],
    ['of its own site', '<url><loc>h.example/a</loc></url><url><loc> maps.h.example:81?b </loc></url>', ['h.example/a', 'maps.h.example:81/?b']],
    [
      'but no folder',
      '<url><loc>www.html</loc></url><url><loc>v1.2/a</loc></url><url><loc>//x.example/a</loc></url>',
      ['h.example/maps/v1.2/a', 'h.example/maps/www.html', 'x.example/a'],
    ],
    ['an element in the address', '<url><loc><url><![CDATA[/a]]></url></loc></url><url><loc>/b<br/></loc></url>', ['h.example/a', 'h.example/b']],
    ['no element for the address', '<url>\nhttp://h.example/a?b=1&amp;c=2 \n</url><url>none</url>', ['h.example/a?b=1&c=2']],
    ['many addresses', '<url><loc>/a</loc><loc>/b</loc></url><url><loc>/c</loc></url>', ['h.example/a', 'h.example/b', 'h.example/c']],
    ['white space', '<url><loc>\n\u00a0/a\n/b \u2000</loc></url>', ['h.example/a/b']],
    ['entities', '<url><loc>/a?b=1&amp;c&#61;2&d=&quot;</loc></url>', ['h.example/a?b=1&c=2&d=%22']],
    ['an entry that was not closed', '<url><loc>/a</loc><url><loc>/b</loc></url>', ['h.example/a', 'h.example/b']],
    ['upper case', '<URL><Loc>/a</Loc></URL>', ['h.example/a']],
    ['namespaces within', '<url xmlns=""><loc>/a</loc><image xmlns="i"><loc>/no</loc></image><image:loc>/no</image:loc></url>', ['h.example/a']],
    ['nothing', '<url/><url><loc/></url><loc>/no</loc>', []],
  ])('are read with %s', (_, entries, urls) => {
    const pages = pagesOf(`<?xml version="1.0"?><urlset>${entries}</urlset>`)
    expect(typeof pages !== 'string' && pages.map(({ url }) => url)).toEqual(urls.map((url) => `http://${url}`))
  })
  test('take a date as that of the address before it', () => {
    const day = Date.UTC(2026, 0, 2)
    const lastmod = '<lastmod>2026-01-02</lastmod>'
    expect(pagesOf(`<urlset><url>${lastmod}<loc>/a</loc><loc>/b</loc></url><url><loc>/c</loc>${lastmod}<loc>/d</loc></url></urlset>`)).toEqual([
      { url: 'http://h.example/a', modifiedAt: day },
      { url: 'http://h.example/b' },
      { url: 'http://h.example/c', modifiedAt: day },
      { url: 'http://h.example/d' },
    ])
  })
  test('may list other hosts, but not say when their pages changed', () => {
    const entries = ['www.h.example/a', 'h.example/a', 'other.example/a', 'news.h.example/a', 'm.www.h.example/a'].map(
      (url) => `<url><loc>http://${url}</loc><lastmod>2026-01-02</lastmod></url>`,
    )
    const pages = pagesOf(`<urlset>${entries.join('')}</urlset>`, 'http://maps.h.example/sitemap.xml')
    expect(typeof pages !== 'string' && pages.map(({ url, modifiedAt }) => [url, modifiedAt !== undefined])).toEqual([
      ['http://h.example/a', true],
      ['http://m.www.h.example/a', false],
      ['http://news.h.example/a', true],
      ['http://other.example/a', false],
      ['http://www.h.example/a', true],
    ])
  })
  test('may give their elements any prefix', () => {
    for (const list of ['<s:urlset><url><loc>/a</loc></url></s:urlset>', '<urlset><s:url><s:loc>/a</s:loc><x:loc>/no</x:loc><loc>/no</loc></s:url></urlset>'])
      expect(pagesOf(list)).toEqual([{ url: 'http://h.example/a' }])
  })
  test('may mix pages and sitemaps, and lie elsewhere', () => {
    const mixed = '<url><loc>/a</loc></url><sitemap><loc>http://other.example/b.xml</loc><loc>/c.xml</loc></sitemap>'
    for (const root of ['urlset', 'sitemapindex'])
      expect(readText(`<${root}>${mixed}</${root}>`)).toMatchObject({
        found: { pages: [{ url: 'http://h.example/a' }], sitemaps: [{ url: 'http://h.example/c.xml' }, { url: 'http://other.example/b.xml' }] },
      })
  })
  test('begin where they begin', () => {
    const list = '<urlset><url><loc>/a</loc></url></urlset>'
    for (const before of ['\uFEFF', '\n \t\r\n', '<!-- x -->', 'Warning: unknown variable in <b>map.php</b>\n<?xml version="1.0"?>'])
      expect(pagesOf(before + list)).toEqual([{ url: 'http://h.example/a' }])
    expect(pagesOf(`<html><body>${list.replaceAll('url', 'item')}`)).toBe('not_a_sitemap')
  })
  test('may be packed with a wrong check, or with something behind it', () => {
    const packed = gzipSync('<urlset><url><loc>/a</loc></url></urlset>')
    for (const body of [Buffer.concat([packed.subarray(0, -8), Buffer.alloc(8)]), Buffer.concat([packed, Buffer.from('\r\n')])])
      expect(sitemapSource.read({ ...at, body })).toMatchObject({ found: { pages: [{ url: 'http://h.example/a' }] } })
  })
  test('that were cut while they were packed give what came before', () => {
    const whole = gzipSync(`<urlset>${Array.from({ length: 999 }, (_, i) => entry(`${i}`, '2026-01-02')).join('')}</urlset>`)
    const read = sitemapSource.read({ ...at, body: whole.subarray(0, whole.length >> 1) })
    expect(typeof read !== 'string' && read.found.pages.length).toBeGreaterThan(100)
  })
})

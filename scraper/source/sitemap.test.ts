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
      pages: [{ url: 'http://h.example/a' }, { url: 'http://h.example/b?x=1' }, { url: 'http://h.example/maps/not%20a%20url:' }],
      sitemaps: [],
      feeds: [],
    },
    isPage: false,
  }

  test('give the URLs of their own host', () => expect(sitemapSource.read({ ...at, body: bytes(urlset) })).toEqual(expected))
  test('may be gzipped files', () => expect(sitemapSource.read({ ...at, body: gzipSync(urlset) })).toEqual(expected))
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
    expect(read).toMatchObject({ found: { pages: [{ url: 'http://h.example/de' }, { url: 'http://h.example/en' }] } })
  })
  test.each([
    ['not_a_sitemap', bytes('<html><body>Not found</body></html>')],
    ['not_a_sitemap', bytes('')],
    ['bad_encoding', gzipSync('x').subarray(0, 12)],
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
    const read = readText('\uFEFFhttp://h.example/b\r\nhttps://h.example/a\n\nnot a url\nhttp://other.example/\n')
    expect(read).toMatchObject({ found: { pages: [{ url: 'http://h.example/b' }, { url: 'https://h.example/a' }].sort((a, b) => (a.url < b.url ? -1 : 1)) } })
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
})

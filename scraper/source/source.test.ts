import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { sitemapSource } from './sitemap.ts'
import { webSource } from './web.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const at = { url: 'http://h.example/maps/sitemap.xml', status: 200, headers: {} }

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
    content: undefined,
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
})

describe('pages', () => {
  test.each([
    ['text/html', '<p>x', true],
    ['application/xhtml+xml; charset=utf-8', '<p>x', true],
    [undefined, '\n <!DOCTYPE html><p>x', true],
    [undefined, '%PDF-1.7', false],
    ['application/pdf', '<p>x', false],
    ['text/plain', '<p>x', false],
  ])('%s %j is HTML: %s', (type, body, isHtml) => {
    const read = webSource.read({ ...at, headers: type === undefined ? {} : { 'content-type': type }, body: bytes(body) })
    expect(read === 'not_html').toBe(!isHtml)
  })
  test('are read in the charset they are in', () => {
    const read = webSource.read({ ...at, headers: { 'content-type': 'text/html' }, body: Buffer.from('<meta charset=iso-8859-2><p>\xb3\xf3d\xbc', 'latin1') })
    expect(typeof read !== 'string' && read.content?.page.text).toBe('łódź')
  })
})

import { describe, expect, test } from 'vitest'
import { compareText } from '#schemas/compare-text.ts'
import { feedSource } from './feed.ts'

const at = { url: 'http://h.example/blog/feed', status: 200, headers: {} }
const read = (text: string) => feedSource.read({ ...at, body: new TextEncoder().encode(text) })
function pagesOf(text: string) {
  const found = read(text)
  if (typeof found === 'string') throw new Error(found)
  return found.found.pages
}

const urls = (text: string) => pagesOf(text).map(({ url }) => url)
const linked = (links: string) => urls(`<feed><entry>${links}</entry></feed>`)

test('RSS 2.0', () => {
  const rss = `<?xml version="1.0"?><rss version="2.0" xmlns:atom="a" xmlns:feedburner="f" xmlns:dc="d"><channel>
    <title>Blog</title><link>http://h.example/</link><atom:link rel="self" href="http://h.example/blog/feed"/><lastBuildDate>Thu, 01 Jan 2026 00:00:00 GMT</lastBuildDate>
    <item><title>link</title><link> http://h.example/a?utm_source=rss </link><pubDate>Fri, 02 Jan 2026 10:00:00 +0100</pubDate>
      <enclosure url="http://h.example/a.mp3" length="1" type="audio/mpeg"/><guid isPermaLink="false">7</guid></item>
    <item><title>guid only</title><guid>http://h.example/b</guid><dc:date>2026-01-03</dc:date></item>
    <item><title>proxied</title><link>http://proxy.example/x</link><feedburner:origLink>http://h.example/c</feedburner:origLink><pubDate>soon</pubDate></item>
    <item><title>CDATA, zone by name, the later date</title><link><![CDATA[/blog/d]]></link><pubDate>03 Jan 2026 10:00:00 EST</pubDate><atom:updated>2026-01-04T00:00:00Z</atom:updated></item>
    <item><title>no page</title><guid>urn:uuid:1</guid><enclosure url="http://h.example/e.mp3"/></item></channel></rss>`
  expect(pagesOf(rss)).toEqual(
    [
      { url: 'http://h.example/a', asked: 'http://h.example/a?utm_source=rss', modifiedAt: Date.UTC(2026, 0, 2, 9) },
      { url: 'http://h.example/b', modifiedAt: Date.UTC(2026, 0, 3) },
      { url: 'http://h.example/blog/d', modifiedAt: Date.UTC(2026, 0, 4) },
      { url: 'http://h.example/c' },
    ].sort((a, b) => compareText(a.url, b.url)),
  )
})

test('RSS 1.0', () => {
  const rdf = `<rdf:RDF xmlns:rdf="r" xmlns="http://purl.org/rss/1.0/" xmlns:dc="d"><channel rdf:about="http://h.example/"><link>http://h.example/</link></channel>
    <item rdf:about="http://h.example/a"><title>x</title><dc:date>2026-01-02T00:00:00Z</dc:date></item>
    <item rdf:about="urn:1"><link>http://h.example/b</link></item></rdf:RDF>`
  expect(pagesOf(rdf)).toEqual([{ url: 'http://h.example/a', modifiedAt: Date.UTC(2026, 0, 2) }, { url: 'http://h.example/b' }])
})

test('Atom', () => {
  const atom = `<feed xmlns="http://www.w3.org/2005/Atom" xml:base="http://h.example/base/"><link href="http://h.example/"/><updated>2026-02-01T00:00:00Z</updated>
    <entry><link rel="enclosure" href="/x.mp3"/><link rel="alternate" type="text/html" href="a"/><published>2026-01-01T00:00:00Z</published><updated>2026-01-02T00:00:00.5Z</updated>
      <source><link href="/not-this"/><updated>2027-01-01T00:00:00Z</updated></source></entry>
    <entry><link href="http://other.example/b"/><content type="xhtml"><div><link>/no</link></div></content></entry>
    <entry><link rel="edit" href="/edit/1"/></entry></feed>`
  expect(pagesOf(atom)).toEqual([{ url: 'http://h.example/base/a', modifiedAt: Date.UTC(2026, 0, 2) }, { url: 'http://other.example/b' }])
})

test('links are relative to the nearest xml:base, to the document where there is none', () => {
  const atom = `<feed xml:base="http://h.example/ongoing/"><link rel="next" href="page2"/>
    <entry xml:base="When/2026/"><link xml:base="08/" href="Single-Point"/></entry><entry><link href="Plain"/></entry>
    <entry xml:base="http://["><link href="Odd"/></entry></feed>`
  expect(pagesOf(atom).map(({ url }) => url)).toEqual([
    'http://h.example/ongoing/Odd',
    'http://h.example/ongoing/Plain',
    'http://h.example/ongoing/When/2026/08/Single-Point',
  ])
  expect(read(atom)).toMatchObject({ found: { feeds: [{ url: 'http://h.example/ongoing/page2' }] } })
  expect(pagesOf('<rss><channel><item xml:base="/x/"><link>a</link></item><item><link>b</link></item></channel></rss>').map(({ url }) => url)).toEqual([
    'http://h.example/blog/b',
    'http://h.example/x/a',
  ])
})

test('an Atom entry leads to its page, among the links it has', () => {
  expect(linked('<link rel="via" href="/via"/><link rel="self" href="/self"/><link rel="related" href="/r"/><link rel="edit" href="/e"/>')).toEqual([])
  expect(linked('<link rel="replies" href="/r"/><link rel=" Alternate " href="/a"/>')).toEqual(['http://h.example/a'])
  expect(linked('<link rel="http://www.iana.org/assignments/relation/alternate" href="/a"/>')).toEqual(['http://h.example/a'])
  expect(linked('<link type="application/json" href="/a.json"/><link type="text/html; charset=utf-8" href="/a"/>')).toEqual(['http://h.example/a'])
  expect(linked('<link type="application/pdf" href="/a.pdf"/>')).toEqual(['http://h.example/a.pdf'])
  expect(linked('<link href="/a?x=1&y=2&eacute;&no;"/>')).toEqual(linked('<link href="/a?x=1&amp;y=2&amp;eacute;&amp;no;"/>'))
  expect(linked('<link href="/a?x=1&y=2"/><title>&eacute;&no;</title>')).toEqual(['http://h.example/a?x=1&y=2'])
})

test('RSS of any make', () => {
  expect(urls('<rdf:RDF xmlns="http://my.netscape.com/rdf/simple/0.9/"><channel><link>/</link></channel><item><link>/a</link></item></rdf:RDF>')).toEqual([
    'http://h.example/a',
  ])
  expect(urls('<rss version="0.91"><channel><item><title>x</title><link>/a</link></item></channel></rss>')).toEqual(['http://h.example/a'])
  expect(urls('<rss><channel><item><link>/a</link><item><link>/b</link></item><item><link>/c</link></channel></rss>')).toEqual([
    'http://h.example/a',
    'http://h.example/b',
    'http://h.example/c',
  ])
  expect(urls('<rss><channel><item><link>mailto:x@h.example</link><guid>http://h.example/a</guid></item></channel></rss>')).toEqual(['http://h.example/a'])
  expect(urls('<r:RDF xmlns:r="x"><item r:about="/a"/></r:RDF>')).toEqual(['http://h.example/a'])
  expect(urls('<RSS><CHANNEL><ITEM><LINK>/a</LINK></ITEM></CHANNEL></RSS>')).toEqual(['http://h.example/a'])
  expect(urls('<rdf:RDF><rss:item><rss:link>/a</rss:link><media:link>/b</media:link></rss:item></rdf:RDF>')).toEqual(['http://h.example/a'])
  expect(urls('<rss><channel><item><media:link>/b</media:link><guid>http://h.example/a</guid></item></channel></rss>')).toEqual(['http://h.example/a'])
  expect(urls('<rss><channel><item><guid isPermaLink="False">http://h.example/a</guid></item></channel></rss>')).toEqual([])
  expect(urls('<rss><channel><item><atom:link rel="self" href="/feed"/><atom:link href="/a"/></item></channel></rss>')).toEqual(['http://h.example/a'])
  expect(urls('<rss><channel><item><link>\n  /a?x=1&amp;y=<![CDATA[2&z=3]]>\n</link></item></channel></rss>')).toEqual(['http://h.example/a?x=1&y=2&z=3'])
})

test('what a link was written as is what is to be asked', () => {
  expect(pagesOf('<rss><channel><item><link>/a?b=2&amp;a=1</link></item></channel></rss>')).toEqual([
    { url: 'http://h.example/a?a=1&b=2', asked: 'http://h.example/a?b=2&a=1' },
  ])
})

test('JSON Feed', () => {
  const at11 = { version: 'https://jsonfeed.org/version/1.1', next_url: '/feed?page=2', title: 'Blog', home_page_url: 'http://h.example/' }
  const items = [
    { id: '1', url: '/a', external_url: 'http://other.example/', date_published: '2026-01-02T00:00:00Z', date_modified: '2026-01-03T00:00:00+01:00' },
    { id: 'http://h.example/b', date_published: 7 },
    { id: 3, external_url: 'http://other.example/c' },
    { id: 'urn:x', url: 5 },
    null,
    'x',
  ]
  const found = {
    pages: [{ url: 'http://h.example/a', modifiedAt: Date.UTC(2026, 0, 2, 23) }, { url: 'http://h.example/b' }, { url: 'http://other.example/c' }],
    sitemaps: [],
    feeds: [{ url: 'http://h.example/feed?page=2' }],
  }
  expect(read(`\ufeff\n${JSON.stringify({ ...at11, items })}`)).toEqual({ found, isPage: false })
  expect(read(JSON.stringify({ version: 'https://jsonfeed.org/version/1', next_url: '', items: [] }))).toMatchObject({ found: { pages: [], feeds: [] } })
  const declared = { ...at, headers: { 'content-type': 'application/feed+json; charset=utf-8' } }
  expect(feedSource.read({ ...declared, body: new TextEncoder().encode('{"items":[{"url":"/a"}]}') })).toMatchObject({
    found: { pages: [{ url: 'http://h.example/a' }] },
  })
  expect(pagesOf(JSON.stringify({ ...at11, items: Array.from({ length: 10_010 }, (_, n) => ({ url: `/${n}` })) }))).toHaveLength(10_000)
})

describe('a feed', () => {
  test.each([
    '',
    'text',
    '<html><item><link>/a</link></item></html>',
    '<urlset/>',
    '{',
    '{"items":[]}',
    '{"version":"https://jsonfeed.org/version/1"}',
    `{"items":${'['.repeat(1_000_000)}`,
  ])('is not %j', (text) => expect(read(text)).toBe('not_a_feed'))
  test('ends at 10,000 entries', () => {
    expect(pagesOf(`<rss>${Array.from({ length: 10_010 }, (_, i) => `<item><link>http://h.example/${i}</link></item>`).join('')}</rss>`)).toHaveLength(10_000)
  })
  test('behind what a server has to say, and before it', () => {
    const rss = '<rss><channel><item><link>/a</link></item></channel></rss>'
    for (const text of [
      `\ufeff\n<!-- x --><?xml version="1.0"?><!DOCTYPE rss [<!ENTITY e "f">]>${rss}`,
      `<br /><b>Warning</b>: x on line 1 ${rss}`,
      `${rss}<script>x</script>`,
    ])
      expect(pagesOf(text)).toEqual([{ url: 'http://h.example/a' }])
  })
  test('that is torn or nested without end gives what came before', () => {
    const good = '<rss><channel><item><link>http://h.example/a</link></item>'
    for (const rest of [
      '<x>'.repeat(100_000),
      '<item><link>http://h.',
      '<!DOCTYPE x [<!ENTITY a "b">]>&a;',
      `<item><link>${'y'.repeat(1_000_000)}</link></item>`,
    ])
      expect(pagesOf(good + rest)).toEqual([{ url: 'http://h.example/a' }])
  })
})

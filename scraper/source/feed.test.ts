import { describe, expect, test } from 'vitest'
import { feedSource } from './feed.ts'

const at = { url: 'http://h.example/blog/feed', status: 200, headers: {} }
const read = (text: string) => feedSource.read({ ...at, body: new TextEncoder().encode(text) })
function pagesOf(text: string) {
  const found = read(text)
  if (typeof found === 'string') throw new Error(found)
  return found.found.pages
}

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
    ].sort((a, b) => (a.url < b.url ? -1 : 1)),
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

describe('a feed', () => {
  test.each(['', 'text', '<html><item><link>/a</link></item></html>', '<urlset/>'])('is not %j', (text) => expect(read(text)).toBe('not_a_feed'))
  test('ends at 10,000 entries', () => {
    expect(pagesOf(`<rss>${Array.from({ length: 10_010 }, (_, i) => `<item><link>http://h.example/${i}</link></item>`).join('')}</rss>`)).toHaveLength(10_000)
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

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { feedSource } from './feed.ts'
import { headerLinks } from './link-header.ts'
import { webSource } from './web.ts'

const base = 'http://h.example/a/b'
const bytes = (text: string) => new TextEncoder().encode(text)

test.each([
  ['<http://h.example/c>; rel="canonical"', { pages: ['http://h.example/c'] }],
  ['</de>; rel=alternate; hreflang=de, </fr>; rel="alternate"; hreflang="fr"', { pages: ['http://h.example/de', 'http://h.example/fr'] }],
  ['<c?page=2>;rel="next last"', { next: ['http://h.example/a/c?page=2'] }],
  ['<\t/feed >; REL="Alternate"; type="application/atom+xml"; title="a, b; c"', { feeds: ['http://h.example/feed'] }],
  ['</x>; rel=canonical; rel=next', { pages: ['http://h.example/x'] }],
  ['</x>; rel=next; anchor="/other"', {}],
  ['</style.css>; rel=preload; as=style', {}],
  ['</amp>; rel=alternate; media=print', {}],
  ['<javascript:void(0)>; rel=next', {}],
  ['rel=next', {}],
  ['', {}],
])('Link: %s', (header, links) => {
  const { pages, feeds, next } = headerLinks([header], base)
  const urlsOf = (list: typeof pages) => list.map(({ url }) => url)
  expect({ pages: urlsOf(pages), feeds: urlsOf(feeds), next: urlsOf(next) }).toEqual({ pages: [], feeds: [], next: [], ...links })
})

test('a link of a header is asked for as it stands there, byte by byte', () => {
  expect(headerLinks(['</\xe9?b&a>; rel=next'], base).next).toEqual([{ url: 'http://h.example/%E9?a&b', asked: 'http://h.example/%E9?b&a' }])
})

test('any header is read, or not, in bounded time', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('<', '>', ';', '=', '"', ',', ' ', 'rel', 'next', '/a'), maxLength: 400 }),
      (text) => void headerLinks([text], base),
    ),
  )
  expect(headerLinks(['<a>; '.repeat(1e5)], base).pages).toEqual([])
  expect(
    headerLinks(
      Array.from({ length: 900 }, (_, i) => `</${i}>;rel=next`),
      base,
    ).next,
  ).toHaveLength(200)
})

test('a page is found where its header says, too', () => {
  const headers = { 'content-type': 'text/html', link: '</c>; rel=canonical, </2>; rel=next, </rss>; rel=alternate; type="application/rss+xml"' }
  const read = webSource.read({ url: base, status: 200, headers, body: bytes('<a href="/2">2</a><a href="/3">3</a>') })
  expect(read).toMatchObject({
    found: { pages: ['2', '3', 'c'].map((path) => ({ url: `http://h.example/${path}` })), feeds: [{ url: 'http://h.example/rss' }] },
  })
  const closed = webSource.read({ url: base, status: 200, headers: { ...headers, 'x-robots-tag': 'nofollow' }, body: bytes('x') })
  expect(closed).toMatchObject({ found: { pages: [], feeds: [] } })
})

test.each([
  [
    'Atom (RFC 5005)',
    '<feed xmlns="http://www.w3.org/2005/Atom"><link rel="next" href="?page=2"/><entry><link href="/a"/><link rel="next" href="/no"/></entry></feed>',
    {},
  ],
  ['RSS', '<rss xmlns:atom="a"><channel><atom:link rel="next" href="?page=2"/><item><link>/a</link></item></channel></rss>', {}],
  ['its header', '<rss><channel><item><link>/a</link></item></channel></rss>', { link: '<?page=2>; rel=next' }],
  ['an archive (RFC 5005 §4)', '<feed><link rel="prev-archive" href="?page=2"/><entry><link href="/a"/></entry></feed>', {}],
])('a feed goes on where %s says', (_, text, headers) => {
  expect(feedSource.read({ url: base, status: 200, headers, body: bytes(text) })).toMatchObject({
    found: { pages: [{ url: 'http://h.example/a' }], feeds: [{ url: 'http://h.example/a/b?page=2' }] },
  })
})

import fc from 'fast-check'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { canonicalUrl, linkedUrl, type LinkedUrl } from '#schemas/identity/canonical-url.ts'
import { parseHtml, walk } from './dom.ts'
import { extractPage } from '../extract-page.ts'
import { linkResolver } from './link-resolver.ts'
import { scanLinks } from './link-scanner.ts'

const url = 'http://h.example/a/b.html?q=1'
const urlsOf = (links: readonly LinkedUrl[]): string[] => links.map((link) => link.url)
const fromScan = (html: string) => {
  const { links, canonical, robots } = scanLinks(html, url)
  return { links: urlsOf(links).toSorted(), canonical: canonical?.url, robots }
}
const fromDom = (html: string) => {
  const { canonical, metaRobots } = extractPage(html, url)
  return { links: linksOfTree(html), canonical, robots: metaRobots }
}

/** What the scanner must find, by the plain way through the tree. */
function linksOfTree(html: string): string[] {
  const found = new Set<string>()
  const hrefs: string[] = []
  let base: string | undefined
  walk(parseHtml(html).root, {
    enter({ name, attribs }) {
      if (name === 'svg') return false
      if (name === 'base') base ??= attribs['href']
      return true
    },
  })
  walk(parseHtml(html).root, {
    enter({ name, attribs }) {
      const href = name === 'a' || name === 'area' ? attribs['href'] : undefined
      if (href !== undefined && !/\bnofollow\b/i.test(attribs['rel'] ?? '')) hrefs.push(href.trim())
    },
  })
  const start = (base !== undefined && URL.parse(base, url)?.href) || url
  for (const href of hrefs) {
    const link = canonicalUrl(href, start)
    if (link !== undefined && found.size < 5000) found.add(link)
  }
  return [...found].sort()
}

const pieces = [
  '<a href="/x">',
  "<a href='y.html'>",
  '<A HREF=z>',
  '<a href=/q?b=2&a=1>',
  '<a href="/n" rel="nofollow ugc">',
  '<a href="/d" href="/e">',
  '</a>',
  '<area href=map/>',
  '<a title=\'x"y\' href="/quotes">',
  '<a data-x="<a href=/inside>" href="/outside">',
  '<a href="/amp?x=1&amp;y=2">',
  '<a href="/ent&eacute;&#x41;&copy=1">',
  '<a =href=/odd>',
  '<a href>',
  '<a href=>',
  '<a href = "/spaces" / >',
  '<base href="http://other.example/dir/">',
  '<base target=_top>',
  '<link rel="canonical" href="/canon">',
  '<link rel=alternate hreflang=de href=/de>',
  '<meta name=robots content="noindex, nofollow">',
  '<meta name="ORRERY" content=noai>',
  '<!-- <a href=/comment> -->',
  '<!-->',
  '<!--->',
  '--!>',
  '<![CDATA[ <a href=/cdata> ]]>',
  '<!doctype html>',
  '<!d <a href=/bogus>',
  '<? <a href=/pi> ?>',
  '</ a href=/closing>',
  '<script>',
  'if (a<b) "<a href=/script>"',
  '</script>',
  '<style>',
  '</style >',
  '<title>',
  '</title>',
  '<textarea>',
  '</textarea/>',
  '<iframe src=x>',
  '</iframe>',
  '<p>',
  '</p>',
  '<',
  '>',
  '"',
  "'",
  '&amp;',
  ' text ',
  '\n',
  '=',
  '/',
  '<a\nhref\n=\n"/lines"\n>',
  '<abbr href=/no>',
  '<a href="  /trim  ">',
  '<a href="#top">',
  '<a href="javascript:void(0)">',
  '<a href="//0x7f000001/">',
  '<a href="http://H.Example:80/Up#f">',
  '<a href="./../up">',
  '<a href="a/../b">',
  '<a href="%7euser">',
  '<a href="http://u:p@h/">',
  '<a href="tab\there">',
]

describe('the links of a page without a tree', () => {
  test('are those of the tree, whatever the page is made of', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 4 })), { maxLength: 30 }), (parts) => {
        expect(fromScan(parts.join(''))).toEqual(fromDom(parts.join('')))
      }),
      { numRuns: 3000 },
    )
  })

  test('stay the same around drawings, whose empty elements close themselves', () => {
    const page = '<svg><style/><path d="M0"/></svg><a href="/after">x</a><svg/><script/>"<a href=/in>"</script><a href="/end">'
    expect(fromScan(page)).toEqual(fromDom(page))
  })

  test('name the pages before and behind', () => {
    const page = '<link rel=prev href="/list?page=1"><link rel="next" href="/list?page=3"><link rel="dns-prefetch next-up" href="/no">'
    const { links, alternates, neighbours } = scanLinks(page, url)
    expect([links, alternates, urlsOf(neighbours)]).toEqual([[], [], ['http://h.example/list?page=1', 'http://h.example/list?page=3']])
  })

  test('are bounded in number, whatever they say of each other', () => {
    const kinds = ['alternate hreflang=fr', 'alternate type=application/rss+xml', 'next']
    const page = kinds.flatMap((kind) => Array.from({ length: 150 }, (_, n) => `<link href="/${kind.length}/${n}" rel=${kind}>`)).join('')
    const { alternates, feeds, neighbours } = scanLinks(page, url)
    expect([alternates.length, feeds.length, neighbours.length]).toEqual([150, 50, 0])
  })

  test('name other languages and feeds', () => {
    const page =
      '<link rel=alternate hreflang=fr href="/fr"><link rel="alternate" type="application/rss+xml" href="/feed"><link rel=alternate media=print href=/print>'
    expect(scanLinks(page, url)).toMatchObject({ alternates: [{ url: 'http://h.example/fr' }], feeds: [{ url: 'http://h.example/feed' }] })
  })

  const data = new URL('../../../shared/data/extraction-dev.jsonl.gz', import.meta.url)
  const isThere = existsSync(data)
  if (!isThere) console.warn('The shared pages are not there: the links of real pages are not compared.')
  test.skipIf(!isThere)('are those of the tree on real pages', async () => {
    const lines = gunzipSync(await readFile(data))
      .toString()
      .trimEnd()
      .split('\n')
    const pages = lines.map((line) => (JSON.parse(line) as { html: string }).html).filter(({ length }) => length < 300_000)
    for (const html of pages.slice(0, 150)) expect(fromScan(html)).toEqual(fromDom(html))
    expect(pages.length).toBeGreaterThan(150)
  })
})

test('a resolved link is what a browser makes of it, for any link on any page', () => {
  const hosts = fc.constantFrom(
    'http://h.example',
    'https://h.example:8443',
    'http://127.0.0.1:80',
    'HTTP://H.Example.',
    'http://xn--mnchen-3ya.de',
    'http://1.2',
    'http://a_b.c',
    'ftp://h',
    'http://',
  )
  const path = fc.stringMatching(/^[a-zA-Z0-9._~!$'()*+,=@/?#%;:&\\ \u0416-]{0,20}$/)
  const link = fc.oneof(
    path,
    fc.tuple(hosts, path).map(([host, rest]) => `${host}/${rest}`),
    path.map((rest) => `/${rest}`),
    fc.string(),
  )
  const base = fc
    .tuple(fc.constantFrom('http://h.example', 'https://h.example:8443', 'http://H.Example:80', 'http://h.example.'), path)
    .map(([host, rest]) => `${host}/${rest}`)
  fc.assert(
    fc.property(base, link, fc.constantFrom(undefined, 'utf-8', 'koi8-r'), (base, href, charset) => {
      fc.pre(URL.canParse(base))
      const parsed = new URL(base).href
      expect(linkResolver(parsed, charset)(href)).toEqual(linkedUrl(href, parsed, charset))
    }),
    { numRuns: 5000 },
  )
})

import type { Element } from 'domhandler'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { linkedUrl, type LinkedUrl } from '#schemas/identity/canonical-url.ts'
import { extractionSample, hasExtractionPages, noDevelopmentSet } from '#test/bench/development-set.ts'
import { readHead } from '../head/page-head.ts'
import { parseHtml, walk } from './dom.ts'
import { withEncodedQuery } from '../../charset/query-encoding.ts'
import { linkResolver } from './link-resolver.ts'
import { scanLinks } from './link-scanner.ts'
import { refreshHref } from './refresh.ts'

const url = 'http://h.example/a/b.html?q=1'
const urlsOf = (links: readonly LinkedUrl[]): string[] => links.map((link) => link.url)
const fromScan = (html: string) => {
  const { links, canonical, robots } = scanLinks(html, url)
  return { links: urlsOf(links), canonical: canonical?.url, robots }
}

/** What the scanner must find, by the plain way through the tree. */
function fromTree(html: string) {
  const { root } = parseHtml(html)
  const { base, canonical, robots } = readHead(root, url)
  const links = new Set<string>()
  let iframes = 0
  walk(root, {
    enter(element) {
      const href = hrefOf(element)
      const link = href === undefined ? undefined : linkedUrl(href.trim(), base)?.url
      if (link === undefined || links.size >= 5000) return
      if (element.name === 'iframe' && (new URL(link).host !== 'h.example' || ++iframes > 20)) return
      links.add(link)
    },
  })
  return { links: [...links], canonical: canonical === undefined ? undefined : linkedUrl(canonical, base)?.url, robots }
}

function hrefOf({ name, attribs }: Element): string | undefined {
  if (name === 'a' || name === 'area') return /\bnofollow\b/i.test(attribs['rel'] ?? '') ? undefined : attribs['href']
  if (name === 'iframe') return attribs['srcdoc'] === undefined ? attribs['src'] : undefined
  if (name === 'meta') return /^\s*refresh\s*$/i.test(attribs['http-equiv'] ?? '') ? refreshHref(attribs['content'] ?? '') : undefined
  return name === 'frame' ? attribs['src'] : undefined
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
  '<BASE HREF=../up/>',
  '<base href="javascript:1">',
  '<base href="http://">',
  '<link rel="canonical" href="/canon">',
  '<link rel=alternate hreflang=de href=/de>',
  '<meta name=robots content="noindex, nofollow">',
  '<meta name="ORRERY" content=noai>',
  '<meta http-equiv=robots content="  nofollow&#44;noindex ">',
  '<META PROPERTY=og:title NAME=Robots CONTENT=none>',
  '<meta name=robots content="">',
  '<a rel=canonical href=/no-canon>',
  '<link rel="shortlink CANONICAL" href=" c?x=1&amp;y=2 ">',
  '<link rel=canonical href="">',
  '<!-- <a href=/comment> -->',
  '<!-->',
  '<!--->',
  '--!>',
  '<![CDATA[ <a href=/cdata> ]]>',
  '<![CDATA[',
  ']]>',
  '<![',
  '<!>',
  '<!-',
  '<!--x--!',
  '-->',
  '--',
  '</>',
  '<?>',
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
  '<iframe src="//other.example/ad">',
  '<iframe srcdoc="&lt;a>" src=/instead>',
  '<frame src=menu.html>',
  '<FRAMESET><FRAME NAME=x SRC="main.html?a&amp;b" noresize>',
  '<meta http-equiv=refresh content="0; url=/on">',
  '<META CONTENT="1,URL=&quot;/quoted&quot;" HTTP-EQUIV=" Refresh ">',
  '<meta http-equiv=refresh content=300>',
  '</iframe>',
  '<svg>',
  '<svg/>',
  '<SVG viewBox="0 0 1 1" / >',
  '</svg>',
  '</Svg\n x>',
  '<desc>',
  '</desc>',
  '<foreignObject>',
  '</foreignObject>',
  '<path d="M0"/>',
  '<style/>',
  '<title/>',
  '<math>',
  '<mi>',
  '</mi>',
  '<annotation-xml encoding=text/html>',
  '</math>',
  '<template>',
  '</template>',
  '<noscript>',
  '</noscript>',
  '<noframes>',
  '</noframes>',
  '<noembed>',
  '</noembed>',
  '<xmp>',
  '</xmp>',
  '<plaintext>',
  '<select>',
  '<option>',
  '</select>',
  '<table>',
  '<td>',
  '</table>',
  '<button>',
  '</button>',
  '<form>',
  '</form>',
  '</p>',
  '</br>',
  '<image href=/image>',
  '<li>',
  '<div>',
  '</div>',
  '</scr',
  '<scripts>',
  '</scripts>',
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
  '\0',
  '<a\0 href=/null>',
  '<a \0href=/null-name>',
  '<a href="/nu\0ll">',
  '<a\vhref=/tabbed>',
  '<a/href=/slash>',
  '<a"href=/quote>',
  '<a href="/gt>x">',
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
        expect(fromScan(parts.join(''))).toEqual(fromTree(parts.join('')))
      }),
      { numRuns: 5000 },
    )
  })

  test.each<[string, string[]]>([
    ['<![CDATA[<a href=/1>', ['http://h.example/2']],
    ['<svg><a href=/1></a><desc><p><a href=/1></a></desc></svg>', ['http://h.example/2']],
    ['<svg/><svg><style/><path d="M0"/></svg>', ['http://h.example/2']],
    ['<a href=/1><svg><path/></a>', ['http://h.example/1', 'http://h.example/2']],
    ['<template><a href=/1></template><noscript><a href=/1></noscript>', ['http://h.example/1', 'http://h.example/2']],
    ['<textarea><a href=/1></textarea><title><a href=/1></title><xmp><a href=/1></xmp><iframe><a href=/1></iframe>', ['http://h.example/2']],
    ['<a href=/1 href=/3><select><option><a HREF=/1 href="/4"></select>', ['http://h.example/1', 'http://h.example/2']],
    ['<!--><a href=/1><!---><!-- --!><!--<a href=/3>-->', ['http://h.example/1', 'http://h.example/2']],
    ['<math><mi><a href=/1></mi></math>', ['http://h.example/1', 'http://h.example/2']],
  ])('stand where a browser sees them: %s', (start, links) => {
    const page = `${start}<a href="/2">x</a>`
    expect(fromScan(page).links).toEqual(links)
    expect(fromTree(page).links).toEqual(links)
  })

  test.each([
    ['<a href=x><base target=_top><base href=/1/><base href=/2/>', ['http://h.example/1/x']],
    ['<base href="&#x2f;1/"><a href=x>', ['http://h.example/1/x']],
    ['<base href="data:text/html,1"><a href=x>', ['http://h.example/a/x']],
    ['<base href="file:///C:/site/"><base href="/1/"><a href=x>', ['http://h.example/a/x']],
  ])('start at the base of the page: %s', (page, links) => {
    expect(fromScan(page).links).toEqual(links)
    expect(fromTree(page).links).toEqual(links)
  })

  test.each([
    ['<meta http-equiv=Robots content=noindex>', ['noindex'], undefined],
    ['<meta property=og:title name=robots content=" nofollow ">', ['nofollow'], undefined],
    ['<meta name="Googlebot, Robots" content=a><meta http-equiv=X-Robots-Tag content=b><meta name="my robots.txt" content=c>', ['a', 'b'], undefined],
    ['<meta name=robots content=a><meta name=orrery content=b><meta name=otherbot content=c>', ['a', 'b'], undefined],
    ['<a rel=canonical href=/1><link rel="home Canonical" href=/2><link rel=canonical href=/3>', [], 'http://h.example/2'],
    ['<body><p>x<link rel=canonical href=/1>', [], 'http://h.example/1'],
    ['<link rel=canonical><link rel=canonical href="mailto:x@h.example"><link rel=canonical href=/2>', [], undefined],
  ])('say of the page what its tree says: %s', (page, robots, canonical) => {
    expect(fromScan(page)).toMatchObject({ robots, canonical })
    expect(fromTree(page)).toMatchObject({ robots, canonical })
  })

  test.each<[string, string[]]>([
    [
      '<frameset cols="20%,80%"><frame src="menu.html"><frame src="//other.example/main"><noframes><a href=/1></noframes></frameset>',
      ['h.example/a/menu.html', 'other.example/main'],
    ],
    ['<meta http-equiv="refresh" content="0;URL=/real/"><META HTTP-EQUIV=REFRESH content="0; url=\'/quoted/\'">', ['h.example/real/', 'h.example/quoted/']],
    ['<iframe src=/1></iframe><iframe src="//ads.example/2"></iframe><iframe srcdoc="x" src=/3></iframe><iframe src="about:blank">', ['h.example/1']],
    ['<iframe src=/1></iframe>'.repeat(20) + '<iframe src=/2></iframe><a href=/3>', ['h.example/1', 'h.example/3']],
    ['<map><area href=/1><AREA NOHREF><area href=/2 rel=nofollow></map>', ['h.example/1']],
  ])('lead on by frames and refreshes as well: %s', (page, links) => {
    expect(fromScan(page).links).toEqual(links.map((link) => `http://${link}`))
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

  if (!hasExtractionPages) console.warn(`The links of real pages are not compared: that ${noDevelopmentSet}.`)
  test.skipIf(!hasExtractionPages)('are those of the tree on real pages', async () => {
    const pages = await extractionSample()
    const different = pages.filter(({ html }) => JSON.stringify(fromScan(html)) !== JSON.stringify(fromTree(html)))
    expect(different.map(({ id }) => id)).toEqual([])
    expect(pages.length).toBeGreaterThan(500)
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
  const path = fc.stringMatching(/^(?:(?:s|\/sid|\/)[-=(](?:S\()?0123456789abcdefg\)*)?[a-zA-Z0-9._~!$'()*+,=@/?#%;:&\\ \u0416-]{0,20}$/)
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
      expect(linkResolver(parsed, charset)(href)).toEqual(linkedUrl(charset === undefined ? href : withEncodedQuery(href, charset), parsed))
    }),
    { numRuns: 5000 },
  )
})

import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { TargetKind } from '#schemas/frontier.ts'
import { hostilePages } from './hostile-pages.ts'

/** An answer of at most 50 MB that is made to hold up whoever reads it. */
export interface StallInput {
  kind: TargetKind
  /** Where it is; the target itself when absent. The other file of a host that is asked before its page. */
  path?: '/robots.txt' | '/ai.txt' | '/.well-known/tdmrep.json'
  type: string
  encoding?: string
  body(): Uint8Array
}

const bytesMax = 50_000_000
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
/** Pieces until the text has so many characters. */
function each(piece: (i: number) => string, chars = bytesMax): string {
  const parts: string[] = []
  for (let i = 0, length = 0; ; i++) {
    const part = piece(i)
    length += part.length
    if (length > chars) return parts.join('')
    parts.push(part)
  }
}
const many = (piece: string, before = ''): Buffer => Buffer.concat([bytes(before), Buffer.alloc(bytesMax - before.length, piece, 'latin1')])
const page = (body: () => Uint8Array, type = 'text/html'): StallInput => ({ kind: 'page', type, body })
const sitemap = (body: () => Uint8Array): StallInput => ({ kind: 'sitemap', type: 'application/xml', body })
const feed = (body: () => Uint8Array): StallInput => ({ kind: 'feed', type: 'application/rss+xml', body })
const hostFile = (path: StallInput['path'] & string, body: () => Uint8Array): StallInput => ({ kind: 'page', path, type: 'text/plain', body })
const fileChars = 500 * 1024
const longPath = 'x'.repeat(900)

/** The worst of each kind, for every run of the tests. */
export const stallInputs: Readonly<Record<string, StallInput>> = {
  'a gzip file in a gzip encoding': {
    ...sitemap(() => gzipSync(gzipSync(Buffer.alloc(bytesMax, '\xe9', 'latin1'), { level: 9 }), { level: 9 })),
    encoding: 'gzip',
  },
  'a sitemap with 125,000 dates in one entry': sitemap(() =>
    bytes(`<urlset><url><loc>/a</loc>${'<lastmod>2026-01-02T03:04:05+00:00</lastmod>'.repeat(125_000)}<lastmod>1969-01-01</lastmod></url></urlset>`),
  ),
  'a sitemap of 50,000 URLs': sitemap(() => bytes(`<urlset>${each((i) => `<url><loc>/${i}</loc></url>`, 1_500_000)}</urlset>`)),
  'a sitemap of long URLs': sitemap(() => bytes(each((i) => `http://HOST/${i}/${longPath}\n`, 20_000_000))),
  'empty elements': page(() => many('<a/>')),
  'bytes of no encoding': page(() => Buffer.alloc(bytesMax, 0xe9)),
  'a robots.txt of rules': hostFile('/robots.txt', () => bytes(`User-agent: *\n${each((i) => `Disallow: /*${i}\n`, fileChars)}`)),
}

/** All others, for the long run. */
export const moreStallInputs: Readonly<Record<string, StallInput>> = {
  'a brotli encoding of nothing': { ...page(() => brotliCompressSync(Buffer.alloc(bytesMax))), encoding: 'br' },
  'distinct attributes': page(() => bytes(`<a ${each((i) => `x${i.toString(36)} `)}>`)),
  'three layers of gzip': { ...page(() => gzipSync(gzipSync(gzipSync(Buffer.alloc(bytesMax, 'a')))), 'text/html'), encoding: 'gzip, gzip, gzip' },
  'a sitemap index of 50,000 sitemaps': sitemap(() =>
    bytes(`<sitemapindex>${each((i) => `<sitemap><loc>/s${i}.xml</loc></sitemap>`, 2_000_000)}</sitemapindex>`),
  ),
  'a sitemap of other languages': sitemap(() =>
    bytes(`<urlset xmlns:x="x">${each((i) => `<url><loc>/${i}</loc><x:link rel="alternate" hreflang="de" href="/de/${i}"/></url>`, 8_000_000)}</urlset>`),
  ),
  'a sitemap of entities': sitemap(() => many('&amp;', '<urlset><url><loc>')),
  'a sitemap of ampersands': sitemap(() => many('&', '<urlset><url><loc>')),
  'a sitemap of empty elements': sitemap(() => many('<a/>', '<urlset>')),
  'a sitemap of attributes': sitemap(() => bytes(`<urlset ${each((i) => `x${i.toString(36)}=1 `)}>`)),
  'a sitemap of nested elements': sitemap(() => many('<a>', '<urlset>')),
  'a sitemap of CDATA': sitemap(() => many('<![CDATA[', '<urlset>')),
  'a sitemap of declarations': sitemap(() => many('<!x', '<urlset>')),
  'a sitemap of one address': sitemap(() => many('x', '<urlset><url><loc>')),
  'a sitemap of addresses of one entry': sitemap(() => many('<loc>/</loc>', '<urlset><url>')),
  'a sitemap of lines that are none': sitemap(() => many(' \n', 'http://HOST/\n')),
  'a sitemap of one long name': sitemap(() => many('a.', 'http://HOST/\n')),
  'a sitemap of addresses of no page': sitemap(() => many('<loc>x:</loc>', '<urlset><url>')),
  'a feed of entries': feed(() => bytes(`<rss>${each((i) => `<item><link>/${i}</link><pubDate>Thu, 01 Jan 2026 00:00:00 GMT</pubDate></item>`, 9_000_000)}`)),
  'a feed of dates': feed(() => bytes(`<rss><item>${each(() => '<pubDate>Thu, 01 Jan 1960 00:00:00 GMT</pubDate>', 9_000_000)}`)),
  'a feed in a gzip file': feed(() => gzipSync(Buffer.alloc(bytesMax, '<rss><item>'))),
  'UTF-16': page(() => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.alloc(bytesMax - 2, '<a href=x>', 'utf16le')])),
  'UTF-32': page(() => Buffer.alloc(bytesMax, Buffer.from([0, 0, 0, 0x3c, 0, 0, 0, 0x61, 0, 0, 0, 0x3e]))),
  NULs: page(() => Buffer.alloc(bytesMax)),
  'Shift JIS': page(() => Buffer.alloc(bytesMax, Buffer.from([0x82, 0xa0]))),
  'broken UTF-8': page(() => Buffer.alloc(bytesMax, Buffer.from([0xc3, 0x28])), 'text/html; charset=utf-8'),
  links: page(() => bytes(each((i) => `<a href=/${i}>`))),
  'links to hosts': page(() => bytes(each((i) => `<a href=http://h${i}.example/>`))),
  'links with entities': page(() => bytes(each((i) => `<a href="/${i}&eacute;">`))),
  'long links': page(() => bytes(each((i) => `<a href="/${i}/${longPath}">`))),
  'links of odd characters': page(() => bytes(each((i) => `<a href="//h${i}/\xe9 x?b=${i}&a=1">`))),
  'one long link': page(() => many('x', '<a href="/')),
  'one attribute of entities': page(() => many('&eacute;', '<a href="/')),
  'unclosed quotes': page(() => many('<a href="')),
  'unclosed links': page(() => many('<a href=x>y')),
  feeds: page(() => bytes(each((i) => `<link rel=alternate type=application/rss+xml href=/${i}>`))),
  metas: page(() => bytes(each((i) => `<meta name=robots content=x${i}>`))),
  bases: page(() => bytes(each((i) => `<base href="http://u:p@h${i}/">`))),
  svg: page(() => many('<svg></svg')),
  'drawings that are left open': page(() => many('<svg><p>')),
  'drawings of drawings': page(() => many('<svg><desc>')),
  'drawings of CDATA': page(() => many('<svg><![CDATA[</svg>')),
  frames: page(() => bytes(each((i) => `<frame src=/${i}><iframe src=/${i}></iframe>`))),
  refreshes: page(() => many('<meta http-equiv=refresh content="0 ; url = \'/">')),
  scripts: page(() => many('<script></script')),
  'JSON-LD in one block': page(() => bytes(`<script type="application/ld+json">[${each((i) => `{"@type":"Article","author":{"name":"${i}"}},`)}1]</script>`)),
  'JSON-LD in many blocks': page(() => many('<script type="application/ld+json">{"@type":"Article","datePublished":"2026-01-02"}</script>')),
  'JSON-LD that nests': page(() => many('{"a":[', '<script type="application/ld+json">')),
  'a robots.txt of agents': hostFile('/robots.txt', () => bytes(each((i) => `User-agent: a${i}\n`, fileChars))),
  'a robots.txt of sitemaps': hostFile('/robots.txt', () => bytes(each((i) => `Sitemap: http://h${i}/\xe9 ?b=1&a=2\n`, fileChars))),
  'a robots.txt of stars': hostFile('/robots.txt', () => bytes(`User-agent: *\n${each(() => `Disallow: /${'*a'.repeat(500)}\n`, fileChars)}`)),
  'a robots.txt of percent signs': hostFile('/robots.txt', () => bytes(`User-agent: *\n${each((i) => `Allow: /${'%41\xe9'.repeat(50)}${i}\n`, fileChars)}`)),
  'a robots.txt of line ends': hostFile('/robots.txt', () => bytes('\r\n'.repeat(fileChars / 2))),
  'an ai.txt of rules': hostFile('/ai.txt', () => bytes(`User-agent: *\n${each((i) => `Disallow: *${i}.txt\n`, fileChars)}`)),
  'a tdmrep.json of rules': hostFile('/.well-known/tdmrep.json', () =>
    bytes(`[${each((i) => `{"location":"/*${i}","tdm-reservation":1,"tdm-policy":"http://h/\xe9"},`, fileChars - 10)}{}]`),
  ),
  'a tdmrep.json that nests': hostFile('/.well-known/tdmrep.json', () => bytes('['.repeat(fileChars))),
  ...Object.fromEntries(
    Object.entries(hostilePages).map(([name, make]) => [`50 MB of ${name}`, page(() => Buffer.from(make(20_000_000)).subarray(0, bytesMax))]),
  ),
}

import { linkedUrl, type LinkedUrl } from '#schemas/identity/canonical-url.ts'
import { hostnameOf, hostOf, isSameSite } from '#schemas/identity/url-parts.ts'
import { readFeed } from './feed.ts'
import { foundUrls, noFinds, type Found, type FoundUrl } from './found.ts'
import { SitemapReader } from './sitemap-reader.ts'
import type { Source } from './source.ts'
import { textOfFile } from './url-list.ts'
import { scanXml } from './xml.ts'

/** The limits of sitemaps.org. */
const urlsMax = 50_000
const bytesMax = 50 * 2 ** 20
const headChars = 4096

/**
 * Sitemaps and sitemap indexes (sitemaps.org 0.9) as XML, with the other languages of their pages (`xhtml:link`), and sitemaps as a list of lines or as a feed; plain or gzipped.
 * They may list what lies on other hosts ("cross submits"): it is visited as far as a job wants it, but no host speaks for the dates of another's pages.
 */
export const sitemapSource: Source = {
  accept: 'application/xml, text/xml;q=0.9, text/plain;q=0.8, application/gzip;q=0.8',
  bytesMax,
  read(fetched) {
    const file = textOfFile(fetched, bytesMax)
    if (typeof file === 'string') return file
    const { text } = file
    const { url } = fetched
    const found = isXml(text) ? (readXml(text, url) ?? readFeed(text, url)) : readLines(text, url)
    return found === undefined ? 'not_a_sitemap' : { found: withOwnDates(found, url), isPage: false }
  },
}

/** Also behind what a server has to say of itself before. */
const isXml = (text: string): boolean => /^\s*</.test(text) || /<(?:[\w.-]+:)?(?:urlset|sitemapindex)[\s>]/i.test(text.slice(0, headChars))

/** A list begins with a URL; anything else is some other text. */
function readLines(text: string, base: string): Found | undefined {
  const address = addressReader(base)
  const [first] = /\S[^\r\n]*/.exec(text.slice(0, headChars)) ?? []
  if (first === undefined || !isAddress(first, base)) return undefined
  const pages = text.split(/\r\n|\r|\n/, urlsMax).flatMap((line) => (isAddress(line, base) ? (address(line) ?? []) : []))
  return { ...noFinds, pages: foundUrls(pages) }
}

function readXml(xml: string, base: string): Found | undefined {
  const reader = new SitemapReader(addressReader(base), urlsMax)
  scanXml(xml, reader)
  return reader.found()
}

const scheme = /^\s*https?:/i
const hostAtStart = /^((?:[\w-]+\.)+[\w-]+)(?::\d+)?(?:[/?#]|\s*$)/
/** No name is longer; nor is a port. */
const hostChars = 260

/** The addresses of a list: one without a scheme, `www.site.example/a`, is one of `http:`. */
const addressReader =
  (base: string) =>
  (text: string): LinkedUrl | undefined =>
    linkedUrl(!scheme.test(text) && beginsWithHost(text, base) ? `http://${text.trim()}` : text.trim(), base)

const isAddress = (text: string, base: string): boolean => scheme.test(text) || beginsWithHost(text, base)

/** Of what else could be the first folder of a relative reference, a host is what belongs to the list's own site, and `www.` of any. */
function beginsWithHost(text: string, base: string): boolean {
  const [, host] = hostAtStart.exec(text.trimStart().slice(0, hostChars)) ?? []
  return host !== undefined && (/^www\..+\./i.test(host) || isSameSite(host.toLowerCase(), hostnameOf(hostOf(base))))
}

function withOwnDates({ pages, sitemaps, feeds }: Found, base: string): Found {
  const own = hostnameOf(hostOf(base))
  const dated = ({ modifiedAt, ...linked }: FoundUrl): FoundUrl =>
    modifiedAt !== undefined && isSameSite(hostnameOf(hostOf(linked.url)), own) ? { ...linked, modifiedAt } : linked
  return { pages: pages.map(dated), sitemaps: sitemaps.map(dated), feeds }
}

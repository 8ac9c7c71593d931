import { canonicalUrl } from '#schemas/identity/canonical-url.ts'
import { hostOf } from '#schemas/identity/url-parts.ts'
import { readFeed } from './feed.ts'
import { foundUrls, noFinds, type Found, type FoundUrl } from './found.ts'
import type { Source } from './source.ts'
import { ListEntry, textOfFile } from './url-list.ts'
import { scanXml } from './xml.ts'

/** The limits of sitemaps.org. */
const urlsMax = 50_000
const bytesMax = 50 * 2 ** 20

/**
 * Sitemaps and sitemap indexes (sitemaps.org 0.9) as XML, with the other languages of their pages (`xhtml:link`), and sitemaps as a list of lines or as a feed; plain or gzipped. What lies on another host is left
 * out, as the protocol has it.
 */
export const sitemapSource: Source = {
  accept: 'application/xml, text/xml;q=0.9, text/plain;q=0.8, application/gzip;q=0.8',
  bytesMax,
  read(fetched) {
    const file = textOfFile(fetched, bytesMax)
    if (typeof file === 'string') return file
    const { text } = file
    const { url } = fetched
    const found = /^\uFEFF?\s*</.test(text) ? (readXml(text, url) ?? readFeed(text, url)) : readLines(text, url)
    return found === undefined ? 'not_a_sitemap' : { found: onHost(found, url), isPage: false }
  },
}

/** A list begins with a URL; anything else is some other text. */
function readLines(text: string, base: string): Found | undefined {
  if (!/^\uFEFF?\s*https?:\/\//i.test(text)) return undefined
  const urls = text.split(/\r\n|\r|\n/, urlsMax).map((line) => (/^\s*https?:/i.test(line) ? canonicalUrl(line.trim(), base) : undefined))
  return { ...noFinds, pages: foundUrls(urls.flatMap((url) => url ?? []).map((url) => ({ url }))) }
}

function readXml(xml: string, base: string): Found | undefined {
  const lists = { url: [] as FoundUrl[], sitemap: [] as FoundUrl[] }
  const alternates: FoundUrl[] = []
  let root: { prefix: string } | undefined
  let entry: { kind: 'url' | 'sitemap'; at: ListEntry } | undefined
  let field = ''
  let value = ''
  // <image:loc> and the like name other things than pages: only names with the root's own prefix are the protocol's.
  const ownName = (name: string): string => (root && name.startsWith(root.prefix) ? name.slice(root.prefix.length) : '')
  scanXml(xml, {
    open(name, { rel, hreflang, href }) {
      const [, prefix = '', local] = /^(.*:)?([^:]*)$/.exec(name) ?? []
      if (local === 'urlset' || local === 'sitemapindex') root ??= { prefix }
      field = ownName(name)
      value = ''
      if (field === 'url' || field === 'sitemap') entry = { kind: field, at: new ListEntry() }
      // The page in another language.
      const other =
        entry?.kind === 'url' && rel === 'alternate' && hreflang !== undefined && name.endsWith(':link') ? canonicalUrl(href ?? '', base) : undefined
      if (other !== undefined && alternates.length < urlsMax) alternates.push({ url: other })
    },
    text(data) {
      if (field === 'loc' || field === 'lastmod') value += data
    },
    close(name, isTorn) {
      const closed = ownName(name)
      if (isTorn) field = ''
      if (closed === field && field === 'loc') entry?.at.addUrl('loc', value)
      if (closed === field && field === 'lastmod') entry?.at.addDate(value)
      if (entry && closed === entry.kind) {
        const found = lists.url.length + lists.sitemap.length < urlsMax ? entry.at.found(['loc'], base) : undefined
        if (found) lists[entry.kind].push(found)
        entry = undefined
      }
      field = ''
    },
  })
  return root && { pages: foundUrls([...lists.url, ...alternates]), sitemaps: foundUrls(lists.sitemap), feeds: [] }
}

function onHost({ pages, sitemaps }: Found, base: string): Found {
  const { host } = new URL(base)
  const own = (list: readonly FoundUrl[]) => list.filter(({ url }) => hostOf(url) === host)
  return { pages: own(pages), sitemaps: own(sitemaps), feeds: [] }
}

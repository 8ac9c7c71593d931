import { gunzipSync } from 'node:zlib'
import { Parser } from 'htmlparser2'
import { decodeText } from '#infra/net/charset.ts'
import { canonicalUrl } from '#schemas/identity/canonical-url.ts'
import { foundUrls, type Found } from './found.ts'
import type { Source } from './source.ts'

/** The limits of sitemaps.org. */
const urlsMax = 50_000
const bytesMax = 50 * 2 ** 20
const urlCharsMax = 2048

/** XML sitemaps and sitemap indexes (sitemaps.org 0.9), plain or gzipped. What lies on another host is left out, as the protocol has it. */
export const sitemapSource: Source = {
  accept: 'application/xml, text/xml;q=0.9, application/gzip;q=0.8',
  bytesMax,
  read({ url, headers, body }) {
    const xml = inflated(body)
    if (xml === undefined) return 'bad_encoding'
    const { text } = decodeText(xml, headers['content-type'])
    const found = readSitemap(text, url)
    return found === undefined ? 'not_a_sitemap' : { found, content: undefined }
  },
}

/** A `.xml.gz` may come as a file of its own kind, not as an encoded answer: the magic bytes tell. */
function inflated(body: Uint8Array): Uint8Array | undefined {
  if (body[0] !== 0x1f || body[1] !== 0x8b) return body
  try {
    return gunzipSync(body, { maxOutputLength: bytesMax })
  } catch {
    return undefined
  }
}

const listOf = (urls: Set<string>) => foundUrls(urls.values().map((url) => ({ url })))

function readSitemap(xml: string, base: string): Found | undefined {
  const pages = new Set<string>()
  const sitemaps = new Set<string>()
  const { host } = new URL(base)
  let container: Set<string> | undefined
  let location: string | undefined
  let isSitemap = false
  const parser = new Parser(
    {
      onopentag(name) {
        const local = name.replace(/^.*:/, '')
        if (local === 'urlset' || local === 'sitemapindex') isSitemap = true
        else if (local === 'url') container = pages
        else if (local === 'sitemap') container = sitemaps
        // <image:loc> and the like name other things than pages.
        else if (name === 'loc' && container) location = ''
      },
      ontext(data) {
        if (location !== undefined && location.length <= urlCharsMax) location += data
      },
      onclosetag(name) {
        if (name === 'url' || name === 'sitemap') container = undefined
        if (name !== 'loc' || location === undefined) return
        const url = canonicalUrl(location.trim(), base)
        location = undefined
        if (url !== undefined && new URL(url).host === host && pages.size + sitemaps.size < urlsMax) container?.add(url)
      },
    },
    { xmlMode: true, decodeEntities: true },
  )
  parser.end(xml)
  return isSitemap ? { pages: listOf(pages), sitemaps: listOf(sitemaps), feeds: [] } : undefined
}

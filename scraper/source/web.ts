import { decodeText } from '#infra/net/charset.ts'
import { extractPage } from '../extract/extract-page.ts'
import { scanLinks } from '../extract/link-scanner.ts'
import { readPageRobots } from '../robots/page-robots.ts'
import { noFinds, type FoundUrl } from './found.ts'
import type { Source } from './source.ts'

/** HTML pages: their links, and what becomes a document. */
export const webSource: Source = {
  accept: 'text/html, application/xhtml+xml;q=0.9',
  bytesMax: undefined,
  read({ url, headers, body }) {
    if (!isHtml(headers['content-type'], body)) return 'not_html'
    const { text } = decodeText(body, headers['content-type'])
    const { links, canonical, alternates, feeds, robots } = scanLinks(text, url)
    const content = () => {
      const page = extractPage(text, url)
      return { page, robots: readPageRobots(headers, { ...page, robots: page.metaRobots }, url) }
    }
    if (!readPageRobots(headers, { robots }, url).follow) return { found: noFinds, content }
    const pages = new Set([...links, ...alternates, ...(canonical === undefined ? [] : [canonical])])
    return { found: { pages: listOf(pages), sitemaps: [], feeds: listOf(feeds) }, content }
  },
}

/** By the header; without one by the first bytes that are no white space. */
function isHtml(contentType: string | undefined, body: Uint8Array): boolean {
  if (contentType !== undefined) return /^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(contentType)
  return /^\uFEFF?\s*<(?:!doctype|!--|html|head|body|[a-z])/i.test(new TextDecoder().decode(body.subarray(0, 512)))
}

const listOf = (urls: Iterable<string>): FoundUrl[] => Array.from(urls, (url) => ({ url }))

import { decodeText } from '#infra/net/charset.ts'
import { contentKind } from '#infra/net/content-kind.ts'
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

/** Nothing at all is a page without text. */
function isHtml(contentType: string | undefined, body: Uint8Array): boolean {
  const kind = contentKind(body, contentType)
  return kind === 'html' || kind === 'empty'
}

const listOf = (urls: Iterable<string>): FoundUrl[] => Array.from(urls, (url) => ({ url }))

import { headerValue, headerValues } from '#infra/net/header-lines.ts'
import { decodeText } from '../charset/charset.ts'
import { contentKind } from '../charset/content-kind.ts'
import { scanLinks } from '../extract/html/link-scanner.ts'
import { readPageRobots } from '../robots/page-robots.ts'
import { feedSource } from './feed.ts'
import { noFinds, type FoundUrl } from './found.ts'
import { headerLinks } from './link-header.ts'
import { sitemapSource } from './sitemap.ts'
import type { Source } from './source.ts'

/** HTML pages, for their links and those of their `Link` header. What turns out to be a feed or a sitemap is read for what it lists. */
export const webSource: Source = {
  accept: 'text/html, application/xhtml+xml;q=0.9',
  bytesMax: undefined,
  read(fetched) {
    const { url, headers, body } = fetched
    const kind = contentKind(body, headerValue(headers, 'content-type'))
    if (kind === 'feed') return feedSource.read(fetched)
    if (kind === 'sitemap') return sitemapSource.read(fetched)
    // Nothing at all is a page without text.
    if (kind !== 'html' && kind !== 'empty') return 'not_html'
    const { text } = decodeText(body, headerValue(headers, 'content-type'))
    const { links, canonical, alternates, neighbours, feeds, robots } = scanLinks(text, url)
    if (!readPageRobots(headers, { robots }, url).follow) return { found: noFinds, isPage: true }
    const header = headerLinks(headerValues(headers, 'link'), url)
    const pages = merged(links, [...neighbours, ...alternates, ...(canonical === undefined ? [] : [canonical]), ...header.pages, ...header.next])
    return { found: { pages: listOf(pages), sitemaps: [], feeds: listOf(merged(feeds, header.feeds)) }, isPage: true }
  },
}

/** Without repeats; the first has none. */
const merged = (urls: readonly string[], more: readonly string[]): readonly string[] => (more.length === 0 ? urls : [...new Set([...urls, ...more])])
const listOf = (urls: readonly string[]): FoundUrl[] => urls.map((url) => ({ url }))

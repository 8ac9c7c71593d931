import { headerValue, headerValues, type HeaderLines } from '#infra/net/header-lines.ts'
import type { LinkedUrl } from '#schemas/identity/canonical-url.ts'
import { decodeText } from '../charset/charset.ts'
import { contentKind } from '../charset/content-kind.ts'
import { scanLinks } from '../extract/html/link-scanner.ts'
import { refreshHref } from '../extract/html/refresh.ts'
import { headerUrl } from '../fetch/header-url.ts'
import { readPageRobots } from '../robots/page-robots.ts'
import { feedSource } from './feed.ts'
import { noFinds } from './found.ts'
import { headerLinks } from './link-header.ts'
import { sitemapSource } from './sitemap.ts'
import type { Source } from './source.ts'

const refreshesMax = 10

/** HTML pages, for their links and those of their `Link` and `Refresh` headers. What turns out to be a feed or a sitemap is read for what it lists. */
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
    const { text, charset } = decodeText(body, headerValue(headers, 'content-type'))
    const { links, canonical, alternates, neighbours, feeds, robots } = scanLinks(text, url, charset)
    if (!readPageRobots(headers, { robots }, url).follow) return { found: noFinds, isPage: true }
    const header = headerLinks(headerValues(headers, 'link'), url)
    const more = [...neighbours, ...alternates, ...(canonical ? [canonical] : []), ...header.pages, ...header.next, ...headerRefreshes(headers, url)]
    return { found: { pages: merged(links, more), sitemaps: [], feeds: merged(feeds, header.feeds) }, isPage: true }
  },
}

/** Where `Refresh` sends readers on to (HTML standard, 7.4.6: as the `meta` of its name). */
function headerRefreshes(headers: HeaderLines, url: string): LinkedUrl[] {
  const hrefs = headerValues(headers, 'refresh').slice(0, refreshesMax).map(refreshHref)
  return hrefs.flatMap((href) => (href === undefined ? [] : (headerUrl(href, url) ?? [])))
}

/** Without repeats, as the first has none: of the spellings of one page the first stays. */
function merged(urls: readonly LinkedUrl[], more: readonly LinkedUrl[]): readonly LinkedUrl[] {
  if (more.length === 0) return urls
  const first = new Map(urls.map((linked) => [linked.url, linked]))
  for (const linked of more) if (!first.has(linked.url)) first.set(linked.url, linked)
  return [...first.values()]
}

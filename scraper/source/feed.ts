import { headerValue, headerValues } from '#infra/net/header-lines.ts'
import { isJsonFeedType, readJsonFeed } from './json-feed.ts'
import { FeedReader } from './feed-reader.ts'
import { foundUrls, type Found } from './found.ts'
import { headerLinks } from './link-header.ts'
import type { Source } from './source.ts'
import { textOfFile } from './url-list.ts'
import { scanXml } from './xml.ts'

const bytesMax = 10 * 2 ** 20

/**
 * RSS 2.0 (and 0.9x), RSS 1.0 (RDF), Atom 1.0 (and 0.3) and JSON Feed: the pages their entries lead to, with the date of each, and the next document of a
 * paged feed. Enclosures are no pages.
 */
export const feedSource: Source = {
  accept:
    'application/atom+xml, application/rss+xml, application/rdf+xml;q=0.9, application/feed+json;q=0.9, application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7',
  bytesMax,
  read(fetched) {
    const file = textOfFile(fetched, bytesMax)
    if (typeof file === 'string') return file
    const { url, headers } = fetched
    const found = readFeed(file.text, url) ?? readJsonFeed(file.text, url, isJsonFeedType(headerValue(headers, 'content-type')))
    if (found === undefined) return 'not_a_feed'
    const { next } = headerLinks(headerValues(headers, 'link'), url)
    return { found: next.length === 0 ? found : { ...found, feeds: foundUrls([...found.feeds, ...next]) }, isPage: false }
  },
}

/** What is XML; undefined when the text is no feed of it. */
export function readFeed(xml: string, base: string): Found | undefined {
  const reader = new FeedReader(base)
  scanXml(xml, reader)
  return reader.found()
}

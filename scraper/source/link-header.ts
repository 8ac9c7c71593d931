import { canonicalUrl } from '#schemas/identity/canonical-url.ts'

/** Where an answer leads by its `Link` header: canonical URLs, without repeats. */
export interface HeaderLinks {
  /** The canonical URL, the page in other languages, and the next page of a row. */
  pages: readonly string[]
  feeds: readonly string[]
  /** The next part of what was asked for. */
  next: readonly string[]
}

const headerChars = 16_384
const linksMax = 200
/** `<url>; rel="next"; hreflang=de`, several after commas (RFC 8288 §3). */
const link = /<([^<>]{0,2048})>((?:\s*;\s*[\w*-]{1,40}\s*(?:=\s*(?:"[^"]{0,400}"|[^\s",;]{0,400}))?)*)/g
const parameter = /;\s*([\w*-]+)\s*(?:=\s*(?:"([^"]*)"|([^\s",;]*)))?/g
const feedType = /^application\/(?:rss|atom|rdf)\+xml\b/i

/** @param values of the `Link` header @param base URL of what was asked for. A link that speaks of something else (`anchor`) is passed over. */
export function headerLinks(values: readonly string[], base: string): HeaderLinks {
  const found = { pages: new Set<string>(), feeds: new Set<string>(), next: new Set<string>() }
  let count = 0
  for (const [, href = '', tail = ''] of values.join(',').slice(0, headerChars).matchAll(link)) {
    if (++count > linksMax) break
    const about = parametersOf(tail)
    const url = about.has('anchor') ? undefined : canonicalUrl(href.trim(), base)
    if (url === undefined) continue
    const relations = (about.get('rel') ?? '').toLowerCase().split(/\s+/)
    const isFeed = relations.includes('alternate') && feedType.test(about.get('type') ?? '')
    if (isFeed) found.feeds.add(url)
    else if (relations.includes('canonical') || (relations.includes('alternate') && about.has('hreflang'))) found.pages.add(url)
    if (relations.includes('next')) found.next.add(url)
  }
  return { pages: [...found.pages], feeds: [...found.feeds], next: [...found.next] }
}

/** The first of equal names (RFC 8288 §3.3). */
function parametersOf(tail: string): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const [, name = '', quoted, plain] of tail.matchAll(parameter))
    if (!parameters.has(name.toLowerCase())) parameters.set(name.toLowerCase(), quoted ?? plain ?? '')
  return parameters
}

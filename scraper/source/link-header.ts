import type { LinkedUrl } from '#schemas/identity/canonical-url.ts'
import { headerUrl } from '../fetch/header-url.ts'

/** Where an answer leads by its `Link` header, without repeats. */
export interface HeaderLinks {
  /** The canonical URL, the page in other languages, and the next page of a row. */
  pages: readonly LinkedUrl[]
  feeds: readonly LinkedUrl[]
  /** The next part of what was asked for. */
  next: readonly LinkedUrl[]
}

const headerChars = 16_384
const linksMax = 200
/** `<url>; rel="next"; hreflang=de`, several after commas (RFC 8288 §3). */
const link = /<([^<>]{0,2048})>((?:\s*;\s*[\w*-]{1,40}\s*(?:=\s*(?:"[^"]{0,400}"|[^\s",;]{0,400}))?)*)/g
const parameter = /;\s*([\w*-]+)\s*(?:=\s*(?:"([^"]*)"|([^\s",;]*)))?/g
const feedType = /^application\/(?:(?:rss|atom|rdf)\+xml|feed\+json)\b/i

/** @param values of the `Link` header @param base URL of what was asked for. A link that speaks of something else (`anchor`) is passed over. */
export function headerLinks(values: readonly string[], base: string): HeaderLinks {
  const found = { pages: new Map<string, LinkedUrl>(), feeds: new Map<string, LinkedUrl>(), next: new Map<string, LinkedUrl>() }
  let count = 0
  for (const [, href = '', tail = ''] of values.join(',').slice(0, headerChars).matchAll(link)) {
    if (++count > linksMax) break
    const about = parametersOf(tail)
    const linked = about.has('anchor') ? undefined : headerUrl(href.trim(), base)
    if (linked === undefined) continue
    const { url } = linked
    const relations = (about.get('rel') ?? '').toLowerCase().split(/\s+/)
    const isFeed = relations.includes('alternate') && feedType.test(about.get('type') ?? '')
    if (isFeed) found.feeds.set(url, linked)
    else if (relations.includes('canonical') || (relations.includes('alternate') && about.has('hreflang'))) found.pages.set(url, linked)
    if (relations.includes('next')) found.next.set(url, linked)
  }
  return { pages: [...found.pages.values()], feeds: [...found.feeds.values()], next: [...found.next.values()] }
}

/** The first of equal names (RFC 8288 §3.3). */
function parametersOf(tail: string): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const [, name = '', quoted, plain] of tail.matchAll(parameter))
    if (!parameters.has(name.toLowerCase())) parameters.set(name.toLowerCase(), quoted ?? plain ?? '')
  return parameters
}

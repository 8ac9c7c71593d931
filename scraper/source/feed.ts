import { headerValues } from '#infra/net/header-lines.ts'
import { linkedUrl } from '#schemas/identity/canonical-url.ts'
import { foundUrls, noFinds, type Found, type FoundUrl } from './found.ts'
import { headerLinks } from './link-header.ts'
import type { Source } from './source.ts'
import { ListEntry, textOfFile } from './url-list.ts'
import { scanXml } from './xml.ts'

const entriesMax = 10_000
const bytesMax = 10 * 2 ** 20
const valueChars = 4096
/** Documents that one names as the next. */
const nextMax = 4

/** RSS 2.0 (and 0.9x), RSS 1.0 (RDF) and Atom: the pages their entries lead to, with the date of each, and the next document of a paged feed. Enclosures are no pages. */
export const feedSource: Source = {
  accept: 'application/atom+xml, application/rss+xml, application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8',
  bytesMax,
  read(fetched) {
    const file = textOfFile(fetched, bytesMax)
    if (typeof file === 'string') return file
    const found = readFeed(file.text, fetched.url)
    if (found === undefined) return 'not_a_feed'
    const { next } = headerLinks(headerValues(fetched.headers, 'link'), fetched.url)
    return { found: next.length === 0 ? found : { ...found, feeds: foundUrls([...found.feeds, ...next]) }, isPage: false }
  },
}

/** Whatever the prefix an element came with. `origLink` is where a feed proxy took the entry from. */
const dates = new Set(['pubDate', 'date', 'updated', 'published', 'modified', 'issued'])
const urls: readonly string[] = ['origLink', 'link', 'guid', 'about']
const roots = new Set(['rss', 'RDF', 'feed'])

/** undefined when the text is no feed. */
export function readFeed(xml: string, base: string): Found | undefined {
  const reader = new FeedReader(base)
  scanXml(xml, reader)
  return reader.found()
}

class FeedReader {
  readonly #base: string
  readonly #pages: FoundUrl[] = []
  readonly #next: FoundUrl[] = []
  #depth = 0
  #isFeed = false
  /** `xml:base` of the feed; entries seldom have their own. */
  #xmlBase: string
  #entry: { at: ListEntry; depth: number } | undefined
  #field = ''
  #value = ''

  constructor(base: string) {
    this.#base = base
    this.#xmlBase = base
  }

  open(name: string, attributes: Readonly<Record<string, string>>): void {
    this.#depth += 1
    const local = localName(name)
    if (this.#depth === 1) {
      this.#isFeed = roots.has(local)
      this.#xmlBase = URL.parse(attributes['xml:base'] ?? '', this.#base)?.href ?? this.#base
    } else if (this.#isFeed && !this.#entry && (local === 'item' || local === 'entry')) {
      this.#entry = { at: new ListEntry(), depth: this.#depth }
      this.#entry.at.addUrl('about', attributes['rdf:about'] ?? '')
    } else if (this.#isFeed && !this.#entry && local === 'link') this.#openNext(attributes)
    else if (this.#entry && this.#depth === this.#entry.depth + 1) this.#openField(this.#entry.at, name, local, attributes)
  }

  text(data: string): void {
    if (this.#field !== '' && this.#value.length <= valueChars) this.#value += data
  }

  close(name: string, isTorn: boolean): void {
    const { at, depth } = this.#entry ?? {}
    if (at && this.#depth === (depth ?? 0) + 1 && localName(name) === this.#field && !isTorn) {
      if (dates.has(this.#field)) at.addDate(this.#value)
      // A guid that is no link is just a name.
      else if (this.#field !== 'guid' || /^\s*https?:\/\//i.test(this.#value)) at.addUrl(this.#field, this.#value)
    } else if (at && this.#depth === depth) this.#endEntry(at)
    if (this.#depth <= (depth ?? 0) + 1) this.#field = ''
    this.#depth -= 1
  }

  found(): Found | undefined {
    return this.#isFeed ? { ...noFinds, pages: foundUrls(this.#pages), feeds: foundUrls(this.#next) } : undefined
  }

  /** Older entries, in the next document of a paged feed or the one before of an archived feed (RFC 5005). */
  #openNext({ rel = '', href }: Readonly<Record<string, string>>): void {
    const linked = href !== undefined && /^(?:next|prev-archive)$/.test(rel) ? linkedUrl(href, this.#xmlBase) : undefined
    if (linked !== undefined && this.#next.length < nextMax) this.#next.push(linked)
  }

  #openField(entry: ListEntry, name: string, local: string, attributes: Readonly<Record<string, string>>): void {
    this.#value = ''
    this.#field = dates.has(local) || local === 'origLink' || local === 'link' ? local : ''
    // Atom: the page itself has the relation "alternate", or none named. In RSS the link is the text, and atom:link is about the feed.
    if (local === 'link' && attributes['href'] !== undefined) {
      this.#field = ''
      if (/^(?:alternate)?$/.test(attributes['rel'] ?? '')) entry.addUrl('link', attributes['href'])
    }
    if (name === 'guid' && attributes['isPermaLink'] !== 'false') this.#field = 'guid'
  }

  #endEntry(entry: ListEntry): void {
    this.#entry = undefined
    const found = this.#pages.length < entriesMax ? entry.found(urls, (href) => linkedUrl(href, this.#xmlBase)) : undefined
    if (found) this.#pages.push(found)
  }
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1)

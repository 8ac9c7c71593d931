import { linkedUrl } from '#schemas/identity/canonical-url.ts'
import { foundUrls, noFinds, type Found, type FoundUrl } from './found.ts'
import { ListEntry } from './url-list.ts'
import type { XmlReader } from './xml.ts'

export const entriesMax = 10_000
/** Documents that one names as the next. */
const nextMax = 4
const valueChars = 4096

/** Whatever the prefix an element came with, in whatever case. */
const dates = new Set(['pubdate', 'date', 'updated', 'published', 'modified', 'issued', 'created'])
/** In this order; `origlink` is where a feed proxy took the entry from, `other` a page that is not HTML. */
const urls: readonly string[] = ['origlink', 'link', 'other', 'guid', 'about']
const roots = new Set(['rss', 'rdf', 'feed'])
/** RFC 4287 §4.2.7.2: the page itself has the relation "alternate", or none named; the name may be written out. */
const alternate = /^\s*(?:(?:https?:\/\/www\.iana\.org\/assignments\/relation\/)?alternate)?\s*$/i
/** Older entries, in the next document of a paged feed or the one before of an archived feed (RFC 5005). */
const following = /^\s*(?:next|prev-archive)\s*$/i
const htmlType = /^\s*(?:text\/html|application\/xhtml\+xml)?\s*(?:;|$)/i

type Attributes = Readonly<Record<string, string>>

/** Puts together what the entries of a feed in XML lead to. What ends too soon gives what came before. */
export class FeedReader implements XmlReader {
  readonly #pages: FoundUrl[] = []
  readonly #next: FoundUrl[] = []
  /** The base of each open element: `xml:base` holds for all that is within (RFC 4287 §2). */
  readonly #bases: string[]
  #isFeed = false
  #entry: { at: ListEntry; depth: number; prefix: string } | undefined
  #field = ''
  #value = ''

  /** @param base of the document: where it was fetched */
  constructor(base: string) {
    this.#bases = [base]
  }

  open(name: string, attributes: Attributes): void {
    const outer = this.#base
    this.#bases.push(URL.parse(attributes['xml:base'] ?? '', outer)?.href ?? outer)
    const { prefix, local } = nameOf(name)
    const depth = this.#depth
    // Servers write what they have to say before the feed, and behind it.
    if (depth === 1) this.#isFeed ||= roots.has(local)
    else if (!this.#isFeed) return
    else if ((local === 'item' || local === 'entry') && this.#mayBeginEntry(prefix, depth)) {
      if (this.#entry) this.#endEntry(this.#entry.at)
      this.#entry = { at: new ListEntry(), depth, prefix }
      this.#addUrl('about', aboutOf(attributes))
    } else if (!this.#entry && local === 'link') this.#openNext(attributes)
    else if (depth === (this.#entry?.depth ?? 0) + 1) this.#openField(prefix, local, attributes)
  }

  text(data: string): void {
    if (this.#field !== '' && this.#value.length <= valueChars) this.#value += data
  }

  close(name: string, isTorn: boolean): void {
    const { at, depth = 0 } = this.#entry ?? {}
    if (at && this.#depth === depth + 1 && nameOf(name).local === this.#field && !isTorn) {
      if (dates.has(this.#field)) at.addDate(this.#value)
      // A guid that is no link is just a name.
      else if (this.#field !== 'guid' || /^\s*https?:\/\//i.test(this.#value)) this.#addUrl(this.#field, this.#value)
    } else if (at && this.#depth === depth) this.#endEntry(at)
    if (this.#depth <= depth + 1) this.#field = ''
    this.#bases.pop()
  }

  found(): Found | undefined {
    return this.#isFeed ? { ...noFinds, pages: foundUrls(this.#pages), feeds: foundUrls(this.#next) } : undefined
  }

  get #depth(): number {
    return this.#bases.length - 1
  }

  get #base(): string {
    return this.#bases.at(-1) as string
  }

  /** Directly in another, where that was not closed. */
  #mayBeginEntry(prefix: string, depth: number): boolean {
    return !this.#entry || (depth === this.#entry.depth + 1 && prefix === this.#entry.prefix)
  }

  #openNext({ rel = '', href }: Attributes): void {
    const linked = href !== undefined && following.test(rel) ? linkedUrl(href, this.#base) : undefined
    if (linked !== undefined && this.#next.length < nextMax) this.#next.push(linked)
  }

  #openField(prefix: string, local: string, attributes: Attributes): void {
    this.#value = ''
    const isOwn = prefix === this.#entry?.prefix
    const isPermaLink = !/^\s*false\s*$/i.test(attributes['isPermaLink'] ?? '')
    const { href, rel = '', type = '' } = attributes
    if (local === 'link' && href !== undefined) {
      this.#field = ''
      // atom:link in RSS is mostly about the feed.
      if (alternate.test(rel)) this.#addUrl(htmlType.test(type) ? 'link' : 'other', href)
    } else this.#field = dates.has(local) || local === 'origlink' || (isOwn && (local === 'link' || (local === 'guid' && isPermaLink))) ? local : ''
  }

  /** What is relative is so to the element that it stands in. */
  #addUrl(name: string, text: string): void {
    this.#entry?.at.addUrl(name, text.trim() === '' ? '' : (URL.parse(text.trim(), this.#base)?.href ?? text))
  }

  #endEntry(entry: ListEntry): void {
    const found = this.#pages.length < entriesMax ? entry.found(urls, linkedUrl) : undefined
    this.#entry = undefined
    if (found) this.#pages.push(found)
  }
}

/** `rdf:about`, whatever the prefix. */
function aboutOf(attributes: Attributes): string {
  const name = Object.keys(attributes).find((each) => each.endsWith(':about'))
  return name === undefined ? '' : (attributes[name] ?? '')
}

function nameOf(name: string): { prefix: string; local: string } {
  const colon = name.indexOf(':')
  return { prefix: name.slice(0, Math.max(0, colon)), local: name.slice(colon + 1).toLowerCase() }
}

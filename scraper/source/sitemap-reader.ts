import type { LinkedUrl } from '#schemas/identity/canonical-url.ts'
import { foundUrls, type Found, type FoundUrl } from './found.ts'
import { ListEntry } from './url-list.ts'
import type { XmlReader } from './xml.ts'

const valueChars = 8192
type Kind = 'url' | 'sitemap'

/**
 * Told of a sitemap's elements, keeps what they list. As lenient as crawler-commons: names in any case, with any namespace; `url` and `sitemap` in either
 * root; each of many `loc` in one entry counts, with the dates up to the next; elements inside a `loc` are looked through, and one that is missing may be
 * the entry's own text.
 */
export class SitemapReader implements XmlReader {
  readonly #address: (text: string) => LinkedUrl | undefined
  readonly #urlsMax: number
  readonly #lists: Record<Kind, FoundUrl[]> = { url: [], sitemap: [] }
  readonly #alternates: FoundUrl[] = []
  #entries = 0
  #depth = 0
  #isSitemap = false
  #entry: { kind: Kind; depth: number; prefix: string; at: ListEntry; hasUrl: boolean } | undefined
  /** Of the entry: the element that is read, or its own text. */
  #field: { name: 'loc' | 'lastmod' | ''; depth: number } | undefined
  #value = ''

  /** @param urlsMax entries that are read, and as many pages in other languages */
  constructor(address: (text: string) => LinkedUrl | undefined, urlsMax: number) {
    this.#address = address
    this.#urlsMax = urlsMax
  }

  open(written: string, attributes: Readonly<Record<string, string>>): void {
    const depth = ++this.#depth
    if (this.#field && this.#field.name !== '') return
    const { prefix, local } = nameOf(written)
    if (local === 'urlset' || local === 'sitemapindex') this.#isSitemap = true
    const entry = this.#entry
    const isOwn = this.#isSitemap && (!entry || entry.prefix === prefix)
    if (isOwn && (local === 'url' || local === 'sitemap')) {
      this.#endEntry()
      this.#entry = { kind: local, depth, prefix, at: new ListEntry(), hasUrl: false }
      this.#begin('', depth)
      // <image:loc> and <image><loc> name other things than pages.
    } else if (isOwn && entry?.depth === depth - 1 && (local === 'loc' || local === 'lastmod')) this.#begin(local, depth)
    else if (entry?.kind === 'url' && local === 'link') this.#seeLink(attributes)
  }

  text(data: string): void {
    if (this.#field && (this.#field.name !== '' || this.#field.depth === this.#depth) && this.#value.length <= valueChars) this.#value += data
  }

  close(_: string, isTorn: boolean): void {
    const depth = this.#depth--
    if (this.#field?.depth === depth) this.#endField(isTorn)
    if (this.#entry?.depth === depth) this.#endEntry()
  }

  /** undefined when it was no sitemap. */
  found(): Found | undefined {
    const { url, sitemap } = this.#lists
    return this.#isSitemap ? { pages: foundUrls([...url, ...this.#alternates]), sitemaps: foundUrls(sitemap), feeds: [] } : undefined
  }

  #begin(name: 'loc' | 'lastmod' | '', depth: number): void {
    this.#field = { name, depth }
    this.#value = ''
  }

  #endField(isTorn: boolean): void {
    const { name } = this.#field ?? {}
    const entry = this.#entry
    this.#field = undefined
    if (!entry || isTorn) return
    if (name === 'lastmod') entry.at.addDate(this.#value)
    else if (name === 'loc') this.#addUrl(entry)
    else if (!entry.hasUrl && /^\s*https?:\/\//i.test(this.#value)) this.#addUrl(entry)
  }

  #addUrl(entry: { kind: Kind; at: ListEntry; hasUrl: boolean }): void {
    if (entry.hasUrl) {
      this.#keep(entry)
      entry.at = new ListEntry()
    }
    entry.hasUrl = true
    entry.at.addUrl('loc', this.#value)
  }

  #endEntry(): void {
    if (this.#entry) this.#keep(this.#entry)
    this.#entry = undefined
    this.#field = undefined
  }

  #keep({ kind, at }: { kind: Kind; at: ListEntry }): void {
    const found = this.#entries++ < this.#urlsMax ? at.found(['loc'], this.#address) : undefined
    if (found) this.#lists[kind].push(found)
  }

  /** The page in another language. */
  #seeLink({ rel, hreflang, href = '' }: Readonly<Record<string, string>>): void {
    const other = rel === 'alternate' && hreflang !== undefined && this.#alternates.length < this.#urlsMax ? this.#address(href) : undefined
    if (other) this.#alternates.push(other)
  }
}

function nameOf(written: string): { prefix: string; local: string } {
  const colon = written.indexOf(':')
  return { prefix: written.slice(0, colon + 1), local: written.slice(colon + 1).toLowerCase() }
}

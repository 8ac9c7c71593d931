import type { Element, ParentNode } from 'domhandler'
import { jsonLdDates } from './date-json-ld.ts'
import { textOf, walk } from './dom.ts'

export interface DateClaim {
  kind: 'published' | 'modified'
  by: 'json-ld' | 'meta' | 'time'
  /** As the page has it. */
  value: string
}

const publishedMeta = new Set([
  'article:published_time',
  'og:published_time',
  'datepublished',
  'date',
  'pubdate',
  'publishdate',
  'publish-date',
  'dc.date',
  'dc.date.issued',
  'dc.date.created',
  'dcterms.date',
  'dcterms.created',
  'dcterms.issued',
  'parsely-pub-date',
  'sailthru.date',
  'citation_publication_date',
])
const modifiedMeta = new Set(['article:modified_time', 'og:updated_time', 'datemodified', 'dcterms.modified', 'dc.date.modified', 'last-modified', 'lastmod'])
const claimsMax = 50
const jsonLdBytesMax = 1 << 20

/** What a page says of its own dates, in order of trust, then of the document. */
export function dateClaims(root: ParentNode): DateClaim[] {
  const reader = new DateReader()
  walk(root, { enter: (element) => reader.see(element) })
  return reader.claims()
}

class DateReader {
  readonly #claims: DateClaim[] = []
  #jsonLdBytes = 0

  see(element: Element): boolean {
    const { name, attribs } = element
    if (name === 'meta') this.#seeMeta(attribs)
    else if (name === 'time') this.#seeTime(attribs)
    else if (name === 'script' && /ld\+json/i.test(attribs['type'] ?? '')) this.#seeJsonLd(textOf(element))
    return name !== 'svg'
  }

  claims(): DateClaim[] {
    const trust = { 'json-ld': 0, meta: 1, time: 2 }
    return this.#claims.toSorted((a, b) => trust[a.by] - trust[b.by])
  }

  #seeMeta(attribs: Record<string, string>): void {
    const name = (attribs['property'] ?? attribs['name'] ?? attribs['itemprop'] ?? '').trim().toLowerCase()
    const content = (attribs['content'] ?? '').trim()
    if (content === '') return
    if (publishedMeta.has(name)) this.#claim('published', 'meta', content)
    else if (modifiedMeta.has(name)) this.#claim('modified', 'meta', content)
  }

  #seeTime(attribs: Record<string, string>): void {
    const value = attribs['datetime']
    if (value === undefined) return
    const hints = `${attribs['itemprop'] ?? ''} ${attribs['class'] ?? ''}`
    this.#claim(/modif|updat/i.test(hints) ? 'modified' : 'published', 'time', value)
  }

  #seeJsonLd(text: string): void {
    this.#jsonLdBytes += text.length
    if (this.#jsonLdBytes > jsonLdBytesMax) return
    const { published, modified } = jsonLdDates(text)
    for (const value of published) this.#claim('published', 'json-ld', value)
    for (const value of modified) this.#claim('modified', 'json-ld', value)
  }

  #claim(kind: DateClaim['kind'], by: DateClaim['by'], value: string): void {
    if (this.#claims.length < claimsMax) this.#claims.push({ kind, by, value: value.trim().slice(0, 64) })
  }
}

import type { Element, ParentNode } from 'domhandler'
import { collapse, textOf, walk } from './dom.ts'
import { jsonLdFacts } from './json-ld.ts'

export interface DateClaim {
  kind: 'published' | 'modified'
  by: 'json-ld' | 'meta' | 'time'
  /** As the page has it. */
  value: string
}

/** What a page says of itself beside its text. */
export interface PageHead {
  title: string
  /** `href` of `<base>`. */
  base: string | undefined
  /** `href` of `<link rel=canonical>`. */
  canonical: string | undefined
  /** The lang attribute of the document, as it stands. */
  lang: string | undefined
  /** Contents of `<meta name=robots>` and of those that name us. */
  robots: string[]
  /** Contents of `<meta name=tdm-reservation>` and `tdm-policy`. */
  tdmReservation: string | undefined
  tdmPolicy: string | undefined
  /** URL or name of a licence. */
  licence: string | undefined
  /** In order of trust, then of the document. */
  dates: DateClaim[]
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

export function readHead(root: ParentNode): PageHead {
  const reader = new HeadReader()
  walk(root, { enter: (element) => reader.see(element) })
  return reader.head()
}

class HeadReader {
  #titles = { og: '', title: '', h1: '' }
  #head: PageHead = {
    title: '',
    base: undefined,
    canonical: undefined,
    lang: undefined,
    robots: [],
    tdmReservation: undefined,
    tdmPolicy: undefined,
    licence: undefined,
    dates: [],
  }
  #jsonLdBytes = 0

  see(element: Element): boolean {
    const { name, attribs } = element
    if (name === 'html') this.#head.lang ??= attribs['lang'] ?? attribs['xml:lang']
    else if (name === 'title') this.#titles.title ||= collapse(textOf(element))
    else if (name === 'h1') this.#titles.h1 ||= collapse(textOf(element))
    else if (name === 'base') this.#head.base ??= attribs['href']
    else if (name === 'meta') this.#seeMeta(attribs)
    else if (name === 'link' || name === 'a') this.#seeRelation(attribs)
    else if (name === 'time') this.#seeTime(attribs)
    else if (name === 'script' && /ld\+json/i.test(attribs['type'] ?? '')) this.#seeJsonLd(textOf(element))
    return name !== 'svg'
  }

  head(): PageHead {
    const { og, title, h1 } = this.#titles
    const trust = { 'json-ld': 0, meta: 1, time: 2 }
    return { ...this.#head, title: og || title || h1, dates: this.#head.dates.toSorted((a, b) => trust[a.by] - trust[b.by]) }
  }

  #seeMeta(attribs: Record<string, string>): void {
    const name = (attribs['property'] ?? attribs['name'] ?? attribs['itemprop'] ?? '').trim().toLowerCase()
    const content = (attribs['content'] ?? '').trim()
    if (content === '') return
    if (name === 'og:title') this.#titles.og ||= collapse(content)
    else if (name === 'robots' || name === 'orrery') this.#head.robots.push(content.slice(0, 1000))
    else if (name === 'tdm-reservation') this.#head.tdmReservation ??= content.slice(0, 10)
    else if (name === 'tdm-policy') this.#head.tdmPolicy ??= content.slice(0, 2048)
    else if (publishedMeta.has(name)) this.#claim('published', 'meta', content)
    else if (modifiedMeta.has(name)) this.#claim('modified', 'meta', content)
  }

  #seeRelation(attribs: Record<string, string>): void {
    const relations = (attribs['rel'] ?? '').toLowerCase().split(/\s+/)
    const href = attribs['href']?.trim()
    if (!href) return
    if (relations.includes('canonical')) this.#head.canonical ??= href
    if (relations.includes('license') || /^https?:\/\/creativecommons\.org\/(?:licenses|publicdomain)\//i.test(href)) this.#head.licence ??= href.slice(0, 500)
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
    const facts = jsonLdFacts(text)
    for (const value of facts.published) this.#claim('published', 'json-ld', value)
    for (const value of facts.modified) this.#claim('modified', 'json-ld', value)
    this.#head.licence ??= facts.licence
  }

  #claim(kind: DateClaim['kind'], by: DateClaim['by'], value: string): void {
    if (this.#head.dates.length < claimsMax) this.#head.dates.push({ kind, by, value: value.trim().slice(0, 64) })
  }
}

import type { Element, ParentNode } from 'domhandler'
import { BylineReader, type Byline } from './byline.ts'
import { collapse, textOf, walk } from '../html/dom.ts'
import { baseOf, relationsOf, robotsContent, robotsMax } from '../html/head-tags.ts'
import { MastheadReader, type Heading } from './masthead.ts'
import { readJsonLd, type JsonLdFacts } from './json-ld.ts'
import { jsonLdClaims, LicenceReader, type LicenceClaim } from './licence-claims.ts'

/** What a page says of itself beside its text, as it stands in the page. */
export interface PageHead {
  /** `<title>`, empty when there is none. */
  title: string
  /** The first few `<h1>` that hold text. */
  headings: Heading[]
  /** What the top of the page calls its site, in document order. */
  brands: string[]
  /** Title of the `<link rel=home>` (or start, top, contents): the book that a page of documentation belongs to. */
  homeTitle: string | undefined
  /** Title of the `<link rel=search>`: what is searched by it. */
  searchTitle: string | undefined
  /** Contents of the first `<meta>` of each name (or property, or itemprop), names in lower case. */
  meta: ReadonlyMap<string, string>
  jsonLd: JsonLdFacts
  bylines: Byline[]
  /** Contents of the `<meta>` that name an author, by their names as in `meta`: a page of several authors has several of them. */
  metaAuthors: ReadonlyMap<string, readonly string[]>
  /** Where relative links start. */
  base: string
  /** `href` of the first `<link rel=canonical>`, be it in the head or, as one in seventy is, in the body. */
  canonical: string | undefined
  /** The lang attribute of the document, as it stands; else what a meta element says. */
  lang: string | undefined
  /** Contents of the metas that speak to robots and of those that name us. */
  robots: string[]
  /** Contents of all `<meta name=tdm-reservation>`, joined by commas. */
  tdmReservation: string | undefined
  /** Content of the first `<meta name=tdm-policy>`. */
  tdmPolicy: string | undefined
  licences: LicenceClaim[]
}

/** Names of `<meta>` that name an author, most telling first. */
export const authorMetas: readonly string[] = [
  'dc.creator',
  'dcterms.creator',
  'author',
  'article:author',
  'parsely-author',
  'sailthru.author',
  'citation_author',
  'byl',
  'og:article:author',
  'book:author',
  'cxenseparse:author',
]
const authorsMax = 20
const metaMax = 300
const contentChars = 2048
const namesChars = 200
const titleChars = 2000
const jsonLdMax = 50
const reservationsMax = 10

/** One pass over the page. @param url of the page: its own address among `hreflang` alternatives tells its language */
export function readHead(root: ParentNode, url: string): PageHead {
  const reader = new HeadReader(url)
  walk(root, {
    enter: (element) => reader.enter(element),
    text: (data, parent) => reader.text(data, parent),
  })
  return reader.head()
}

class HeadReader {
  readonly #url: string
  readonly #meta = new Map<string, string>()
  readonly #jsonLd: string[] = []
  readonly #metaAuthors = new Map<string, string[]>()
  readonly #robots: string[] = []
  readonly #reservations: string[] = []
  readonly #masthead: MastheadReader
  readonly #bylines = new BylineReader()
  readonly #licences = new LicenceReader()
  #title = ''
  #base: string | undefined
  #canonical: string | undefined
  #lang: string | undefined
  #homeTitle: string | undefined
  #searchTitle: string | undefined
  #hreflang: string | undefined

  constructor(url: string) {
    this.#url = url
    this.#masthead = new MastheadReader(url)
  }

  enter(element: Element): boolean {
    const { name, attribs } = element
    if (name === 'svg' || name === 'style') return false
    if (name === 'script') {
      if (this.#jsonLd.length < jsonLdMax && /ld\+json/i.test(attribs['type'] ?? '')) this.#jsonLd.push(textOf(element))
      return false
    }
    if (name === 'html') this.#lang ??= attribs['lang'] ?? attribs['xml:lang']
    else if (name === 'title') this.#title ||= collapse(textOf(element).slice(0, titleChars))
    else if (name === 'base') this.#base ??= attribs['href']
    else if (name === 'meta') this.#seeMeta(attribs)
    else if (name === 'link') this.#seeLink(attribs)
    this.#masthead.enter(element)
    this.#bylines.enter(element)
    this.#licences.enter(element)
    return true
  }

  text(data: string, parent: ParentNode): void {
    this.#bylines.text(data, parent)
    this.#licences.text(data, parent)
  }

  head(): PageHead {
    const meta = this.#meta
    const jsonLd = readJsonLd(this.#jsonLd)
    const base = baseOf(this.#base, this.#url)
    return {
      title: this.#title,
      headings: this.#masthead.headings,
      brands: this.#masthead.brands,
      homeTitle: this.#homeTitle,
      searchTitle: this.#searchTitle,
      meta,
      jsonLd,
      bylines: this.#bylines.found(),
      metaAuthors: this.#metaAuthors,
      base,
      canonical: this.#canonical,
      lang: this.#lang ?? meta.get('content-language') ?? meta.get('og:locale') ?? this.#hreflang,
      robots: this.#robots,
      tdmReservation: this.#reservations.length === 0 ? undefined : this.#reservations.join(','),
      tdmPolicy: meta.get('tdm-policy'),
      licences: [...jsonLdClaims(jsonLd.licences, base), ...this.#licences.claims(this.#url, base)],
    }
  }

  #seeMeta(attribs: Record<string, string>): void {
    const robots = robotsContent((name) => attribs[name])
    if (robots !== undefined) {
      if (this.#robots.length < robotsMax) this.#robots.push(robots)
      return
    }
    const { property } = attribs
    const names = (property ?? attribs['name'] ?? attribs['itemprop'] ?? attribs['http-equiv'] ?? '').slice(0, namesChars).trim().toLowerCase()
    const content = (attribs['content'] ?? '').slice(0, contentChars).trim()
    if (names === 'tdm-reservation' && this.#reservations.length < reservationsMax) this.#reservations.push(content.slice(0, 10))
    if (content === '') return
    // RDFa's `property` is a list of terms.
    for (const term of property === undefined ? [names] : names.split(/\s+/)) {
      const key = term.replace(/^(dc|dcterms|citation):/, '$1.')
      if (authorMetas.includes(key)) this.#seeAuthor(key, content)
      if (key !== '' && !this.#meta.has(key) && this.#meta.size < metaMax) this.#meta.set(key, content)
    }
  }

  #seeAuthor(key: string, content: string): void {
    const known = this.#metaAuthors.get(key) ?? []
    if (known.length < authorsMax && !known.includes(content)) this.#metaAuthors.set(key, [...known, content])
  }

  #seeLink({ rel, href, hreflang, title }: Record<string, string>): void {
    const address = href?.trim()
    if (!address) return
    const relations = relationsOf(rel)
    if (relations.includes('canonical')) this.#canonical ??= address
    if (title && /^(?:home|start|top|contents)$/.test(relations[0] ?? '')) this.#homeTitle ??= title.slice(0, titleChars)
    if (title && relations.includes('search')) this.#searchTitle ??= title.slice(0, titleChars)
    if (relations.includes('alternate') && hreflang && URL.parse(address, this.#url)?.href === this.#url) this.#hreflang ??= hreflang
  }
}

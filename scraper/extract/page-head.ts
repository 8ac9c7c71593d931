import type { Element, ParentNode } from 'domhandler'
import { collapse, textOf, walk } from './dom.ts'
import { jsonLdFacts } from './json-ld.ts'

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
}

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
    else if (name === 'script' && /ld\+json/i.test(attribs['type'] ?? '')) this.#seeJsonLd(textOf(element))
    return name !== 'svg'
  }

  head(): PageHead {
    const { og, title, h1 } = this.#titles
    return { ...this.#head, title: og || title || h1 }
  }

  #seeMeta(attribs: Record<string, string>): void {
    const name = (attribs['property'] ?? attribs['name'] ?? attribs['itemprop'] ?? '').trim().toLowerCase()
    const content = (attribs['content'] ?? '').trim()
    if (content === '') return
    if (name === 'og:title') this.#titles.og ||= collapse(content)
    else if (name === 'robots' || name === 'orrery') this.#head.robots.push(content.slice(0, 1000))
    else if (name === 'tdm-reservation') this.#head.tdmReservation ??= content.slice(0, 10)
    else if (name === 'tdm-policy') this.#head.tdmPolicy ??= content.slice(0, 2048)
  }

  #seeRelation(attribs: Record<string, string>): void {
    const relations = (attribs['rel'] ?? '').toLowerCase().split(/\s+/)
    const href = attribs['href']?.trim()
    if (!href) return
    if (relations.includes('canonical')) this.#head.canonical ??= href
    if (relations.includes('license') || /^https?:\/\/creativecommons\.org\/(?:licenses|publicdomain)\//i.test(href)) this.#head.licence ??= href.slice(0, 500)
  }

  #seeJsonLd(text: string): void {
    this.#jsonLdBytes += text.length
    if (this.#jsonLdBytes > jsonLdBytesMax) return
    this.#head.licence ??= jsonLdFacts(text).licence
  }
}

import type { ChildNode, Element, ParentNode } from 'domhandler'
import { jsonLdDates } from './date-json-ld.ts'
import { dateName } from './date-meta.ts'
import { place, placesOf } from './date-place.ts'
import { ownBits, PageText } from './date-text.ts'
import { textOf } from './dom.ts'

/** One date that a page names, as it stands there. */
export interface DateClaim {
  kind: 'published' | 'modified'
  by: 'json-ld' | 'meta' | 'microdata' | 'time' | 'text' | 'copyright'
  /** As the page has it. */
  value: string
  /** How surely it is the date of the page, 0..1, if it can be read. */
  score: number
  /** Where it stands: a name of JSON-LD or meta, an element, the words before it. For people. */
  place: string
}

const claimsMax = 200
const valueChars = 80
const jsonLdBytesMax = 1 << 20
const skipped = new Set(['script', 'style', 'noscript', 'template', 'svg', 'textarea', 'object', 'iframe', 'option', 'head', 'math'])
const blocks = new Set(
  'address article aside blockquote body br dd div dl dt figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table td th tr ul'.split(
    ' ',
  ),
)
const regions = place.comment | place.aside | place.footer

/** What a page says of its own dates, in document order. One walk, linear in the size of the page. */
export function dateClaims(root: ParentNode): DateClaim[] {
  const reader = new DateReader()
  reader.read(root)
  return reader.claims()
}

class DateReader {
  readonly #claims: DateClaim[] = []
  readonly #text = new PageText()
  /** Of the open elements: the places inside, and those that each opens. */
  readonly #places: number[] = [0]
  readonly #own: number[] = []
  #jsonLdBytes = 0

  read(root: ParentNode): void {
    let node: ChildNode | null = root.children[0] ?? null
    const open: ChildNode[] = []
    while (node) {
      const child = this.#enter(node)
      if (child) {
        open.push(node)
        node = child
        continue
      }
      while (node && !node.next) {
        node = open.pop() ?? null
        if (node) this.#leave(node as Element)
      }
      node = node?.next ?? null
    }
  }

  claims(): DateClaim[] {
    return [...this.#claims, ...this.#text.claims()].slice(0, claimsMax)
  }

  /** @returns the first child when it is to be read */
  #enter(node: ChildNode): ChildNode | undefined {
    if (node.type === 'text') {
      this.#text.add(node.data, this.#places.at(-1) ?? 0)
      return undefined
    }
    if (!('children' in node)) return undefined
    const first = node.children[0]
    if (!('attribs' in node)) {
      if (first) this.#open(0, 'root')
      return first
    }
    return this.#enterElement(node, first)
  }

  #enterElement(element: Element, first: ChildNode | undefined): ChildNode | undefined {
    const { name } = element
    if (name === 'script') this.#seeScript(element)
    if (name === 'head') for (const child of element.children) if ('attribs' in child) this.#enterElement(child, undefined)
    if (name === 'meta' || 'itemprop' in element.attribs || 'property' in element.attribs) this.#seeNamed(element)
    if (skipped.has(name)) return undefined
    const own = name === 'body' || name === 'html' ? 0 : placesOf(element)
    const inherited = this.#places.at(-1) ?? 0
    if (name === 'time' || (own & place.dated) !== 0 || name === 'abbr') this.#seeDated(element, own | inherited)
    if (name === 'h1') this.#seeHeading()
    if (first) this.#open(own, name)
    else this.#text.space(blocks.has(name))
    return first
  }

  #open(own: number, name: string): void {
    const inherited = this.#places.at(-1) ?? 0
    this.#text.space(blocks.has(name))
    if ((own & ownBits) !== 0) this.#text.open(own)
    this.#own.push(own)
    this.#places.push(inherited | (own & (regions | place.link | place.item)))
  }

  #leave(element: Element): void {
    this.#places.pop()
    if (((this.#own.pop() ?? 0) & ownBits) !== 0) this.#text.close()
    this.#text.space(blocks.has(element.name))
  }

  /** What holds the title is no outskirts, whatever its name. */
  #seeHeading(): void {
    for (let i = 0; i < this.#places.length; i++) this.#places[i] = (this.#places[i] ?? 0) & ~regions
    this.#text.heading()
  }

  #seeNamed({ name, attribs }: Element): void {
    const isMeta = name === 'meta' && attribs['itemprop'] === undefined
    const key = attribs['itemprop'] ?? attribs['property'] ?? attribs['name'] ?? attribs['http-equiv'] ?? attribs['pubdate']
    const value = attribs['content'] ?? attribs['datetime'] ?? attribs['title']
    if (!key || !value) return
    const says = dateName(key)
    if (!says) return
    const places = this.#places.at(-1) ?? 0
    const share = isMeta ? 1 : (places & place.comment) !== 0 ? 0.3 : (places & place.aside) !== 0 ? 0.6 : 0.95
    this.#claim(says.kind, isMeta ? 'meta' : 'microdata', value, says.score * share, `${name} ${key}`)
  }

  #seeDated(element: Element, places: number): void {
    const { name, attribs } = element
    const value =
      attribs['datetime'] ??
      attribs['data-datetime'] ??
      attribs['data-timestamp'] ??
      attribs['data-utime'] ??
      attribs['data-time'] ??
      attribs['data-date'] ??
      (/\d{4}/.test(attribs['title'] ?? '') ? attribs['title'] : undefined)
    if (!value) return
    const isPublished = 'pubdate' in attribs || (places & place.published) !== 0
    const isUpdated = (places & place.updated) !== 0 && !isPublished
    const score = (isPublished ? 0.86 : name === 'time' ? 0.76 : 0.66) * this.#text.shareOf(places)
    this.#claim(isUpdated ? 'modified' : 'published', 'time', value, score, `${name} ${attribs['class'] ?? ''}`.trim())
  }

  #seeScript(element: Element): void {
    if (!/ld\+json/i.test(element.attribs['type'] ?? '')) return
    const text = textOf(element)
    this.#jsonLdBytes += text.length
    if (this.#jsonLdBytes > jsonLdBytesMax) return
    for (const { kind, value, score, place: where } of jsonLdDates(text)) this.#claim(kind, 'json-ld', value, score, where)
  }

  #claim(kind: DateClaim['kind'], by: DateClaim['by'], value: string, score: number, where: string): void {
    if (this.#claims.length < claimsMax) this.#claims.push({ kind, by, value: value.trim().slice(0, valueChars), score, place: where.slice(0, valueChars) })
  }
}

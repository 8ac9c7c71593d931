import type { ChildNode, Element, ParentNode } from 'domhandler'
import { jsonLdDates } from './date-json-ld.ts'
import { dateName } from './date-meta.ts'
import { place, Places, trustIn } from './date-place.ts'
import { PageText } from './date-text.ts'
import { urlDate } from './date-url.ts'
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

/** A claim whose worth hangs on its place, which is known when the page was read. */
interface Marked {
  element: Element
  key: string
  value: string
  /** Of the text before it. */
  at: number
}

const claimsMax = 200
const valueChars = 80
const descriptionChars = 400
const jsonLdBytesMax = 1 << 20
const skipped = new Set(['script', 'style', 'noscript', 'template', 'svg', 'textarea', 'object', 'iframe', 'option', 'head', 'math'])
const blocks = new Set(
  'address article aside blockquote body br dd div dl dt figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table td th tr ul'.split(
    ' ',
  ),
)
const small = new Set(['time', 'abbr', 'span', 'small', 'em', 'i', 'li', 'relative-time', 'local-time', 'time-ago'])

/** What a page says of its own dates. One walk, linear in the size of the page. */
export function dateClaims(root: ParentNode): DateClaim[] {
  const reader = new DateReader()
  reader.read(root)
  return reader.claims()
}

class DateReader {
  readonly #claims: DateClaim[] = []
  readonly #marked: Marked[] = []
  readonly #text = new PageText()
  readonly #places = new Places()
  #jsonLdBytes = 0

  /** In document order, without recursion, so that no depth overflows the stack. */
  read(root: ParentNode): void {
    let node: ChildNode | undefined = root.children[0]
    while (node) {
      const inner: ChildNode | undefined = this.#enter(node)
      if (inner) {
        node = inner
        continue
      }
      let at: ChildNode | ParentNode = node
      while (!at.next && at.parent && at.parent !== root) {
        at = at.parent
        if ('attribs' in at) this.#text.space(blocks.has(at.name))
      }
      node = at.next ?? undefined
    }
  }

  claims(): DateClaim[] {
    for (const marked of this.#marked) {
      if (marked.key === '') this.#claimElement(marked)
      else this.#claimProperty(marked)
    }
    return [...this.#claims, ...this.#text.claims(this.#places)]
  }

  /** @returns the first child when it is to be read */
  #enter(node: ChildNode): ChildNode | undefined {
    if (node.type === 'text') {
      if (node.parent) this.#text.add(node.data, node.parent)
      return undefined
    }
    if (!('children' in node)) return undefined
    return 'attribs' in node ? this.#enterElement(node) : node.children[0]
  }

  #enterElement(element: Element): ChildNode | undefined {
    const { name, attribs } = element
    if (name === 'meta') this.#seeMeta(attribs)
    else if (attribs['itemprop'] !== undefined || attribs['property'] !== undefined) this.#mark(element, attribs['itemprop'] ?? attribs['property'])
    if (name === 'script') this.#seeScript(element)
    if (skipped.has(name)) {
      if (name === 'head') for (const child of element.children) if ('attribs' in child) this.#enterElement(child)
      return undefined
    }
    if (small.has(name) || name.includes('-')) this.#mark(element, '')
    if (name === 'h1') {
      this.#places.title(element)
      this.#text.heading()
    }
    this.#text.space(blocks.has(name))
    return element.children[0]
  }

  #seeMeta(attribs: Record<string, string>): void {
    const key = attribs['itemprop'] ?? attribs['property'] ?? attribs['name'] ?? attribs['http-equiv']
    const value = attribs['content']
    if (!key || !value) return
    const says = dateName(key)
    if (says) this.#claim(says.kind, attribs['itemprop'] === undefined ? 'meta' : 'microdata', value, says.score, key)
    else this.#seeAside(key.toLowerCase(), value)
  }

  /** What a page says of its text, and the picture it goes with, may be dated when nothing else is. */
  #seeAside(key: string, value: string): void {
    if (/(?:^|:)description$/.test(key) && value.length < descriptionChars && /\d{4}/.test(value)) this.#claim('published', 'text', value, 0.25, key)
    else if (key === 'og:image') {
      const image = urlDate(value, 'day-first')
      if (image && image.score > 0.7) this.#claim('published', 'meta', image.value, 0.2, key)
    }
  }

  #mark(element: Element, key: string | undefined): void {
    if (this.#marked.length >= claimsMax || (key !== '' && (key === undefined || !dateName(key)))) return
    const { attribs } = element
    const title = attribs['title']
    const value =
      attribs['datetime'] ??
      attribs['content'] ??
      attribs['data-datetime'] ??
      attribs['data-timestamp'] ??
      attribs['data-utime'] ??
      attribs['data-time'] ??
      attribs['data-date'] ??
      attribs['created-timestamp'] ??
      attribs['ts'] ??
      (title !== undefined && /\d{4}/.test(title) ? title : undefined)
    if (value) this.#marked.push({ element, key, value, at: this.#text.length })
  }

  #claimElement({ element, value, at }: Marked): void {
    const { name, attribs } = element
    const places = this.#places.of(element)
    if (name !== 'time' && name !== 'abbr' && !name.includes('-') && (places & place.dated) === 0) return
    const isPublished = attribs['pubdate'] !== undefined || (places & place.published) !== 0
    const isUpdated = (places & place.updated) !== 0 && !isPublished
    const score = Math.min(0.9, (isPublished ? 0.86 : name === 'time' ? 0.76 : 0.66) * (trustIn(places) + this.#text.nearHeading(at)))
    this.#claim(isUpdated ? 'modified' : 'published', 'time', value, score, `${name} ${attribs['class'] ?? ''}`.trim())
  }

  #claimProperty({ element, key, value }: Marked): void {
    const says = dateName(key)
    const places = this.#places.of(element)
    const share = (places & place.comment) !== 0 ? 0.3 : (places & place.aside) !== 0 ? 0.6 : 0.95
    if (says) this.#claim(says.kind, 'microdata', value, says.score * share, `${element.name} ${key}`)
  }

  #seeScript(element: Element): void {
    if (!/ld\+json/i.test(element.attribs['type'] ?? '')) return
    const text = textOf(element)
    this.#jsonLdBytes += text.length
    if (this.#jsonLdBytes > jsonLdBytesMax || !text.includes('"')) return
    for (const { kind, value, score, place: where } of jsonLdDates(text)) this.#claim(kind, 'json-ld', value, score, where)
  }

  #claim(kind: DateClaim['kind'], by: DateClaim['by'], value: string, score: number, where: string): void {
    if (this.#claims.length >= claimsMax) return
    const chars = by === 'text' ? descriptionChars : valueChars
    this.#claims.push({ kind, by, value: value.trim().slice(0, chars), score, place: where.slice(0, valueChars) })
  }
}

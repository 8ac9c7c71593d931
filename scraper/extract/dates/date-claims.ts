import type { ChildNode, Element, ParentNode, Text } from 'domhandler'
import { parsePrinted } from './date-formats.ts'
import { jsonLdDates } from './date-json-ld.ts'
import { dateName } from './date-meta.ts'
import { place, Places, trustIn } from './date-place.ts'
import { PageText } from './date-text.ts'
import { urlDate } from './date-url.ts'
import { textOf } from '../html/dom.ts'

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
/** What elements are to a reader of dates, as bits. */
const trait = { skipped: 1, block: 2, small: 4 } as const
const traits = new Map<string, number>()
for (const name of 'script style noscript template svg textarea object iframe option title math'.split(' ')) traits.set(name, trait.skipped)
for (const name of 'address article aside blockquote body br dd div dl dt figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table td th tr ul'.split(
  ' ',
))
  traits.set(name, trait.block)
for (const name of ['time', 'abbr', 'span', 'small', 'em', 'i']) traits.set(name, trait.small)
/** Attributes that hold a date for machines. */
const datedAttributes = new Set([
  'datetime',
  'content',
  'title',
  'ts',
  'data-datetime',
  'data-timestamp',
  'data-utime',
  'data-time',
  'data-date',
  'created-timestamp',
])

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
  /** Of the open elements: whether each is a block. */
  readonly #open: boolean[] = []
  #jsonLdBytes = 0

  /** In document order, without recursion, so that no depth overflows the stack. */
  read(root: ParentNode): void {
    let node: ChildNode | null = root.children[0] ?? null
    const outer: ChildNode[] = []
    while (node) {
      const inner: ChildNode | undefined = node.type === 'text' ? this.#seeText(node) : this.#enter(node)
      if (inner) {
        outer.push(node)
        node = inner
        continue
      }
      let next = node.next
      while (!next && outer.length > 0) {
        next = (outer.pop() as ChildNode).next
        this.#text.space(this.#open.pop() === true)
      }
      node = next
    }
  }

  claims(): DateClaim[] {
    for (const marked of this.#marked) {
      if (marked.key === '') this.#claimElement(marked)
      else this.#claimProperty(marked)
    }
    return [...this.#claims, ...this.#text.claims(this.#places)]
  }

  #seeText(node: Text): undefined {
    if (node.parent) this.#text.add(node.data, node.parent)
  }

  /** @returns the first child when it is to be read */
  #enter(node: ChildNode): ChildNode | undefined {
    if (!('children' in node)) return undefined
    const traitsOf = 'attribs' in node ? this.#seeElement(node) : 0
    const first = (traitsOf & trait.skipped) === 0 ? node.children[0] : undefined
    if (first) this.#open.push((traitsOf & trait.block) !== 0)
    return first
  }

  #seeElement(element: Element): number {
    const { name, attribs } = element
    const known = traits.get(name) ?? (name.includes('-') ? trait.small : 0)
    if ((known & trait.skipped) !== 0) {
      if (name === 'script') this.#seeScript(element)
      return known
    }
    if (name === 'meta') this.#seeMeta(attribs)
    else if (attribs['itemprop'] !== undefined || attribs['property'] !== undefined) this.#mark(element, attribs['itemprop'] ?? attribs['property'])
    if ((known & trait.small) !== 0) this.#mark(element, '')
    if (name === 'h1') {
      this.#places.title(element)
      this.#text.heading()
    }
    this.#text.space((known & trait.block) !== 0)
    return known
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
    if (/(?:^|:)description$/.test(key) && value.length < descriptionChars && /\d{4}/.test(value)) {
      const precision = parsePrinted(value, 'day-first')?.precision
      if (precision === 'day' || precision === 'time') this.#claim('published', 'text', value, 0.25, key)
    } else if (key === 'og:image') {
      const image = urlDate(value, 'day-first')
      if (image && image.score > 0.7) this.#claim('published', 'meta', image.value, 0.2, key)
    }
  }

  #mark(element: Element, key: string | undefined): void {
    if (this.#marked.length >= claimsMax || (key !== '' && (key === undefined || !dateName(key)))) return
    let value: string | undefined
    // The order of the attributes is the page's; a title is for people, and comes last.
    for (const attribute in element.attribs) {
      const found = element.attribs[attribute] ?? ''
      if (!datedAttributes.has(attribute) || !/\d{4}/.test(found)) continue
      if (attribute !== 'title') {
        value = found
        break
      }
      value = found
    }
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
    if (!/date/i.test(text)) return
    this.#jsonLdBytes += text.length
    if (this.#jsonLdBytes > jsonLdBytesMax) return
    for (const { kind, value, score, place: where } of jsonLdDates(text)) this.#claim(kind, 'json-ld', value, score, where)
  }

  #claim(kind: DateClaim['kind'], by: DateClaim['by'], value: string, score: number, where: string): void {
    if (this.#claims.length >= claimsMax) return
    const chars = by === 'text' ? descriptionChars : valueChars
    this.#claims.push({ kind, by, value: value.trim().slice(0, chars), score, place: where.slice(0, valueChars) })
  }
}

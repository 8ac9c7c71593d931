import type { ChildNode, Element, ParentNode, Text } from 'domhandler'
import { parsePrinted } from './date-formats.ts'
import { jsonLdDates, withTitle, type JsonLdDate } from './date-json-ld.ts'
import { withoutLists } from './date-lists.ts'
import { dateName } from './date-meta.ts'
import { place, Places, trustIn } from './date-place.ts'
import { copyrightScore, textClaims, type PlacedClaim } from './date-text.ts'
import { urlDate } from './date-url.ts'
import { PageText } from './page-text.ts'
import type { MainContent } from '../content/main-content.ts'
import { scriptDate } from './date-scripts.ts'
import { textOf } from '../html/dom.ts'
import { relationsOf } from '../html/head-tags.ts'

/** One date that a page names, as it stands there. */
export interface DateClaim {
  kind: 'published' | 'modified'
  by: 'json-ld' | 'meta' | 'microdata' | 'time' | 'text' | 'url' | 'copyright'
  /** As the page has it; of `url` an address that the page gives itself. */
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
const titleChars = 500
const addressChars = 2000
const jsonLdBytesMax = 1 << 20
const programsMax = 30
const programScore = 0.45
const dataScore = 0.6
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

const publishedData = /^data-(?:[a-z]{1,12}-)?(?:publish(?:ed)?|pub-?date|date-?published|posted)(?:-?(?:date|time|at|on|timestamp))?$/

/** What a page says of its own dates. One walk, linear in the size of the page. @param content what was kept of it: dates stand at the head of a text */
export function dateClaims(root: ParentNode, content: MainContent): DateClaim[] {
  const reader = new DateReader()
  reader.read(root)
  return reader.claims(content)
}

class DateReader {
  readonly #claims: DateClaim[] = []
  readonly #marked: Marked[] = []
  readonly #text = new PageText()
  readonly #places = new Places()
  /** Of the open elements: whether each is a block. */
  readonly #open: boolean[] = []
  readonly #jsonLd: JsonLdDate[] = []
  #jsonLdBytes = 0
  readonly #programs: string[] = []
  #title = ''

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

  claims(content: MainContent): DateClaim[] {
    this.#text.settle(content, this.#title, this.#places)
    for (const { kind, value, score, place: where } of withTitle(this.#jsonLd, this.#title)) this.#claim(kind, 'json-ld', value, score, where)
    this.#readPrograms()
    const elements = this.#marked.flatMap((marked) => (marked.key === '' ? this.#elementClaim(marked) : this.#propertyClaim(marked)) ?? [])
    const placed = withoutLists([...elements, ...textClaims(this.#text, this.#places)], (at) => this.#text.nearTitle(at) > 0)
    return [...this.#claims, ...placed.map(({ claim }) => claim)]
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
      else if (name === 'title') this.#title ||= textOf(element).slice(0, titleChars)
      return known
    }
    if (name === 'meta' && attribs['itemprop'] !== undefined) this.#mark(element, attribs['itemprop'])
    if (name === 'meta') this.#seeMeta(attribs)
    else if (name === 'link') this.#seeLink(attribs)
    else if (attribs['itemprop'] !== undefined || attribs['property'] !== undefined) this.#mark(element, attribs['itemprop'] ?? attribs['property'])
    if ((known & trait.small) !== 0) this.#mark(element, '')
    if (name === 'article' || name === 'main' || name === 'section' || name.includes('-')) this.#seeData(element)
    this.#text.space((known & trait.block) !== 0)
    if (name === 'h1' || name === 'h2' || name === 'h3') this.#text.heading(element)
    else if (name === 'th') this.#places.headCell(element)
    return known
  }

  #seeMeta(attribs: Record<string, string>): void {
    const key = attribs['itemprop'] ?? attribs['property'] ?? attribs['name'] ?? attribs['http-equiv']
    const value = attribs['content'] ?? attribs['datetime']
    if (!key || !value) return
    const says = dateName(key)
    if (attribs['itemprop'] !== undefined && says) return
    if (says) this.#claim(says.kind, 'meta', value, says.score, key)
    else this.#seeAside(key.toLowerCase(), value)
  }

  #seeLink({ rel, href }: Record<string, string>): void {
    if (href && relationsOf(rel).includes('canonical')) this.#claim('published', 'url', href, 1, 'canonical')
  }

  /** What a page says of its text, and the picture it goes with, may be dated when nothing else is. */
  #seeAside(key: string, value: string): void {
    if (/(?:^|:)description$/.test(key) && value.length < descriptionChars && /\d{4}/.test(value)) {
      const precision = parsePrinted(value, 'day-first')?.precision
      if (precision === 'day' || precision === 'time') this.#claim('published', 'text', value, 0.25, key)
    } else if (key === 'og:url' || key === 'twitter:url') this.#claim('published', 'url', value, 1, key)
    else if (/copyright\.?year$/.test(key)) this.#claim('published', 'copyright', value, copyrightScore, key)
    else if (key === 'og:image') {
      const image = urlDate(value, 'day-first')
      if (image && image.score > 0.7) this.#claim('published', 'meta', image.value, 0.2, key)
    }
  }

  /** `<article data-published="2025-03-04">`, and elements of a name of their own. */
  #seeData(element: Element): void {
    for (const name in element.attribs) {
      if (!name.startsWith('data-') || !publishedData.test(name)) continue
      const value = element.attribs[name] ?? ''
      if (/^\d{4}-\d\d-\d\d|^1\d{9}(?:\d{3})?$/.test(value) && this.#marked.length < claimsMax)
        this.#marked.push({ element, key: name, value, at: this.#text.length })
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

  #elementClaim({ element, value, at }: Marked): PlacedClaim | undefined {
    const { name, attribs } = element
    const places = this.#places.of(element)
    if (name !== 'time' && name !== 'abbr' && !name.includes('-') && (places & place.dated) === 0) return undefined
    const isPublished = attribs['pubdate'] !== undefined || (places & place.published) !== 0
    const isUpdated = (places & place.updated) !== 0 && !isPublished
    const score = Math.min(0.9, (isPublished ? 0.86 : name === 'time' ? 0.76 : 0.66) * (trustIn(places) * this.#text.trustAt(at) + this.#text.nearTitle(at)))
    return { claim: claimOf(isUpdated ? 'modified' : 'published', 'time', value, score, `${name} ${attribs['class'] ?? ''}`.trim()), at, element }
  }

  #propertyClaim({ element, key, value, at }: Marked): PlacedClaim | undefined {
    const says = dateName(key)
    const places = this.#places.of(element)
    const share = (places & place.comment) !== 0 || this.#isOfOther(element) ? 0.3 : (places & place.aside) !== 0 ? 0.6 : element.name === 'meta' ? 1 : 0.95
    if (key.startsWith('data-')) return { claim: claimOf('published', 'time', value, dataScore * trustIn(places) * this.#text.trustAt(at), key), at, element }
    return says && { claim: claimOf(says.kind, 'microdata', value, says.score * share, `${element.name} ${key}`), at, element }
  }

  /** Whether a property is of a thing that the page holds beside its text: the nearest item says what it is of. */
  #isOfOther(element: Element): boolean {
    let at: ParentNode | null = element
    for (let level = 0; level < scopeLevels && at && 'attribs' in at; level++, at = at.parent) {
      const { attribs } = at as Element
      if (attribs['itemscope'] !== undefined) return otherTypes.test(attribs['itemtype'] ?? '') && !this.#places.isTitled(at as Element)
    }
    return false
  }

  #seeScript(element: Element): void {
    const [only] = element.children
    const text = element.children.length === 1 && only?.type === 'text' ? only.data : textOf(element)
    if (!/ld\+json/i.test(element.attribs['type'] ?? '')) {
      if (this.#programs.length < programsMax) this.#programs.push(text)
      return
    }
    if (!/date/i.test(text)) return
    this.#jsonLdBytes += text.length
    if (this.#jsonLdBytes > jsonLdBytesMax) return
    for (const date of jsonLdDates(text)) if (this.#jsonLd.length < claimsMax) this.#jsonLd.push(date)
  }

  /** What programs hold counts where nothing else is told to machines. */
  #readPrograms(): void {
    if (this.#claims.some(({ kind, by }) => kind === 'published' && (by === 'meta' || by === 'json-ld'))) return
    for (const text of this.#programs) {
      const value = scriptDate(text)
      if (value !== undefined) this.#claim('published', 'meta', value, programScore, 'script')
    }
  }

  #claim(kind: DateClaim['kind'], by: DateClaim['by'], value: string, score: number, where: string): void {
    if (this.#claims.length < claimsMax) this.#claims.push(claimOf(kind, by, value, score, where))
  }
}

const scopeLevels = 12
const otherTypes = /\/(?:Comment|UserComments|Review|Event|Person|Offer|AggregateRating|ImageObject|Product)$/

function claimOf(kind: DateClaim['kind'], by: DateClaim['by'], value: string, score: number, where: string): DateClaim {
  const chars = by === 'text' ? descriptionChars : by === 'url' ? addressChars : valueChars
  return { kind, by, value: value.trim().slice(0, chars), score, place: where.slice(0, valueChars) }
}

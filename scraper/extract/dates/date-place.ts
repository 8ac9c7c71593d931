import type { ChildNode, Element, ParentNode } from 'domhandler'
import { nameChars, remembered } from '../html/name-memory.ts'

/** Where on a page something stands, as bits. */
export const place = {
  comment: 1,
  /** Navigation, teasers of other pages, side bars, calendars. */
  aside: 2,
  footer: 4,
  link: 8,
  item: 16,
  /** In an element that says of itself that it holds a date. */
  dated: 32,
  /** The same, of a last change. */
  updated: 64,
  /** In the lines about a text: its author, its date, where it is filed. */
  byline: 128,
  published: 256,
  /** Program code, or what a program writes. */
  code: 512,
  quote: 1024,
  /** A cell of a table with heads: one value of many. */
  cell: 2048,
} as const

const commentTokens =
  /^(?:comments?|commentlist|comment-?\w+|kommentare?\w*|replies|reply|respond|disqus\w*|reactions?|reviews?|review-?\w*|testimonials?|forum-?posts?)$/
const asideTokens =
  /^(?:nav|navi|navigation|nav-\w+|menu\w*|sidebar\w*|side-?bar\w*|aside|widgets?|widget[-_]\w+|related\w*|related-\w+|recommend\w*|more-?\w+|recent\w*|recent-\w+|latest\w*|latest-\w+|popular\w*|popular-\w+|trending\w*|teasers?|teaser[-_]\w+|archives?|archive-\w+|calendar\w*|similar\w*|readmore|read-more|prev|next|previous|pager|pagination|ticker\w*|upcoming\w*|events?|event-\w+|promo\w*|marquee|breadcrumbs?|jp-relatedposts|most-?\w+|also\w*|cookie\w*|topstories|headlines|carousel\w*|slider\w*|newsletter\w*|ads?|advert\w*|weather|toc|mega-?menu\w*)$/
const codeTokens =
  /^(?:code\w*|code-?block\w*|highlight|highlighter-\w+|source-?code|syntax\w*|listing|console|terminal|prettyprint|shell|output|programlisting|screen)$/
const quoteTokens = /^(?:quotes?|quotation|blockquote|references?|reflist|bibliograph\w+|citations?|cite|footnotes?|footnote-list)$/
const footerTokens = /^(?:footer|site-?footer|page-?footer|footer[-_]\w+|copyright\w*|colophon|imprint|bottom\w*|site-info)$/
const datedTokens =
  /(?<!up|candi|vali|man|in)date(?!pick|r(?!$)|base)|datum|fecha|(?:^|[-_])(?:time(?!line|r|out)|day|data|published|publish|posted|dt|publication|erschienen|veroeffentlicht|created|zeit)(?:$|[-_])|(?:time(?:stamp|data|info|ago)?|published)$/i
const publishedTokens =
  /(?:^|[-_])(?:published|publish|pubdate|posted|datepublished|publication|created|post-?date|entry-?date)(?:$|[-_])|(?:pubdate|published)$/i
const updatedTokens = /(?:^|[-_])(?:updated?|modified|modify|lastmod|dateModified|revised|changed)(?:$|[-_])|(?:modified|updated)$/i
const bylineTokens =
  /(?:^|[-_])(?:byline|meta|metadata|author|entry-?meta|post-?meta|postinfo|info|credits?|details|entry-header|article-?header|post-?header|kicker|subline|autor|postmetadata|dateline|publication|submitted|source)(?:$|[-_])/i
/** Of what holds the page itself, whatever else it is called. */
const mainTokens = /^(?:main\w*|content|article|single\w*|post|page|\w*wrap|\w*wrapper)$/

/** Bits that an element says of what it holds, if that is little. */
const ownBits = place.dated | place.updated | place.byline | place.published
const which = place.published | place.updated
const regions = place.comment | place.aside | place.footer
/** An element that is said to hold a date, and holds more than this, holds more than a date. */
const datedCharsMax = 250
const datedNodesMax = 200

export const isMarked = (places: number): boolean => (places & ownBits) !== 0

/** The places of elements of one page, found when they are asked for, each once. */
export class Places {
  readonly #known = new Map<Element, number>()
  readonly #titled = new Set<Element>()
  readonly #dataTables = new Set<Element>()

  /** What holds the title is no outskirts, whatever its name. To be told before anything is asked. */
  title(heading: Element): void {
    for (let at: ParentNode | null = heading; at && 'attribs' in at && !this.#titled.has(at); at = at.parent) this.#titled.add(at)
  }

  isTitled(element: Element): boolean {
    return this.#titled.has(element)
  }

  /** A table with a head cell is one of values. To be told before anything is asked. */
  headCell(cell: Element): void {
    const table = tableOf(cell)
    if (table) this.#dataTables.add(table)
  }

  of(element: Element): number {
    const path: Element[] = []
    let places: number | undefined
    for (let at: ParentNode | null = element; at && 'attribs' in at; at = at.parent) {
      places = this.#known.get(at)
      if (places !== undefined) break
      path.push(at)
    }
    places ??= 0
    for (const inner of path.toReversed()) {
      const opened = this.#openedBy(inner)
      // The nearest element that says which date it holds is right.
      if ((opened & which) !== 0) places &= ~which
      places |= opened
      this.#known.set(inner, places)
    }
    return places
  }

  #cell(element: Element): number {
    if (element.name !== 'td' || this.#dataTables.size === 0) return 0
    const table = tableOf(element)
    return table && this.#dataTables.has(table) ? place.cell : 0
  }

  #openedBy(element: Element): number {
    if (element.name === 'body' || element.name === 'html') return 0
    const opened = opens(element) | this.#cell(element)
    const kept = this.#titled.has(element) ? opened & ~regions : opened
    return isMarked(kept) && !isShort(element) ? kept & ~ownBits : kept
  }
}

/** Of a cell, a row, or what stands in one. */
function tableOf(element: Element): Element | undefined {
  let at: ParentNode | null = element.parent
  for (let level = 0; level < tableLevels && at && 'attribs' in at; level++, at = at.parent) if ((at as Element).name === 'table') return at as Element
  return undefined
}
const tableLevels = 4

function isShort(element: Element): boolean {
  let chars = 0
  let nodes = 0
  const open: ChildNode[] = element.children.slice(0, datedNodesMax)
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.type === 'text') chars += node.data.trim().length
    else if ('children' in node) for (const child of node.children.slice(0, datedNodesMax)) open.push(child)
    if (chars > datedCharsMax || ++nodes > datedNodesMax) return false
  }
  return true
}

function opens({ name, attribs }: Element): number {
  const [names, id, role] = [attribs['class'], attribs['id'], attribs['role']]
  const named = (names === undefined ? 0 : namedPlaces(names)) | (id === undefined ? 0 : namedPlaces(id))
  const byRole = role === undefined ? 0 : role === 'navigation' || role === 'complementary' ? place.aside : role === 'contentinfo' ? place.footer : 0
  return named | tagPlaces(name) | byRole
}

function tagPlaces(name: string): number {
  switch (name) {
    case 'a':
      return place.link
    case 'li':
    case 'dd':
      return place.item
    case 'nav':
    case 'aside':
    case 'select':
      return place.aside
    case 'footer':
      return place.footer
    case 'time':
      return place.dated
    case 'pre':
    case 'code':
    case 'samp':
    case 'kbd':
    case 'tt':
      return place.code
    case 'blockquote':
    case 'q':
      return place.quote
    default:
      return 0
  }
}

const namedPlaces = remembered((names) => {
  let places = 0
  let isMain = false
  for (const token of names.slice(0, nameChars).split(/\s+/)) {
    if (token !== '') places |= tokenPlaces(token)
    if (mainTokens.test(token.toLowerCase())) isMain = true
  }
  return isMain ? places & ~place.aside : places
})

function tokenPlaces(raw: string): number {
  const token = raw.toLowerCase()
  let places = 0
  if (commentTokens.test(token)) places |= place.comment
  if (asideTokens.test(token)) places |= place.aside
  if (footerTokens.test(token)) places |= place.footer
  if (codeTokens.test(token)) places |= place.code
  if (quoteTokens.test(token)) places |= place.quote
  if (datedTokens.test(raw)) places |= place.dated
  if (publishedTokens.test(raw)) places |= place.published | place.dated
  if (updatedTokens.test(raw)) places |= place.updated | place.dated
  if (bylineTokens.test(raw)) places |= place.byline
  return places
}

/** What stands about a text, and is beside it. */
const about = place.dated | place.byline

/** How much of the trust in a date its place leaves. */
export function trustIn(places: number): number {
  let share = 1
  if ((places & place.comment) !== 0) share *= 0.4
  if ((places & place.aside) !== 0) share *= (places & about) === about ? 0.8 : 0.5
  if ((places & place.footer) !== 0) share *= 0.75
  if ((places & place.link) !== 0) share *= 0.85
  if ((places & place.item) !== 0) share *= 0.85
  if ((places & place.code) !== 0) share *= 0.1
  if ((places & place.quote) !== 0) share *= 0.4
  if ((places & place.cell) !== 0) share *= 0.3
  return share
}

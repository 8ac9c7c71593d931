import { isTag, type Element, type ParentNode } from 'domhandler'
import type { PageType } from '#schemas/document.ts'
import { walk } from './dom.ts'

const dropped = new Set(
  'script style noscript template nav aside footer form button select option textarea input label iframe object embed svg canvas audio video map dialog head'.split(
    ' ',
  ),
)
const droppedRoles = new Set(['navigation', 'banner', 'contentinfo', 'complementary', 'search', 'menu', 'menubar', 'dialog', 'alert', 'toolbar'])
/** Names that authors give to what is not the page's own text. Read with how much of it is links and how much text it has. */
const boilerplateNames =
  /(?:^|[\s_-])(?:nav|navbar|navigation|menu|sidebar|breadcrumbs?|cookies?|consent|banner|masthead|footer|share|sharing|social|related|recommend\w*|comments?|disqus|advert\w*|ads?|promo|newsletter|subscribe|popup|modal|pagination|pager|skip|toolbar|login|signup|hidden|sr-only|visually-hidden)(?:$|[\s_-])/i
const linkListTags = new Set(['ul', 'ol', 'dl', 'div', 'section', 'table', 'p'])

interface Measure {
  /** Characters that are not white space, outside links and inside. */
  plain: number
  linked: number
}

/** Why one block of text is content or not. */
export interface BlockDecision {
  element: Element
  kept: boolean
  /** One word for what decided: a rule's name, or `score`. */
  reason: string
  /** How likely the block is content, 0..1. */
  score: number
  /** What moved the score most, strongest first, in log-odds. */
  contributions: { feature: string; value: number; logOdds: number }[]
}

export interface MainContent {
  root: ParentNode
  pageType: PageType
  /** What spoke for the page's type, strongest first. */
  pageTypeWhy(): string[]
  /** Elements inside `root` that hold no text of the content, nor does anything inside them. */
  isDropped(element: Element): boolean
  /** Whether text directly inside this element is left out, though elements inside it may be content. */
  isTextDropped(parent: ParentNode): boolean
  /** Each block in document order. Computed when asked. */
  decisions(): BlockDecision[]
}

/**
 * The part of a page that is its own text: what is navigation by its element, role or name is left out; then `main`, or else the element that
 * by itself holds most of the text that is not links, found by going down as long as one child holds 4/5 of it.
 * Linear in the size of the page.
 */
export function mainContent(page: ParentNode, _url: string): MainContent {
  const measures = measure(page)
  const of = (element: ParentNode): Measure => (isTag(element) ? measures.get(element) : undefined) ?? { plain: 0, linked: 0 }
  const root = dominant(semanticRoot(page, of), of)
  const total = of(root)
  const isDropped = (element: Element): boolean => {
    if (!measures.has(element)) return true
    const { plain, linked } = of(element)
    if (linkListTags.has(element.name) && linked > 2 * plain && linked > 60 && isOutskirts(element, root)) return true
    return boilerplateNames.test(namesOf(element)) && plain < 0.3 * total.plain && element !== root
  }
  return { root, pageType: 'article', pageTypeWhy: () => [], isDropped, isTextDropped: () => false, decisions: () => [] }
}

/** Sums of every element that is not dropped by what it is; dropped ones have none. */
function measure(page: ParentNode): Map<Element, Measure> {
  const measures = new Map<Element, Measure>()
  let linkDepth = 0
  walk(page, {
    enter(element) {
      if (isNeverText(element)) return false
      if (element.name === 'a') linkDepth++
      measures.set(element, { plain: 0, linked: 0 })
      return true
    },
    leave(element) {
      if (element.name === 'a') linkDepth--
      const own = measures.get(element)
      const parent = element.parent && isTag(element.parent) ? measures.get(element.parent) : undefined
      if (!own || !parent) return
      parent.plain += own.plain
      parent.linked += own.linked
    },
    text(data, parent) {
      const own = isTag(parent) ? measures.get(parent) : undefined
      if (!own) return
      const chars = visibleChars(data)
      if (linkDepth > 0) own.linked += chars
      else own.plain += chars
    },
  })
  return measures
}

function isNeverText({ name, attribs, parent }: Element): boolean {
  if (dropped.has(name) || droppedRoles.has(attribs['role'] ?? '')) return true
  if ('hidden' in attribs || attribs['aria-hidden'] === 'true' || /display\s*:\s*none/i.test(attribs['style'] ?? '')) return true
  // A header of an article holds its title; a header of the page holds its navigation.
  return name === 'header' && !insideArticle(parent)
}

function insideArticle(node: ParentNode | null): boolean {
  for (let at = node, steps = 0; at && isTag(at) && steps < 50; at = at.parent, steps++) {
    if (at.name === 'article' || at.name === 'main' || at.attribs['role'] === 'main') return true
  }
  return false
}

function visibleChars(data: string): number {
  let count = 0
  for (let i = 0; i < data.length; i++) if (data.charCodeAt(i) > 32) count++
  return count
}

function semanticRoot(page: ParentNode, of: (element: ParentNode) => Measure): ParentNode {
  const mains: Element[] = []
  const articles: Element[] = []
  let body: ParentNode = page
  walk(page, {
    enter(element) {
      if (element.name === 'body') body = element
      if (element.name === 'main' || element.attribs['role'] === 'main') mains.push(element)
      if (element.name === 'article') articles.push(element)
    },
  })
  const whole = of(body).plain
  const best = largest(mains, of)
  if (best && of(best).plain > 0.3 * whole) body = best
  const article = largest(articles, of)
  return article && of(article).plain > 0.6 * of(body).plain ? article : body
}

function largest(elements: readonly Element[], of: (element: ParentNode) => Measure): Element | undefined {
  let best: Element | undefined
  for (const element of elements) if (!best || of(element).plain > of(best).plain) best = element
  return best
}

function dominant(start: ParentNode, of: (element: ParentNode) => Measure): ParentNode {
  for (let at = start; ;) {
    const next = largest(at.children.filter(isTag), of)
    const whole = isTag(at) ? of(at).plain : next ? of(next).plain : 0
    if (!next || whole === 0 || of(next).plain < 0.8 * whole || isTextBlock(next)) return at
    at = next
  }
}

const isTextBlock = (element: Element): boolean => /^(?:p|pre|ul|ol|dl|table|tbody|blockquote|h[1-6]|span|font|b|i|em|strong|code)$/.test(element.name)

/** Directly under the root, or one wrapper below: where "see also" and tables of contents live. Lists of links deep in the text are the text. */
function isOutskirts(element: Element, root: ParentNode): boolean {
  return element.parent === root || element.parent?.parent === root
}

const namesOf = ({ attribs }: Element): string => `${attribs['class'] ?? ''} ${attribs['id'] ?? ''}`.slice(0, 500)

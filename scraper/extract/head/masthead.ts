import { isTag, type Element, type ParentNode } from 'domhandler'
import { collapse, walk } from '../html/dom.ts'

/** A heading of the first rank. */
export interface Heading {
  text: string
  /** It names the site: it is a link to where the site begins, or stands in what is called its brand, its logo or its menu. */
  isOfSite: boolean
}

const brandNames =
  /(?:^|[\s_-])(?:site-?(?:title|name|branding)|blog-?(?:title|name)|menu-?title|navbar-brand|sidebar-brand(?:-text)?|brand(?:ing)?|logo|project-?name|navbar__title)(?:$|[\s_-])/i
/** Mastheads stand at the top. */
const elementsMax = 600
const brandsMax = 5
const brandChars = 80
const headingsMax = 10
const headingChars = 2000
const stepsMax = 60

/** Collects the headings of the first rank and what the top of a page calls its site. */
export class MastheadReader {
  readonly headings: Heading[] = []
  /** Texts of brands and logos, in document order. */
  readonly brands: string[] = []
  readonly #url: URL | null
  #elements = 0

  constructor(url: string) {
    this.#url = URL.parse(url)
  }

  enter(element: Element): void {
    if (element.name === 'h1') this.#seeHeading(element)
    if (++this.#elements > elementsMax || this.brands.length >= brandsMax || element.name === 'body') return
    const { class: classes, id, rel, alt } = element.attribs
    const isBrand = isBrandName(classes) || isBrandName(id) || (rel !== undefined && element.name === 'a' && /\bhome\b/i.test(rel.slice(0, 100)))
    if (!isBrand) return
    const text = element.name === 'img' ? collapse(alt?.slice(0, brandChars) ?? '') : shownText(element, brandChars)
    if (text !== '' && text.length < brandChars && !this.brands.includes(text)) this.brands.push(text)
  }

  #seeHeading(element: Element): void {
    if (this.headings.length >= headingsMax) return
    const text = shownText(element, headingChars)
    if (text !== '') this.headings.push({ text, isOfSite: isNamed(element) || this.#leadsHome(element, text) })
  }

  #leadsHome(heading: Element, text: string): boolean {
    const link = heading.parent && isTag(heading.parent) && heading.parent.name === 'a' ? heading.parent : linkIn(heading)
    const address = link?.attribs['href'] === undefined ? null : URL.parse(link.attribs['href'].slice(0, 2000), this.#url?.href)
    if (!link || !address || address.hash !== '' || (link !== heading.parent && shownText(link, headingChars) !== text)) return false
    if (/^\/(?:index\.\w{1,5})?$/.test(address.pathname) && address.search === '') return true
    const path = this.#url?.pathname ?? '/'
    return address.host === this.#url?.host && address.pathname.endsWith('/') && path !== address.pathname && path.startsWith(address.pathname)
  }
}

/** Any of these is in whatever the pattern matches. */
const brandHint = /brand|logo|title|name/i
const isBrandName = (names: string | undefined): boolean => names !== undefined && names !== '' && brandHint.test(names) && brandNames.test(names.slice(0, 200))

/** By the names of the heading itself, or by those of what it stands in alone. */
function isNamed(heading: Element): boolean {
  for (let node: ParentNode | null = heading, steps = 0; node && isTag(node) && steps < 3; node = node.parent, steps++) {
    if (node.name === 'nav') return true
    if (node.name !== 'body' && (isBrandName(node.attribs['class']) || isBrandName(node.attribs['id']))) return true
  }
  return false
}

function linkIn(element: Element): Element | undefined {
  let found: Element | undefined
  let steps = 0
  walk(element, {
    enter(inner) {
      if (inner.name === 'a') found ??= inner
      return ++steps < stepsMax && found === undefined
    },
  })
  return found
}

/** Labels and dates of a heading are none of it. */
const asides = /(?:^|\s)(?:label|badge|descriptor|tag|date|headerlink|visually-hidden|sr-only)(?:$|[\s_-])/i

/** The text of an element as it is shown, without dates and labels; a line break parts words. Of a picture alone what it says. */
function shownText(element: Element, charsMax: number): string {
  const parts: string[] = []
  const pictures: string[] = []
  let chars = 0
  let steps = 0
  walk(element, {
    enter(inner) {
      if (++steps > stepsMax || chars > charsMax || /^(?:svg|script|style|time|button|template|noscript)$/.test(inner.name)) return false
      if (/^(?:br|div|p|li)$/.test(inner.name)) parts.push(' ')
      const { class: classes } = inner.attribs
      if (classes !== undefined && asides.test(classes.slice(0, 200))) return false
      if (inner.name === 'img' && inner.attribs['alt']) pictures.push(inner.attribs['alt'].slice(0, charsMax))
      return true
    },
    leave(inner) {
      if (/^(?:div|p|li)$/.test(inner.name)) parts.push(' ')
    },
    text(data) {
      chars += data.length
      if (chars <= charsMax * 2) parts.push(data)
    },
  })
  return collapse(parts.join('').slice(0, charsMax)) || collapse((pictures[0] ?? '').slice(0, charsMax))
}

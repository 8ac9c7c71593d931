import { subjectByType, type LicenceSubject } from './licence-place.ts'
import { parsedJson } from '#schemas/parsed-json.ts'

/** What a page's JSON-LD says of the page itself. */
export interface JsonLdFacts {
  /** Headline of an article or posting; the name of a product, course or recipe. */
  headline: string | undefined
  /** Name of the page as such (WebPage, QAPage …). */
  pageName: string | undefined
  authors: string[]
  publisher: string | undefined
  siteName: string | undefined
  /** URLs or names, in document order, with the kind of what they are stated of. */
  licences: { value: string; of: LicenceSubject }[]
}

type Node = Readonly<Record<string, unknown>>

const bytesMax = 1 << 20
const nodesMax = 5000
const authorsMax = 20
const textChars = 500
/** Members whose values are other things than the page. */
const elsewhere = new Set([
  'itemlistelement',
  'comment',
  'review',
  'reviews',
  'suggestedanswer',
  'acceptedanswer',
  'haspart',
  'isrelatedto',
  'issimilarto',
  'breadcrumb',
  'mentions',
  'citation',
  'offers',
  'image',
  'video',
  'potentialaction',
])
/** Members whose values are works of their own, whatever they say of themselves. */
const otherWorks = new Set([
  'about',
  'isbasedon',
  'subjectof',
  'workexample',
  'exampleofwork',
  'associatedmedia',
  'encoding',
  'audio',
  'sharedcontent',
  'primaryimageofpage',
  'thumbnail',
  'logo',
])
const articleType =
  /(?:Article|Posting|Report|Question|HowTo|Recipe|Product|Course|Book|SoftwareApplication|Event|Review|Claim|CreativeWork|Dataset|ScholarlyArticle)$/
const pageType = /(?:WebPage|Page|ProfilePage)$/

/** Reads the JSON-LD blocks of one page. Broken ones are mended where that is easy, and else left out; everything is bounded. */
export function readJsonLd(blocks: readonly string[]): JsonLdFacts {
  const nodes: Node[] = []
  const others = new Set<Node>()
  let bytes = 0
  for (const block of blocks) {
    bytes += block.length
    if (bytes > bytesMax) break
    collect(parseTolerantly(block), nodes, others)
  }
  const byId = new Map(nodes.flatMap((node) => (typeof node['@id'] === 'string' && Object.keys(node).length > 1 ? [[node['@id'], node] as const] : [])))
  const articles = nodes.filter((node) => hasType(node, articleType))
  const pages = nodes.filter((node) => hasType(node, pageType))
  const own = [...articles, ...pages]
  return {
    headline: first(articles, (node) => textIn(node['headline']) ?? textIn(node['name'])),
    pageName: first(pages, (node) => textIn(node['name']) ?? textIn(node['headline'])),
    authors: first(own, (node) => nonEmpty(namesIn(node['author'] ?? node['creator'], byId))) ?? [],
    publisher: first(own, (node) => namesIn(node['publisher'], byId)[0]),
    siteName: first(
      nodes.filter((node) => hasType(node, /WebSite$/)),
      (node) => textIn(node['name']),
    ),
    licences: nodes
      .flatMap((node) => addressesIn(node['license']).map((value) => ({ value, of: licenceSubject(node, articles[0], others.has(node)) })))
      .slice(0, authorsMax),
  }
}

/** What a node's licence is given for: that of another article than the first is not the page's. */
function licenceSubject(node: Node, main: Node | undefined, isOther: boolean): LicenceSubject {
  const types = [node['@type']].flat().join(' ').slice(0, 200)
  const kind = types === '' ? 'page' : (subjectByType(types) ?? 'other')
  if (kind !== 'page') return kind
  const isMain = !main || node === main || !hasType(node, articleType) || isSame(node, main)
  return isMain && !isOther ? 'page' : 'other'
}

/** Two plugins may describe one article. */
const isSame = (a: Node, b: Node): boolean =>
  ['headline', 'name', 'url', '@id'].some((key) => textIn(a[key]) !== undefined && textIn(a[key]) === textIn(b[key]))

/** Breadth first, so that what stands outermost comes first. @param others gets those that are works of their own */
function collect(root: unknown, nodes: Node[], others: Set<Node>): void {
  const queue: { value: unknown; isOther: boolean }[] = [{ value: root, isOther: false }]
  for (let at = 0; at < queue.length && at < nodesMax; at++) {
    const { value: next, isOther } = queue[at]!
    if (Array.isArray(next)) for (const value of next.slice(0, nodesMax)) queue.push({ value, isOther })
    else if (typeof next === 'object' && next !== null) {
      const node = next as Node
      nodes.push(node)
      if (isOther) others.add(node)
      // The questions of an FAQ are not what the page is.
      if (hasType(node, /^FAQPage$/)) continue
      for (const [key, value] of Object.entries(node)) {
        const name = key.toLowerCase()
        if (typeof value === 'object' && !elsewhere.has(name)) queue.push({ value, isOther: isOther || otherWorks.has(name) })
      }
    }
  }
}

const hasType = (node: Node, pattern: RegExp): boolean => [node['@type']].flat().some((type) => typeof type === 'string' && pattern.test(type.slice(0, 100)))

function first<T>(nodes: readonly Node[], read: (node: Node) => T | undefined): T | undefined {
  for (const node of nodes) {
    const found = read(node)
    if (found !== undefined) return found
  }
  return undefined
}

function textIn(value: unknown): string | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : value
  const text = typeof first === 'object' && first !== null ? (first as Node)['@value'] : first
  const trimmed = typeof text === 'string' ? text.slice(0, textChars).replace(/\s+/g, ' ').trim() : ''
  return trimmed === '' ? undefined : trimmed
}

/** Names of people and organizations: strings, objects with a name, or references to such. */
function namesIn(value: unknown, byId: ReadonlyMap<string, Node>): string[] {
  const names: string[] = []
  for (const item of [value].flat().slice(0, authorsMax)) {
    const node = typeof item === 'object' && item !== null ? (item as Node) : undefined
    const target = node && nameOf(node) === undefined && typeof node['@id'] === 'string' ? (byId.get(node['@id']) ?? node) : node
    const name = target ? nameOf(target) : textIn(item)
    if (name !== undefined && !names.includes(name)) names.push(name)
  }
  return names
}

/** `name`, else the names it is made of. */
function nameOf(node: Node): string | undefined {
  const parts = ['givenName', 'additionalName', 'familyName'].flatMap((key) => textIn(node[key]) ?? [])
  return textIn(node['name']) ?? (parts.length === 0 ? undefined : parts.join(' '))
}

function addressesIn(value: unknown): string[] {
  return [value]
    .flat()
    .slice(0, authorsMax)
    .flatMap((item) => {
      const node = typeof item === 'object' && item !== null ? (item as Node) : undefined
      const address = node ? (textIn(node['url']) ?? textIn(node['@id']) ?? textIn(node['name'])) : textIn(item)
      return address === undefined ? [] : [address]
    })
}

const nonEmpty = (names: string[]): string[] | undefined => (names.length > 0 ? names : undefined)

/** JSON as sites write it: inside comments or CDATA, with line feeds in strings, commas too many, a semicolon behind it. Undefined for what is none even so. */
function parseTolerantly(text: string): unknown {
  const strict = parsedJson(text)
  if (strict !== undefined) return strict
  const mended = withoutEnd(text)
    .replace(/^\s*(?:<!--|\/\/\s*<!\[CDATA\[|\/\*\s*<!\[CDATA\[\s*\*\/|<!\[CDATA\[)/, '')
    .replace(/(?:-->|\/\/\s*\]\]>|\/\*\s*\]\]>\s*\*\/|\]\]>)\s*$/, '')
    // oxlint-disable-next-line no-control-regex -- they are what is wrong
    .replace(/[\u0000-\u001F]+/g, ' ')
    .replace(/,\s*([}\]])/g, '$1')
  return parsedJson(withoutEnd(mended))
}

/** Without white space, semicolons and commas at the end. (A pattern that ends with `+$` looks at every run of white space from each of its characters.) */
function withoutEnd(text: string): string {
  let end = text.length
  while (end > 0 && /[;,\s]/.test(text[end - 1] ?? '')) end--
  return text.slice(0, end)
}

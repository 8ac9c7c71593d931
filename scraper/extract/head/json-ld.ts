/** What a page's JSON-LD says of the page itself. */
export interface JsonLdFacts {
  /** Headline of an article or posting; the name of a product, course or recipe. */
  headline: string | undefined
  /** Name of the page as such (WebPage, QAPage …). */
  pageName: string | undefined
  authors: string[]
  publisher: string | undefined
  siteName: string | undefined
  /** URL or name, in document order. */
  licences: string[]
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
const articleType =
  /(?:Article|Posting|Report|Question|HowTo|Recipe|Product|Course|Book|SoftwareApplication|Event|Review|Claim|CreativeWork|Dataset|ScholarlyArticle)$/
const pageType = /(?:WebPage|Page|ProfilePage)$/

/** Reads the JSON-LD blocks of one page. Broken ones are mended where that is easy, and else left out; everything is bounded. */
export function readJsonLd(blocks: readonly string[]): JsonLdFacts {
  const nodes: Node[] = []
  let bytes = 0
  for (const block of blocks) {
    bytes += block.length
    if (bytes > bytesMax) break
    collect(parseTolerantly(block), nodes)
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
    licences: own.flatMap((node) => addressesIn(node['license'])).slice(0, authorsMax),
  }
}

/** Breadth first, so that what stands outermost comes first. */
function collect(value: unknown, nodes: Node[]): void {
  const queue: unknown[] = [value]
  for (let at = 0; at < queue.length && at < nodesMax; at++) {
    const next = queue[at]
    if (Array.isArray(next)) for (const item of next.slice(0, nodesMax)) queue.push(item)
    else if (typeof next === 'object' && next !== null) {
      const node = next as Node
      nodes.push(node)
      // The questions of an FAQ are not what the page is.
      if (hasType(node, /^FAQPage$/)) continue
      for (const [key, member] of Object.entries(node)) if (typeof member === 'object' && !elsewhere.has(key.toLowerCase())) queue.push(member)
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
  const text = Array.isArray(value) ? value[0] : value
  const trimmed = typeof text === 'string' ? text.slice(0, textChars).replace(/\s+/g, ' ').trim() : ''
  return trimmed === '' ? undefined : trimmed
}

/** Names of people and organizations: strings, objects with a name, or references to such. */
function namesIn(value: unknown, byId: ReadonlyMap<string, Node>): string[] {
  const names: string[] = []
  for (const item of [value].flat().slice(0, authorsMax)) {
    const node = typeof item === 'object' && item !== null ? (item as Node) : undefined
    const target = node && textIn(node['name']) === undefined && typeof node['@id'] === 'string' ? (byId.get(node['@id']) ?? node) : node
    const name = target ? textIn(target['name']) : textIn(item)
    if (name !== undefined && !names.includes(name)) names.push(name)
  }
  return names
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
  const strict = parse(text)
  if (strict !== undefined) return strict
  const mended = withoutEnd(text)
    .replace(/^\s*(?:<!--|\/\/\s*<!\[CDATA\[|\/\*\s*<!\[CDATA\[\s*\*\/|<!\[CDATA\[)/, '')
    .replace(/(?:-->|\/\/\s*\]\]>|\/\*\s*\]\]>\s*\*\/|\]\]>)\s*$/, '')
    // oxlint-disable-next-line no-control-regex -- they are what is wrong
    .replace(/[\u0000-\u001F]+/g, ' ')
    .replace(/,\s*([}\]])/g, '$1')
  return parse(withoutEnd(mended))
}

/** Without white space, semicolons and commas at the end. (A pattern that ends with `+$` looks at every run of white space from each of its characters.) */
function withoutEnd(text: string): string {
  let end = text.length
  while (end > 0 && /[;,\s]/.test(text[end - 1] ?? '')) end--
  return text.slice(0, end)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

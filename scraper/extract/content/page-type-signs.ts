import { markIndex, marks, type Mark } from './block-marks.ts'
import { isProse, readProse, type Prose } from './block-prose.ts'
import type { Block, PageBlocks } from './page-blocks.ts'
import { titleWords } from './title-words.ts'

/** What a page's type is read from. */
interface PageFacts {
  page: PageBlocks
  host: string
  path: string
  query: string
  /** `@type` values of its JSON-LD, lower-case, each between commas. */
  jsonLdTypes: string
  counts: Record<'prices' | 'dates' | 'cart' | 'replies' | 'results' | 'more' | 'sentences' | 'contact', number>
  /** Levels that bear a mark themselves. */
  marked(mark: Mark): number
  prose: Prose
  /** The blocks of prose: how many, those among them right in the level with the most, in alike parts, the longest. */
  proseBlocks: { count: number; top: number; repeated: number; longest: number; titled: number }
  /** The most numerous part of which there are alike siblings. */
  repeated: { count: number; chars: number; sentences: number; share: number }
}

type Sign = (facts: PageFacts) => number

const log = (count: number): number => Math.log2(1 + count)
const has = (pattern: RegExp, text: string): number => (pattern.test(text) ? 1 : 0)
const urlWord = (words: string): Sign => {
  const pattern = new RegExp(`(?:^|[/._-])(?:${words})(?:$|[/._-])`)
  return ({ path }) => has(pattern, path)
}
const hostWord = (words: string): Sign => {
  const pattern = new RegExp(`(?:^|[.-])(?:${words})(?:$|[.-])`)
  return ({ host }) => has(pattern, host)
}
const jsonLdType = (words: string): Sign => {
  const pattern = new RegExp(`,(?:${words}),`)
  return ({ jsonLdTypes }) => has(pattern, jsonLdTypes)
}
const generator = (words: string): Sign => {
  const pattern = new RegExp(words)
  return ({ page }) => has(pattern, page.generator)
}

const signs: Record<string, Sign> = {
  url_article: urlWord('blogs?|news|articles?|stor(?:y|ies)|posts?|magazine|recipes?|journal|insights?|press|opinion|reviews?'),
  url_advice: urlWord('how|best|top|what|why|tips|guide|vs|ways|beginners'),
  url_documentation: urlWord('docs?|documentation|reference|manual|api|wiki|tutorials?|help|latest|stable|library|man\\d?|learn|sdk|kb'),
  url_forum: urlWord('forums?|threads?|topics?|viewtopic|viewthread|showthread|t|discussions?|discuss|community|questions?|boards?|comments|bbs|f'),
  url_product: urlWord('products?|p|dp|item|itm|pd|ip|sku|prod'),
  url_collection: urlWord('collections?|categor(?:y|ies)|product-category|c|shop|store|browse|clearance|sale|catalog|b|gifts?|mens|womens'),
  url_listing: urlWord('jobs?|careers|director(?:y|ies)|list|lists|search|tags?|archives?|rankings?|courses|browse|index|events|categories|all'),
  url_service: urlWord('services?|solutions?|departments?|pricing|consulting|features|platform|about|plans|software|agency|insurance|repair|programs?'),
  host_documentation: hostWord('docs?|developers?|dev|api|help|support|wiki|man|learn|readthedocs|reference'),
  host_forum: hostWord('forums?|community|discuss|boards?|discourse|bbs|answers|talk|ask|users'),
  host_shop: hostWord('shop|store|buy|shopping'),
  root_path: ({ path }) => has(/^\/?(?:index\.\w+|[a-z]{2}(?:-[a-z]{2})?\/?)?$/, path),
  path_depth: ({ path }) => path.split('/').length - 1,
  long_number: ({ path, query }) => has(/\d{5,}/, path + query),
  slug_words: ({ path }) => log((path.split('/').findLast((part) => part !== '') ?? '').split(/[-_]/).length),
  query: ({ query }) => (query === '' ? 0 : 1),
  html_file: ({ path }) => has(/\.html?$/, path),
  ld_article: jsonLdType('article|newsarticle|blogposting|reportagenewsarticle|medicalwebpage|scholarlyarticle|recipe|howto'),
  ld_product: jsonLdType('product|productgroup|offer|aggregateoffer'),
  ld_list: jsonLdType('itemlist|collectionpage|offercatalog|searchresultspage'),
  ld_forum: jsonLdType('discussionforumposting|qapage|question,answer|comment'),
  ld_documentation: jsonLdType('techarticle|apireference|softwaresourcecode|learningresource'),
  ld_service: jsonLdType('service|localbusiness|professionalservice|softwareapplication|governmentorganization|corporation|financialservice'),
  ld_faq: jsonLdType('faqpage'),
  og_article: ({ page }) => has(/article|blog|post/, page.ogType),
  og_product: ({ page }) => has(/product|item/, page.ogType),
  og_website: ({ page }) => has(/website/, page.ogType),
  generator_forum: generator(
    'discourse|phpbb|vbulletin|xenforo|flarum|nodebb|mybb|invision|vanilla|question2answer|smf|fluxbb|punbb|simple machines|askbot|woltlab',
  ),
  generator_documentation: generator(
    'sphinx|docusaurus|mkdocs|gitbook|vitepress|vuepress|doxygen|javadoc|rustdoc|antora|mediawiki|docutils|asciidoctor|starlight|mdbook|docbook',
  ),
  generator_shop: generator('shopify|woocommerce|magento|prestashop|bigcommerce|shopware|opencart|ecwid'),
  generator_blog: generator('wordpress|ghost|substack|medium|jekyll|hugo|blogger|movable type|typepad'),
  characters: ({ page }) => log(page.levels[0]?.chars ?? 0),
  blocks: ({ page }) => log(page.blocks.length),
  link_share: ({ page }) => (page.levels[0] ? page.levels[0].linkedChars / Math.max(1, page.levels[0].chars) : 0),
  sentences: ({ page, counts }) => counts.sentences / Math.max(1, page.blocks.length),
  sentences_all: ({ counts }) => log(counts.sentences),
  paragraphs: ({ page }) => log(page.levels[0]?.paragraphs ?? 0),
  headings: ({ page }) => log(page.levels[0]?.headings ?? 0),
  prices: ({ counts }) => log(counts.prices),
  price_share: ({ page, counts }) => counts.prices / Math.max(1, page.blocks.length),
  dates: ({ counts }) => log(counts.dates),
  cart: ({ counts }) => log(counts.cart),
  replies: ({ counts }) => log(counts.replies),
  results: ({ counts }) => log(counts.results),
  more: ({ counts }) => log(counts.more),
  contact: ({ counts }) => log(counts.contact),
  code: ({ page }) => log(page.elements('pre') + page.elements('code')),
  definitions: ({ page }) => log(page.elements('dt')),
  tables: ({ page }) => log(page.elements('table')),
  images: ({ page }) => log(page.images),
  inputs: ({ page }) => log(page.inputs),
  times: ({ page }) => log(page.elements('time')),
  articles: ({ page }) => log(page.elements('article')),
  quotes: ({ page }) => log(page.elements('blockquote')),
  buttons: ({ page }) => log(page.elements('button')),
  messages: ({ marked }) => log(marked('message-name')),
  users: ({ marked }) => log(marked('user-name')),
  items: ({ marked }) => log(marked('item-name')),
  price_parts: ({ marked }) => log(marked('price-name')),
  code_parts: ({ marked }) => log(marked('code-name')),
  prose_parts: ({ marked }) => log(marked('prose-name')),
  comment_parts: ({ marked }) => log(marked('comment-name')),
  review_parts: ({ marked }) => log(marked('review-name')),
  contents_parts: ({ marked }) => log(marked('toc-name')),
  prose: ({ prose: { before } }) => log(before[before.length - 1]!),
  prose_share: ({ page, prose: { before } }) => before[before.length - 1]! / Math.max(1, page.levels[0]!.chars),
  prose_blocks: ({ proseBlocks: { count } }) => log(count),
  prose_longest: ({ proseBlocks: { longest } }) => log(longest),
  top_share: ({ prose }) => prose.inside[prose.top]! / Math.max(1, prose.before[prose.before.length - 1]!),
  top_blocks: ({ proseBlocks: { top } }) => log(top),
  top_blocks_share: ({ proseBlocks: { top, count } }) => top / Math.max(1, count),
  top_prose: ({ prose }) => log(prose.inside[prose.top]!),
  prose_repeated: ({ proseBlocks: { repeated, count } }) => repeated / Math.max(1, count),
  titled: ({ proseBlocks: { titled } }) => titled,
  linked_headings: ({ page }) => log(page.levels[0]?.linkedHeadings ?? 0),
  linked_headings_share: ({ page }) => (page.levels[0]?.linkedHeadings ?? 0) / Math.max(1, page.levels[0]?.headings ?? 0),
  repeated: ({ repeated }) => log(repeated.count),
  repeated_chars: ({ repeated }) => log(repeated.chars),
  repeated_sentences: ({ repeated }) => log(repeated.sentences),
  repeated_share: ({ repeated }) => repeated.share,
}

export const pageTypeSigns: readonly string[] = Object.keys(signs)

/** What the signs say of a page, by `pageTypeSigns`. */
export function readSigns(page: PageBlocks, url: string, prose: Prose = readProse(page)): number[] {
  const facts = factsOf(page, url, prose)
  return Object.values(signs).map((sign) => Math.round(sign(facts) * 1000) / 1000)
}

function factsOf(page: PageBlocks, url: string, prose: Prose): PageFacts {
  const parsed = URL.parse(url)
  const counts = { prices: 0, dates: 0, cart: 0, replies: 0, results: 0, more: 0, sentences: 0, contact: 0 }
  for (const block of page.blocks) countSigns(block, counts)
  let repeated = { count: 0, chars: 0, sentences: 0, share: 0 }
  for (const { alike, chars } of page.levels) {
    if (chars === 0 || alike.count < 3 || alike.count <= repeated.count) continue
    const share = alike.chars / Math.max(1, page.levels[0]!.chars)
    if (share > 0.05) repeated = { count: alike.count, chars: alike.chars / alike.count, sentences: alike.sentences / alike.count, share }
  }
  return {
    page,
    prose,
    proseBlocks: proseBlocksOf(page, prose),
    host: parsed?.hostname ?? '',
    path: (parsed?.pathname ?? '').toLowerCase().slice(0, 300),
    query: parsed?.search ?? '',
    jsonLdTypes: jsonLdTypes(page.jsonLd),
    counts,
    marked: (mark) => countMarked(page, markIndex(mark)),
    repeated,
  }
}

function proseBlocksOf(page: PageBlocks, prose: Prose): PageFacts['proseBlocks'] {
  const found = { count: 0, top: 0, repeated: 0, longest: 0, titled: 0 }
  const title = titleWords(page.title)
  for (const [i, block] of page.blocks.entries()) {
    if (i < prose.first && i > prose.first - 12 && title.count > 0 && /^h[1-4]$/.test(block.name))
      found.titled = Math.max(found.titled, title.shareOf(block.text))
    if (!isProse(block)) continue
    found.count++
    found.longest = Math.max(found.longest, block.chars)
    if (block.level.parent?.index === prose.top || block.level.index === prose.top) found.top++
    const parent = block.level.parent
    if (parent && parent.index !== prose.top && (parent.alike.count >= 3 || (parent.parent?.alike.count ?? 0) >= 3)) found.repeated++
  }
  return found
}

function countMarked({ distances, levels }: PageBlocks, mark: number): number {
  let count = 0
  for (let at = mark; at < levels.length * marks.length; at += marks.length) if (distances[at] === 0) count++
  return count
}

const patterns: [keyof PageFacts['counts'], RegExp][] = [
  ['prices', /[$€£¥₹]\s?\d/],
  ['dates', /\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d|\d{4}-\d\d-\d\d|\bago\b/i],
  ['cart', /add to (?:cart|bag|basket)|buy now|in stock|sold out|quick (?:view|add|shop)|wishlist/i],
  ['replies', /\brepl(?:y|ies)\b|\bquote\b|\bjoined\b|\bposts?:|\bvotes?\b|\bsolved\b|\bmember\b|\bthread/i],
  ['results', /sort by|filter|\bresults?\b|showing \d|per page|load more|view all/i],
  ['more', /read more|learn more|get started|book (?:a|now)|free (?:trial|quote|consultation)|contact us|our (?:team|services|clients)|request/i],
  ['contact', /\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}|call us|our office/i],
]

function countSigns({ text, sentences, digits }: Block, counts: PageFacts['counts']): void {
  counts.sentences += sentences
  if (text.length > 120) return
  for (const [name, pattern] of patterns) if ((digits > 0 || name !== 'prices') && pattern.test(text)) counts[name]++
}

function jsonLdTypes(text: string): string {
  const found = new Set<string>()
  for (const [, list = ''] of text.matchAll(/"@type"\s*:\s*(\[[^\]]{0,200}\]|"[^"]{0,100}")/g)) {
    for (const [, type = ''] of list.matchAll(/"([^"]+)"/g)) found.add(type.toLowerCase().replace(/^.*[/#:]/, ''))
    if (found.size > 50) break
  }
  return `,${[...found].join(',')},`
}

import { markDistance, marks } from './block-marks.ts'
import { isProse, passed, readProse, type Prose } from './block-prose.ts'
import { compartment, region, repeated, up } from './block-regions.ts'
import type { Block, Level, PageBlocks } from './page-blocks.ts'
import { titleWords, type TitleWords } from './title-words.ts'

/** What stands around a block, prepared once for a page. */
interface Surroundings {
  page: PageBlocks
  /** Sums over blocks before each index. */
  chars: Float64Array
  linked: Float64Array
  sentences: Float64Array
  /** Index of the heading above, -1 = none. */
  headingAbove: Int32Array
  firstHeading: number
  titleHeading: number
  title: TitleWords
  jsonLd: string
  description: string
  total: Level
  prices: number
  prose: Prose
  /** The regions around the block that is looked at, by their kind. */
  regions: { of: Block | undefined; level: Level }[]
}

const ratio = (part: number, whole: number): number => (whole > 0 ? part / whole : 0)
const logOf = (count: number): number => Math.round(Math.log2(1 + count) * 16) / 16
const logs = Float64Array.from({ length: 4096 }, (_, count) => logOf(count))
/** In sixteenths, so that close numbers are the same. */
const log = (count: number): number => ((count & 4095) === count ? logs[count]! : logOf(count))
const linkShare = (level: Level): number => ratio(level.linkedChars, level.chars)

const pricePattern = /[$€£¥₹]\s?\d|\d\s?(?:€|kr|zł|usd|eur)\b/i
const datePattern = /\b(?:19|20)\d\d\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\bago\b/i
const hintPatterns: Record<string, RegExp> = {
  legal:
    /©|copyright|all rights reserved|privacy|terms of|cookie|datenschutz|impressum|mentions légales|aviso legal|prawa zastrze|polityka|права защищ|конфиденц|δικαιώματ|όροι χρήσης|版权|版權|隐私|隱私|著作権|저작권/i,
  account:
    /sign in|sign up|log ?in|register|subscribe|newsletter|create (?:an )?account|my account|e-?mail|anmeld|abonn|connexion|inscri|suscri|zaloguj|rejestr|войти|вход|регистр|подпис|σύνδεση|εγγραφ|登录|登入|注册|註冊|订阅|ログイン|로그인/i,
  share:
    /\bshare\b|tweet|facebook|twitter|instagram|linkedin|follow us|pinterest|whatsapp|teilen|partager|compart|condivid|udostępnij|wykop|поделит|вконтакте|κοινοποί|分享|轉貼|シェア|공유/i,
  more: /read more|learn more|view all|see (?:all|more)|show (?:all|more)|load more|more info|shop now|get started|view (?:more|product|details)|continue reading|weiterlesen|mehr lesen|lire la suite|leer más|więcej|подробнее|далее|περισσότερα|更多|阅读全文|続きを|もっと見る|더보기/i,
  cart: /add to (?:cart|bag|basket|wishlist|compare)|buy now|in stock|out of stock|sold out|checkout|quick (?:view|add|shop)|free shipping|your cart/i,
  byline:
    /^by\b|min(?:ute)?s? read|published|updated|posted|written by|last edited|veröffentlicht|publié|publicad|autor|opublikowan|опублик|автор|δημοσι|αναρτ|记者|記者|作者|来源|來源|发布|發佈|投稿日|更新/i,
  reply:
    /antwort|répond|respond|odpowied|ответит|απάντηση|回复|回覆|返信|\brepl(?:y|ies)\b|\bquote\b|\blikes?\b|\breport\b|permalink|\bjoined\b|\bposts?:|upvote|\bvotes?\b|members?\b|solved/i,
  related:
    /related|you (?:may|might) (?:also )?(?:like|love|be interested)|recommended|similar|more from|also (?:like|bought|viewed)|recently viewed|popular|trending|see also|latest|next|previous|what's new|featured|ähnlich|auch interess|meistgelesen|à lire aussi|relacionad|correlat|zobacz|czytaj|podobne|najnowsze|popularne|похож|по теме|читайте|новост|популярн|σχετικ|διαβάστε|δημοφιλ|相关|相關|延伸|热门|熱門|推荐|推薦|関連|人気|관련/i,
  jump: /skip to|jump to|back to top|table of contents|on this page|\bmenu\b|\bsearch\b|\bhome\b|\bclose\b/i,
  filter: /sort by|filter|showing|\bresults?\b|per page|page \d|items?\b|refine|clear all|apply/i,
  comment: /comments?\b|leave a|responses?\b|kommentar|comentari|commentaire|commenti|komentar|комментар|σχόλι|评论|評論|留言|コメント|댓글/i,
  review: /reviews?\b|rating|stars?\b|verified|helpful/i,
  faq: /\?$|faq|frequently asked/i,
  contact: /contact|\+?\d[\d\s().-]{8,}\d|\baddress\b|\bhours\b|support|help cent/i,
}
const headingTopics: Record<string, RegExp> = {
  related: hintPatterns['related']!,
  comment: hintPatterns['comment']!,
  review: hintPatterns['review']!,
  faq: /faq|frequently asked|questions/i,
  account: hintPatterns['account']!,
  details: /description|detail|specification|features|overview|about|ingredients|instructions|benefits|how/i,
  links: /quick links|categories|tags|archives|company|resources|support|follow|contact|products|services|navigation|menu|topics|customer/i,
}

/** Each feature of a block by its name; all finite numbers. */
type Feature = (block: Block, around: Surroundings) => number

const shortText = (block: Block, pattern: RegExp): number => (block.text.length <= 160 && pattern.test(block.text) ? 1 : 0)
const priceIn = (block: Block): number => (block.digits > 0 ? shortText(block, pricePattern) : 0)
const neighbour = (block: Block, around: Surroundings, by: number): Block | undefined => around.page.blocks[block.index + by]
const windowShare = (part: Float64Array, whole: Float64Array, from: number, to: number): number => {
  const a = Math.max(0, from)
  const b = Math.min(part.length - 1, to)
  return ratio(part[b]! - part[a]!, whole[b]! - whole[a]!)
}
const windowSum = (part: Float64Array, from: number, to: number): number => part[Math.min(part.length - 1, to)]! - part[Math.max(0, from)]!

const tagKinds = ['p', 'h1', 'h2', 'h3', 'h4', 'li', 'td', 'th', 'dt', 'dd', 'div', 'pre', 'button', 'label', 'article', 'section', 'blockquote', 'figcaption', 'summary', 'body', 'center', 'address', 'caption', 'form', 'details', 'main'] // prettier-ignore
const tagClass = (name: string): number => {
  if (name === 'h5' || name === 'h6') return tagKinds.indexOf('h4')
  return tagKinds.indexOf(name)
}
const isHeading = (block: Block | undefined): number => (block && /^h[1-6]$/.test(block.name) ? 1 : 0)

/** Farther than so many blocks is far: that a page is long speaks against none of it. Nor do its other sizes stand among the features. */
const farthest = 40
const mayRepeat = /^(?:t[dh]|d[td]|li|h[1-6]|pre)$/
/** A container that holds more is large. */
const largeChars = 16_000
const largeBlocks = 64
const bounded = (count: number, most: number): number => log(Math.min(count, most))

/** What is the same for all blocks of a page. */
const ofPage: Record<string, (around: Surroundings) => number> = {
  // Shares, as sizes are none of these.
  page_price_share: ({ page, prices }) => ratio(prices, page.blocks.length),
  page_paragraph_share: ({ page, total }) => ratio(total.paragraphs, page.blocks.length),
  page_heading_share: ({ page, total }) => ratio(total.headings, page.blocks.length),
  page_image_share: ({ page }) => ratio(page.images, page.blocks.length),
  page_code_share: ({ page }) => ratio(page.elements('pre') + page.elements('code'), page.blocks.length),
  page_cell_share: ({ page }) => ratio(page.elements('td'), page.blocks.length),
  page_item_share: ({ page }) => ratio(page.elements('li'), page.blocks.length),
  page_block_chars: ({ page, total }) => log(ratio(total.chars, page.blocks.length)),
  page_link_share: ({ total }) => linkShare(total),
  page_sentences: ({ total }) => ratio(total.sentences, total.blocks),
  page_articles: ({ page }) => log(page.elements('article')),
  page_mains: ({ page }) => page.elements('main'),
}

const features: Record<string, Feature> = {
  chars: ({ chars }) => log(chars),
  words: ({ words }) => log(words),
  word_chars: ({ chars, words }) => ratio(chars, words),
  link_share: ({ linkedChars, chars }) => ratio(linkedChars, chars),
  links: ({ links }) => log(links),
  strong_share: ({ strongChars, chars }) => ratio(strongChars, chars),
  sentences: ({ sentences }) => log(sentences),
  sentence_share: ({ sentences, words }) => ratio(sentences, words),
  commas: ({ commas, words }) => ratio(commas, words),
  digits: ({ digits, chars }) => ratio(digits, chars),
  capitals: ({ capitals, words }) => ratio(capitals, words),
  symbols: ({ symbols, chars }) => ratio(symbols, chars),
  ends: ({ text }) => '.!?…:;,'.indexOf(text.at(-1) ?? ' ') + 1,
  tag: ({ name }) => tagClass(name),
  parent_tag: ({ level }) => (level.parent && 'name' in level.parent.element ? tagClass(level.parent.element.name) : -2),
  depth: ({ level }) => level.depth,
  price: (block) => priceIn(block),
  date: (block) => shortText(block, datePattern),
  position: ({ index }, { page }) => ratio(index, page.blocks.length),
  chars_before: ({ index }, { chars }) => ratio(chars[index]!, chars[chars.length - 1]!),
  index: ({ index }) => log(Math.min(index, farthest)),
  from_end: ({ index }, { page }) => log(Math.min(page.blocks.length - index, farthest)),
  // Values of a table, items of a list and headings, which stand in the table of contents too, may well come again.
  order: ({ order, name }) => (mayRepeat.test(name) ? 0 : Math.min(order, farthest)),
  same: ({ same, name }) => (mayRepeat.test(name) ? 1 : Math.min(same.count, farthest)),
  in_title: (block, { title }) => titleOverlap(block, title),
  in_description: ({ text, chars }, { description }) => (chars >= 12 && description.includes(text.slice(0, 60)) ? 1 : 0),
  in_json_ld: ({ text, chars }, { jsonLd }) => (chars >= 20 && jsonLd.includes(text.slice(0, 40).replaceAll('"', '\\"')) ? 1 : 0),
  from_first_heading: ({ index }, { firstHeading }) => clampSigned(index - firstHeading, firstHeading < 0),
  from_title: ({ index }, { titleHeading }) => clampSigned(index - titleHeading, titleHeading < 0),
  from_heading: ({ index }, { headingAbove }) => (headingAbove[index]! < 0 ? -1 : log(Math.min(index - headingAbove[index]!, farthest))),
  template_blocks: ({ template }) => bounded(template.blocks, largeBlocks),
  template_chars: ({ template }) => log(ratio(template.chars, template.blocks)),
  template_link_share: ({ template }) => ratio(template.linkedChars, template.chars),
  template_sentences: ({ template }) => ratio(template.sentences, template.blocks),
  template_share: ({ template }, { total }) => ratio(template.chars, total.chars),
  level_link_share: ({ level }) => linkShare(level),
  heading_linked: ({ index }, { headingAbove, page }) => {
    const heading = page.blocks[headingAbove[index]!]
    return heading ? ratio(heading.linkedChars, heading.chars) : -1
  },
  repeat_linked_headings: (block) => ratio(repeated(block)?.linkedHeadings ?? 0, repeated(block)?.blocks ?? 0),
  repeat_images: (block) => ratio(repeated(block)?.images ?? 0, repeated(block)?.blocks ?? 0),
  // neighbours
  ...Object.fromEntries(
    [-2, -1, 1, 2].flatMap((by): [string, Feature][] => [
      [`chars_at_${by}`, (block, around) => log(neighbour(block, around, by)?.chars ?? 0)],
      [`link_share_at_${by}`, (block, around) => ratio(neighbour(block, around, by)?.linkedChars ?? 0, neighbour(block, around, by)?.chars ?? 0)],
      [`tag_at_${by}`, (block, around) => tagClass(neighbour(block, around, by)?.name ?? '')],
      [`sentences_at_${by}`, (block, around) => log(neighbour(block, around, by)?.sentences ?? 0)],
    ]),
  ),
  heading_next: (block, around) => isHeading(neighbour(block, around, 1)),
  ...Object.fromEntries(
    [
      [-4, 0],
      [1, 5],
      [-12, 0],
      [1, 13],
      [-40, 0],
      [1, 41],
    ].flatMap(([from = 0, to = 0]): [string, Feature][] => [
      [`link_share_${from}_${to}`, ({ index }, { linked, chars }) => windowShare(linked, chars, index + from, index + to)],
      [`sentences_${from}_${to}`, ({ index }, { sentences }) => log(windowSum(sentences, index + from, index + to))],
      [`chars_${from}_${to}`, ({ index }, { chars }) => log(windowSum(chars, index + from, index + to))],
    ]),
  ),
  // levels above
  ...Object.fromEntries(
    [1, 2, 3, 5].flatMap((steps): [string, Feature][] => [
      [`up${steps}_chars`, ({ level }) => bounded(up(level, steps).chars, largeChars)],
      [`up${steps}_share`, ({ level }, { total }) => ratio(up(level, steps).chars, total.chars)],
      [`up${steps}_link_share`, ({ level }) => linkShare(up(level, steps))],
      [`up${steps}_sentences`, ({ level }) => ratio(up(level, steps).sentences, up(level, steps).blocks)],
      [`up${steps}_linked_headings`, ({ level }) => ratio(up(level, steps).linkedHeadings, up(level, steps).blocks)],
      [`up${steps}_images`, ({ level }) => ratio(up(level, steps).images, up(level, steps).blocks)],
      [`up${steps}_inputs`, ({ level }) => log(up(level, steps).inputs)],
      [`up${steps}_alike`, ({ level }) => bounded(up(level, steps).alike.count, largeBlocks)],
    ]),
  ),
  alike: ({ level }) => bounded(level.alike.count, largeBlocks),
  // where the prose of the page stands
  is_prose: (block) => (isProse(block) ? 1 : 0),
  prose_before: ({ index }, { prose: { before } }) => ratio(before[index]!, before[before.length - 1]!),
  prose_after: ({ index }, { prose: { before } }) => ratio(before[before.length - 1]! - before[index + 1]!, before[before.length - 1]!),
  prose_since: ({ index }, { prose }) => logOrNone(prose.since[index]!),
  prose_until: ({ index }, { prose }) => logOrNone(prose.until[index]!),
  prose_chars_since: ({ index }, around) => {
    const by = around.prose.since[index]!
    return by < 0 ? -1 : log(windowSum(around.chars, index - by + 1, index))
  },
  prose_chars_until: ({ index }, around) => {
    const by = around.prose.until[index]!
    return by < 0 ? -1 : log(windowSum(around.chars, index + 1, index + by))
  },
  page_prose_share: (_, { prose: { before }, total }) => ratio(before[before.length - 1]!, total.chars),
  top_below: ({ level }, { prose }) => prose.below[level.index]!,
  top_above: ({ level }, { prose }) => prose.above[level.index]!,
  top_place: ({ index }, { prose: { first, last } }) => {
    if (first < 0) return -99
    if (index < first) return -bounded(first - index, farthest)
    return index > last ? bounded(index - last, farthest) : 0
  },
  top_share: (_, { prose }) => ratio(prose.inside[prose.top]!, prose.before[prose.before.length - 1]!),
  top_depth: ({ level }, { prose, page }) => level.depth - page.levels[prose.top]!.depth,
  top_alike: ({ level }, { prose, page }) => (level.parent?.signature === page.levels[prose.top]!.signature ? 1 : 0),
  parent_prose: ({ level }, { prose }) => ratio(prose.direct[(level.parent ?? level).index]!, prose.direct[prose.top]!),
  grandparent_prose: ({ level }, { prose }) => ratio(prose.direct[up(level, 2).index]!, prose.direct[prose.top]!),
  ...Object.fromEntries(
    [0, 1, 2, 3, 5].map((steps): [string, Feature] => [
      `up${steps}_prose`,
      ({ level }, { prose }) => ratio(prose.inside[up(level, steps).index]!, prose.before[prose.before.length - 1]!),
    ]),
  ),
  links_since: ({ index }, { prose }) => logOrNone(prose.sinceLinks[index]!),
  ...Object.fromEntries(passed.map((mark, i): [string, Feature] => [`passed_${mark}`, ({ index }, { prose }) => logOrNone(prose.passed[i]![index]!)])),
  ...regionFeatures('region', 0, (block) => region(block, 300, 4)),
  ...regionFeatures('area', 1, (block) => region(block, 1500, 10)),
  ...regionFeatures('compartment', 2, (block, around) => compartment(block, around.total, 0.5)),
  ...regionFeatures('wing', 3, (block, around) => compartment(block, around.total, 0.15)),
  ...regionFeatures('half', 4, (block, around) => compartment(block, around.total, 0.85)),
  repeat_count: (block) => bounded(repeated(block)?.alike.count ?? 0, largeBlocks),
  repeat_chars: (block) => {
    const level = repeated(block)
    return level ? log(ratio(level.alike.chars, level.alike.count)) : -1
  },
  repeat_link_share: (block) => {
    const level = repeated(block)
    return level ? ratio(level.alike.linkedChars, level.alike.chars) : -1
  },
  repeat_sentences: (block) => {
    const level = repeated(block)
    return level ? ratio(level.alike.sentences, level.alike.count) : -1
  },
  repeat_share: (block, { total }) => {
    const level = repeated(block)
    return level ? ratio(level.alike.chars, total.chars) : -1
  },
  repeat_own_share: (block) => ratio(block.chars, repeated(block)?.chars ?? 0),
  repeat_blocks: (block) => log(repeated(block)?.blocks ?? 0),
  repeat_place: (block) => {
    const level = repeated(block)
    return level ? Math.min(20, block.index - level.firstBlock) : -1
  },
  ...Object.fromEntries(Object.entries(hintPatterns).map(([name, pattern]): [string, Feature] => [`says_${name}`, (block) => shortText(block, pattern)])),
  ...Object.fromEntries(
    Object.entries(headingTopics).map(([name, pattern]): [string, Feature] => [
      `under_${name}`,
      ({ index }, { headingAbove, page }) => (headingAbove[index]! >= 0 && pattern.test(page.blocks[headingAbove[index]!]!.text) ? 1 : 0),
    ]),
  ),
  ...Object.fromEntries(marks.map((mark, at): [string, Feature] => [`mark_${mark}`, (block, { page }) => markDistance(block, page, at)])),
  ...Object.fromEntries(Object.entries(ofPage).map(([name, feature]): [string, Feature] => [name, (_, around) => feature(around)])),
}

const regionKinds = 5

function regionFeatures(name: string, kind: number, search: (block: Block, around: Surroundings) => Level): Record<string, Feature> {
  const find = (block: Block, around: Surroundings): Level => {
    const known = around.regions[kind]!
    if (known.of !== block) [known.of, known.level] = [block, search(block, around)]
    return known.level
  }
  return {
    [`${name}_chars`]: (block, around) => bounded(find(block, around).chars, largeChars),
    [`${name}_share`]: (block, around) => ratio(find(block, around).chars, around.total.chars),
    [`${name}_own_share`]: (block, around) => ratio(block.chars, find(block, around).chars),
    [`${name}_link_share`]: (block, around) => linkShare(find(block, around)),
    [`${name}_sentences`]: (block, around) => ratio(find(block, around).sentences, find(block, around).blocks),
    [`${name}_blocks`]: (block, around) => bounded(find(block, around).blocks, largeBlocks),
    [`${name}_paragraphs`]: (block, around) => bounded(find(block, around).paragraphs, largeBlocks),
    [`${name}_linked_headings`]: (block, around) => ratio(find(block, around).linkedHeadings, find(block, around).blocks),
    [`${name}_images`]: (block, around) => ratio(find(block, around).images, find(block, around).blocks),
    [`${name}_inputs`]: (block, around) => log(find(block, around).inputs),
    [`${name}_place`]: (block, around) => ratio(block.index - find(block, around).firstBlock, find(block, around).blocks),
    [`${name}_depth`]: (block, around) => block.level.depth - find(block, around).depth,
  }
}

const logOrNone = (count: number): number => (count < 0 ? -1 : bounded(count, farthest))

function clampSigned(by: number, missing: boolean): number {
  if (missing) return -99
  return by < 0 ? -bounded(-by, farthest) : bounded(by, farthest)
}

const titleOverlap = ({ text }: Block, title: TitleWords): number => (text.length > 200 || title.count === 0 ? -1 : title.shareOf(text))

export const featureNames: readonly string[] = Object.keys(features)

/**
 * Reads these features of all blocks, a row a block.
 * @throws Error for a name that is no feature: the weights are older than the code
 */
export function featureReader(names: readonly string[]): (page: PageBlocks, prose?: Prose) => Float32Array {
  const unknown = names.find((name) => !features[name])
  if (unknown !== undefined) throw new Error(`There is no block feature named ${unknown}: make content-weights.json anew`)
  const same = names.flatMap((name, column) => (ofPage[name] ? [{ column, feature: ofPage[name] }] : []))
  const own = names.flatMap((name, column) => (features[name] && !ofPage[name] ? [{ column, feature: features[name] }] : []))
  return (page, prose = readProse(page)) => {
    const around = surroundings(page, prose)
    const constants = same.map(({ feature }) => feature(around))
    const values = new Float32Array(page.blocks.length * names.length)
    let offset = 0
    for (const block of page.blocks) {
      for (const { column, feature } of own) values[offset + column] = feature(block, around)
      for (let i = 0; i < same.length; i++) values[offset + same[i]!.column] = constants[i]!
      offset += names.length
    }
    return values
  }
}

/** Prepares what features of all blocks share. */
function surroundings(page: PageBlocks, prose: Prose): Surroundings {
  const { blocks } = page
  const sums = () => new Float64Array(blocks.length + 1)
  const [chars, linked, sentences] = [sums(), sums(), sums()]
  const headingAbove = new Int32Array(blocks.length).fill(-1)
  const title = titleWords(page.title)
  let [firstHeading, titleHeading, bestOverlap, last, prices] = [-1, -1, 0.6, -1, 0]
  for (const [i, block] of blocks.entries()) {
    chars[i + 1] = chars[i]! + block.chars
    linked[i + 1] = linked[i]! + block.linkedChars
    sentences[i + 1] = sentences[i]! + block.sentences
    headingAbove[i] = last
    if (priceIn(block) === 1) prices++
    if (isHeading(block) === 0) continue
    last = i
    if (firstHeading < 0 && block.name === 'h1') firstHeading = i
    const overlap = titleOverlap(block, title) + (block.name === 'h1' ? 0.2 : 0)
    if (overlap > bestOverlap) [titleHeading, bestOverlap] = [i, overlap]
  }
  const { description, jsonLd } = page
  const total = page.levels[0]!
  const regions = Array.from({ length: regionKinds }, () => ({ of: undefined, level: total }))
  return { page, chars, linked, sentences, headingAbove, firstHeading, titleHeading, title, jsonLd, description, total, prices, prose, regions }
}

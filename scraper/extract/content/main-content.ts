import { isTag, type Element, type ParentNode } from 'domhandler'
import type { PageType } from '#schemas/document.ts'
import { contextReader } from './block-context.ts'
import { featureReader } from './block-features.ts'
import { isUnder, type Mark } from './block-marks.ts'
import { readProse } from './block-prose.ts'
import { isNeverText } from './block-tags.ts'
import { readBlocks } from './content-blocks.ts'
import { findFiller } from './filler.ts'
import { headlineOf } from './headline.ts'
import type { Block, PageBlocks } from './page-blocks.ts'
import { logOddsOf, treeModel, type Contribution } from './content-model.ts'
import weights from './content-weights.json' with { type: 'json' }
import { decidePageType, type PageTypeReason } from './page-type.ts'
import { decideStructures } from './structures.ts'
import type { StructureReason } from './structures-fates.ts'
import { dataTables } from '../text/text-tables.ts'

/** Why one block of text is content or not. */
export interface BlockDecision {
  element: Element
  kept: boolean
  reason: 'likely' | 'unlikely' | 'filler' | 'short_page' | 'page_without_content' | 'headline' | StructureReason
  /** How likely the block is content, 0..1; before it is found to be filler. */
  score: number
  /** What moved the score, strongest first, in log-odds: the likelihoods of a first reading, of the block and of what stands around it. */
  contributions: Contribution[]
  /** What moved the block's own likelihood in that reading, by the expert with the greater say. */
  firstReading: Contribution[]
}

export interface MainContent {
  root: ParentNode
  pageType: PageType
  /** What spoke for the page's type, strongest first. */
  pageTypeWhy(): PageTypeReason[]
  /** Elements inside `root` that hold no text of the content, nor does anything inside them. */
  isDropped(element: Element): boolean
  /** Whether text directly inside this element is left out, though elements inside it may be content. */
  isTextDropped(parent: ParentNode): boolean
  /** Each block in document order. Computed when asked. */
  decisions(): BlockDecision[]
}

const readFeatures = featureReader(weights.features)
/** Two experts, of pages that are one text (articles, documentation) and of those that are made of many parts; and what their judgement of its context says of a block. */
const texts = treeModel(weights.text, weights.features)
const others = treeModel(weights.other, weights.features)
const context = treeModel(weights.context)
const readContext = contextReader(context.features)
/** What stands around a block makes it at most so much likelier: a bar to share it stays one between two paragraphs. */
const contextMax = 1.5
/** An expert with less of a say is not asked. */
const shareMin = 0.1
/**
 * Below this expected F1 of the best choice, a page is taken to hold no content of its own: a wall, an error, an empty shell. What looks like an article or
 * a manual is one more often than its blocks let one expect.
 */
const expectedF1Mins: Partial<Record<PageType, number>> = { article: 0.15, documentation: 0.15 }
const expectedF1MinOfOthers = 0.3
/**
 * What the log-odds are multiplied by before the choice: where blocks are right or wrong together, as in lists and manuals, it pays to keep more of what is
 * unsure. By the page's type, 1 = not at all; from cross-validation (CHOICE in test/extraction/train.py).
 */
const sharpness: Partial<Record<PageType, number>> = { collection: 0.75, documentation: 0.6, forum: 0.75, listing: 0.85, product: 1.1, service: 0.8 }
const shortPageWords = 200
const beside: readonly Mark[] = ['nav', 'aside', 'footer']
const notMain: readonly Mark[] = [...beside, 'form', 'hidden', 'noscript']
/** What stands in these is often text all the same, when it has sentences. */
const labelled: readonly Mark[] = ['form', 'hidden', 'noscript', 'side-name', 'overlay-name']

/**
 * The part of a page that is its own text. The page is read as blocks; each gets a likelihood of being content from a sum of decision trees over
 * what it is, where it stands, how much of it is links and what its surroundings look like; then those blocks are kept that together have the best
 * expected F1 over words, and the headline. Filler never is. Time linear in the size of the page for any input.
 */
export function mainContent(page: ParentNode, url: string): MainContent {
  const read = readBlocks(page)
  const { blocks } = read
  const prose = readProse(read)
  const values = readFeatures(read, prose)
  const filler = findFiller(read)
  const type = decidePageType(read, url, prose)
  const alone = expertLikelihoods(values, blocks.length, type.textShare)
  const surroundings = readContext(read, alone)
  const logOdds = context.scores(surroundings).map((sum, i) => Math.min(sum, logOddsOf(alone[i]!) + contextMax))
  const sharp = sharpness[type.pageType] ?? 1
  const likelihoods = logOdds.map((sum, i) => (filler.has(i) ? 0 : likelihood(sum * sharp)))
  const expectedF1Min = expectedF1Mins[type.pageType] ?? expectedF1MinOfOthers
  const { kept, expectedF1 } = chooseBlocks(blocks, likelihoods, expectedF1Min)
  const tables = read.elements('table') > 0 ? dataTables(page) : new Set<Element>()
  const structures = decideStructures(read, likelihoods, kept, (element) => tables.has(element))
  const shortPage = expectedF1 >= expectedF1Min && decideShortPage(read, kept, filler)
  const headline = headlineOf(read, kept)
  const isNamed = headline !== undefined && kept[headline] !== 1 && !filler.has(headline)
  if (isNamed) kept[headline] = 1
  const fates = fatesOf(blocks, kept, tables)
  const reasonOf = (i: number): BlockDecision['reason'] => {
    if (filler.has(i)) return 'filler'
    if (expectedF1 < expectedF1Min) return 'page_without_content'
    if (isNamed && i === headline) return 'headline'
    const structure = structures.get(i)
    if (structure) return structure
    if (kept[i] !== 1) return 'unlikely'
    return shortPage ? 'short_page' : 'likely'
  }
  const cutParents = new Set<ParentNode>()
  for (let i = 0; i < blocks.length; i++) if (kept[i] !== 1) for (const parent of blocks[i]!.parents) cutParents.add(parent)
  return {
    root: page,
    pageType: type.pageType,
    pageTypeWhy: type.why,
    isDropped: (element) => !(fates.get(element) ?? !isNeverText(element)),
    isTextDropped: (parent) => cutParents.has(parent),
    decisions: () =>
      blocks.flatMap(({ level: { element } }, i): BlockDecision[] => {
        if (!isTag(element)) return []
        const expert = type.textShare > 0.5 ? texts : others
        const contributions = context.explain(surroundings, i * context.features.length)
        const firstReading = expert.explain(values, i * expert.features.length)
        return [{ element, kept: kept[i] === 1, reason: reasonOf(i), score: likelihood(logOdds[i]!), contributions, firstReading }]
      }),
  }
}

/** The likelihood of each block by both experts, each with the say that its kind of page is likely to have. */
function expertLikelihoods(values: Float32Array, count: number, textShare: number): Float64Array {
  const likelihoods = new Float64Array(count)
  for (const [expert, share] of [
    [texts, textShare],
    [others, 1 - textShare],
  ] as const) {
    if (share < shareMin) continue
    const say = share > 1 - shareMin ? 1 : share
    for (const [i, sum] of expert.scores(values).entries()) likelihoods[i]! += say * likelihood(sum)
  }
  return likelihoods
}

const likelihood = (logOdds: number): number => 1 / (1 + Math.exp(-logOdds))

/**
 * The blocks with the best expected F1 over words: of all sets { likelihood ≥ t }, the one with the largest 2 Σ p·n ÷ (Σ n + Σ_all p·n), n words each.
 * On a page that is clear this keeps what is likelier than not, on an unclear one a little more.
 */
function chooseBlocks(blocks: readonly Block[], scores: Float64Array, expectedF1Min: number): { kept: Uint8Array; expectedF1: number } {
  const order = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b)
  let expected = 0
  for (const i of order) expected += scores[i]! * blocks[i]!.words
  let [right, words, best, take] = [0, 0, 0, 0]
  for (const [rank, i] of order.entries()) {
    right += scores[i]! * blocks[i]!.words
    words += blocks[i]!.words
    const f1 = (2 * right) / (words + expected)
    if (f1 > best) [best, take] = [f1, rank + 1]
  }
  const kept = new Uint8Array(blocks.length)
  if (best >= expectedF1Min) for (const i of order.slice(0, take)) kept[i] = 1
  return { kept, expectedF1: best }
}

/**
 * On a page of few words there is little to judge by: what its author puts into `main` or `article` is kept, and what is navigation, aside or foot
 * is cut, or a label in a form or in the head. @returns whether it is such a page
 */
function decideShortPage(page: PageBlocks, kept: Uint8Array, filler: ReadonlySet<number>): boolean {
  const { blocks } = page
  let words = 0
  for (const block of blocks) words += block.words
  if (words >= shortPageWords) return false
  const isIn = ({ level }: Block, names: readonly Mark[]): boolean => names.some((mark) => isUnder(level, page, mark))
  for (const [i, block] of blocks.entries()) if (isIn(block, ['main', 'article']) && !isIn(block, notMain) && !filler.has(i)) kept[i] = 1
  const isBeside = (block: Block): boolean =>
    isIn(block, beside) || (block.sentences === 0 && (isIn(block, labelled) || (isIn(block, ['header']) && !isIn(block, ['article']))))
  const hasOwn = blocks.some((block, i) => kept[i] === 1 && !isBeside(block))
  if (hasOwn) for (const [i, block] of blocks.entries()) if (isBeside(block)) kept[i] = 0
  return true
}

/** For every node with text inside whether any of it is kept. Each node is set at most twice. Cells of data tables keep their place. */
function fatesOf(blocks: readonly Block[], kept: Uint8Array, tables: ReadonlySet<Element>): Map<ParentNode, boolean> {
  const fates = new Map<ParentNode, boolean>()
  for (const [i, block] of blocks.entries()) {
    const keep = kept[i] === 1
    for (const parent of block.parents) {
      for (let at: ParentNode | null = parent; at; at = at.parent) {
        const fate = fates.get(at)
        if (fate === keep || fate === true) break
        fates.set(at, keep || isCell(at, tables))
      }
    }
  }
  return fates
}

function isCell(node: ParentNode, tables: ReadonlySet<Element>): boolean {
  if (tables.size === 0 || !('name' in node) || (node.name !== 'td' && node.name !== 'th')) return false
  const row = node.parent
  const rows = row?.parent
  return [row, rows, rows?.parent].some((at) => at && isTag(at) && tables.has(at))
}

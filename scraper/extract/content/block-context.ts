import { markDistance, markIndex, type Mark } from './block-marks.ts'
import { compartment, region, repeated, up } from './block-regions.ts'
import { logOddsOf } from './content-model.ts'
import type { Alike, Block, Level, PageBlocks } from './page-blocks.ts'

/** Likelihoods of all blocks of a page and their sums, from which the context of each is read. */
interface Likelihoods {
  page: PageBlocks
  logOdds: Float64Array
  /** Sums over the blocks before each index: of words, and of likelihood × words. */
  words: Float64Array
  likely: Float64Array
  /** Log-odds that the likeliest blocks have which hold a quarter, half and four fifths of all that is likely. */
  quantiles: Record<'0.25' | '0.5' | '0.8', number>
  /** By block: the share of all that is likely in blocks at least as likely. */
  rank: Float64Array
  /** By block: the nearest block before and after that is likelier than not, -1 = none. */
  before: Int32Array
  after: Int32Array
  templates: Map<object, Sum>
  alike: Map<Alike, Sum>
}

interface Sum {
  words: number
  likely: number
}

type ContextFeature = (block: Block, of: Likelihoods) => number

const none = -9
const meanOf = ({ words, likely }: Sum | undefined = { words: 0, likely: 0 }): number => (words > 0 ? likely / words : -1)
const within = ({ words, likely }: Likelihoods, from: number, to: number): number => {
  const a = Math.max(0, Math.min(from, words.length - 1))
  const b = Math.max(a, Math.min(to, words.length - 1))
  const whole = words[b]! - words[a]!
  return whole > 0 ? (likely[b]! - likely[a]!) / whole : -1
}
const shareWithin = ({ likely }: Likelihoods, { firstBlock, blocks }: Level): number =>
  (likely[firstBlock + blocks]! - likely[firstBlock]!) / Math.max(likely[likely.length - 1]!, 1e-9)

const containers: Record<string, (block: Block, page: PageBlocks) => Level> = {
  up1: ({ level }) => up(level, 1),
  up2: ({ level }) => up(level, 2),
  up3: ({ level }) => up(level, 3),
  up5: ({ level }) => up(level, 5),
  region: (block) => region(block, 300, 4),
  area: (block) => region(block, 1500, 10),
  compartment: (block, { levels }) => compartment(block, levels[0]!, 0.5),
  wing: (block, { levels }) => compartment(block, levels[0]!, 0.15),
  repeat: (block) => repeated(block) ?? block.level,
}

/** What its authors call a small block that stands within a text and is none of it. */
const foreign = [
  'share-name',
  'promo-name',
  'form-name',
  'form',
  'button',
  'comment-name',
  'related-name',
  'user-name',
  'meta-name',
  'tag-name',
  'side-name',
  'nav-name',
  'hidden',
  'tool-name',
  'pager-name',
  'signature-name',
] as const satisfies readonly Mark[]

const features: Record<string, ContextFeature> = {
  chars: ({ chars }) => Math.log2(1 + chars),
  link_share: ({ linkedChars, chars }) => linkedChars / chars,
  ...Object.fromEntries(foreign.map((mark): [string, ContextFeature] => [`mark_${mark}`, (block, { page }) => markDistance(block, page, markIndex(mark))])),
  likelihood: ({ index }, { logOdds }) => logOdds[index]!,
  ...Object.fromEntries(
    [-3, -2, -1, 1, 2, 3].map((by): [string, ContextFeature] => [`likelihood_at_${by}`, ({ index }, { logOdds }) => logOdds[index + by] ?? none]),
  ),
  ...Object.fromEntries(
    [4, 10, 30].flatMap((width): [string, ContextFeature][] => [
      [`likely_before_${width}`, ({ index }, of) => within(of, index - width, index)],
      [`likely_after_${width}`, ({ index }, of) => within(of, index + 1, index + 1 + width)],
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(containers).flatMap(([name, find]): [string, ContextFeature][] => [
      [
        `likely_in_${name}`,
        (block, of) => {
          const { firstBlock, blocks } = find(block, of.page)
          return within(of, firstBlock, firstBlock + blocks)
        },
      ],
      [`share_in_${name}`, (block, of) => shareWithin(of, find(block, of.page))],
    ]),
  ),
  likely_template: ({ template }, { templates }) => meanOf(templates.get(template)),
  likely_alike: (block, { alike }) => {
    const level = repeated(block)
    return level ? meanOf(alike.get(level.alike)) : -1
  },
  share_alike: (block, { alike, likely }) => {
    const level = repeated(block)
    return level ? (alike.get(level.alike)?.likely ?? 0) / Math.max(likely[likely.length - 1]!, 1e-9) : -1
  },
  share_before: ({ index }, { likely }) => likely[index]! / Math.max(likely[likely.length - 1]!, 1e-9),
  share_after: ({ index }, { likely }) => 1 - likely[index + 1]! / Math.max(likely[likely.length - 1]!, 1e-9),
  likely_share: (_, { likely, words }) => likely[likely.length - 1]! / Math.max(words[words.length - 1]!, 1e-9),
  quarter: (_, { quantiles }) => quantiles['0.25'],
  half: (_, { quantiles }) => quantiles['0.5'],
  most: (_, { quantiles }) => quantiles['0.8'],
  against_half: ({ index }, { logOdds, quantiles }) => logOdds[index]! - quantiles['0.5'],
  rank: ({ index }, { rank }) => rank[index]!,
  since_likely: ({ index }, { before }) => (before[index]! < 0 ? -1 : Math.log2(1 + index - before[index]!)),
  until_likely: ({ index }, { after }) => (after[index]! < 0 ? -1 : Math.log2(1 + after[index]! - index)),
}

export const contextFeatureNames: readonly string[] = Object.keys(features)

/**
 * Reads these features of all blocks, a row a block: what the likelihoods of a first reading say of its neighbours, its containers and what looks alike.
 * @throws Error for a name that is no feature: the weights are older than the code
 */
export function contextReader(names: readonly string[]): (page: PageBlocks, likelihoods: Float64Array) => Float32Array {
  const unknown = names.find((name) => !features[name])
  if (unknown !== undefined) throw new Error(`There is no context feature named ${unknown}: make content-weights.json anew`)
  const read = names.map((name) => features[name]!)
  return (page, likelihoods) => {
    const of = sumUp(page, likelihoods)
    const values = new Float32Array(page.blocks.length * read.length)
    let at = 0
    for (const block of page.blocks) for (const feature of read) values[at++] = feature(block, of)
    return values
  }
}

function sumUp(page: PageBlocks, likelihoods: Float64Array): Likelihoods {
  const { blocks } = page
  const count = blocks.length
  const words = new Float64Array(count + 1)
  const likely = new Float64Array(count + 1)
  const templates = new Map<object, Sum>()
  const alike = new Map<Alike, Sum>()
  for (const [i, block] of blocks.entries()) {
    const weight = block.words + 0.1
    const part = weight * likelihoods[i]!
    words[i + 1] = words[i]! + weight
    likely[i + 1] = likely[i]! + part
    addTo(templates, block.template, weight, part)
    const level = repeated(block)
    if (level) addTo(alike, level.alike, weight, part)
  }
  const logOdds = likelihoods.map(logOddsOf)
  const { quantiles, rank } = quantilesOf(logOdds, words, likely)
  return { page, logOdds, words, likely, quantiles, rank, ...nearest(likelihoods), templates, alike }
}

function addTo<K>(sums: Map<K, Sum>, key: K, words: number, likely: number): void {
  const sum = sums.get(key)
  if (!sum) sums.set(key, { words, likely })
  else {
    sum.words += words
    sum.likely += likely
  }
}

function quantilesOf(logOdds: Float64Array, words: Float64Array, likely: Float64Array): Pick<Likelihoods, 'quantiles' | 'rank'> {
  const order = Uint32Array.from(logOdds.keys()).sort((a, b) => logOdds[b]! - logOdds[a]! || a - b)
  const total = Math.max(likely[likely.length - 1]!, 1e-9)
  const rank = new Float64Array(logOdds.length)
  const quantiles = { '0.25': none, '0.5': none, '0.8': none }
  let sum = 0
  for (const i of order) {
    const before = sum
    sum += likely[i + 1]! - likely[i]!
    rank[i] = sum / total
    for (const share of [0.25, 0.5, 0.8] as const) if (before < share * total) quantiles[`${share}`] = logOdds[i]!
  }
  return { quantiles, rank }
}

function nearest(likelihoods: Float64Array): Pick<Likelihoods, 'before' | 'after'> {
  const count = likelihoods.length
  const before = new Int32Array(count).fill(-1)
  const after = new Int32Array(count).fill(-1)
  for (let i = 1; i < count; i++) before[i] = likelihoods[i - 1]! >= 0.5 ? i - 1 : before[i - 1]!
  for (let i = count - 2; i >= 0; i--) after[i] = likelihoods[i + 1]! >= 0.5 ? i + 1 : after[i + 1]!
  return { before, after }
}

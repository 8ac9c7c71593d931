import { isTag } from 'domhandler'
import type { Block, Level, PageBlocks } from './page-blocks.ts'
import { isControl, isForeignBlock, isForeignLevel, type Place } from './structures-marks.ts'

/** Why a block's fate is not the one that its own likelihood gave it. */
export type StructureReason =
  | 'with_its_container'
  | 'between_kept'
  | 'at_the_end'
  | 'like_its_siblings'
  | 'footnote'
  | 'heading_without_section'
  | 'part_of_another_page'

/** Blocks `start` … `end - 1`, decided on together, and the level that holds them or, for a single block, whose text it is. */
export interface Unit {
  level: Level
  start: number
  end: number
}

export const unitOf = (level: Level): Unit => ({ level, start: level.firstBlock, end: level.firstBlock + level.blocks })

/** So many levels may be between two neighbours and what holds both. */
const nearLevels = 6
/** What is kept with less than this, as the mean of so many blocks or words, is no ground to keep its neighbours. */
const firmMin = 0.4
const [firmBlocks, firmWords] = [12, 30]

/** What becomes of the blocks of a page, and what can be asked about runs of them in constant time. */
export class Fates {
  readonly reasons = new Map<number, StructureReason>()
  readonly blocks: readonly Block[]
  readonly levels: readonly Level[]
  /** The least likelihood of what was kept at first. */
  readonly leastKept: number
  readonly #distances: Uint8Array
  readonly #likelihoods: Float64Array
  readonly #kept: Uint8Array
  /** 1 for what is of another page, whatever stands around it. */
  readonly #isOther: Uint8Array
  /** Sums over the blocks before each index. */
  readonly #words: Float64Array
  readonly #likely: Float64Array
  readonly #keptWords: Float64Array

  constructor({ blocks, levels, distances }: PageBlocks, likelihoods: Float64Array, kept: Uint8Array) {
    this.blocks = blocks
    this.levels = levels
    this.#distances = distances
    this.#likelihoods = likelihoods
    this.#kept = kept
    this.#isOther = new Uint8Array(blocks.length)
    this.#words = new Float64Array(blocks.length + 1)
    this.#likely = new Float64Array(blocks.length + 1)
    this.#keptWords = new Float64Array(blocks.length + 1)
    let least = 1
    for (const [i, { words }] of blocks.entries()) {
      this.#words[i + 1] = this.#words[i]! + words
      this.#likely[i + 1] = this.#likely[i]! + words * likelihoods[i]!
      if (kept[i] === 1) least = Math.min(least, likelihoods[i]!)
    }
    this.leastKept = least
  }

  isKept(i: number): boolean {
    return this.#kept[i] === 1
  }

  /** Filler, controls and what is of another page stay cut. */
  decide({ level, start, end }: Unit, keep: boolean, reason: StructureReason): void {
    for (let i = start; i < end; i++) {
      if (this.isKept(i) === keep) continue
      if (keep && (this.#likelihoods[i] === 0 || this.#isOther[i] === 1 || isControl(this.blocks[i]!, level.depth, this.#distances))) continue
      this.#kept[i] = keep ? 1 : 0
      this.reasons.set(i, reason)
    }
  }

  cutAsOther(unit: Unit): void {
    this.#isOther.fill(1, unit.start, unit.end)
    this.decide(unit, false, 'part_of_another_page')
  }

  words({ start, end }: Unit): number {
    return this.#words[end]! - this.#words[start]!
  }

  /** Mean likelihood over words. */
  likelihood({ start, end }: Unit): number {
    const words = this.#words[end]! - this.#words[start]!
    return words > 0 ? (this.#likely[end]! - this.#likely[start]!) / words : 0
  }

  /** Counts what is kept now: what follows is asked about that. */
  count(): void {
    for (const [i, { words }] of this.blocks.entries()) this.#keptWords[i + 1] = this.#keptWords[i]! + (this.isKept(i) ? Math.max(1, words) : 0)
  }

  /** Words of a level that are kept, as of the last count; a block without any counts as one. */
  keptWords({ firstBlock, blocks }: Level): number {
    return this.#keptWords[firstBlock + blocks]! - this.#keptWords[firstBlock]!
  }

  /** What is between two kept blocks of one container, if both they and what is beyond them are likely to be content. */
  firmPlace(before: number, after: number): Place | undefined {
    if (!this.isFirm(before, -1) || !this.isFirm(after, 1)) return undefined
    const neighbour = this.blocks[before]!.level
    const container = nearContainer(neighbour, this.blocks[after]!.level)
    return container && { container, neighbour }
  }

  /** Whether what was kept for its own likelihood, from a kept block on, is likely to be content. What stands between such is taken for it, too. */
  isFirm(i: number, step: -1 | 1): boolean {
    if (i < 0 || i >= this.blocks.length || !this.isKept(i)) return false
    if (this.reasons.get(i) === 'between_kept') return true
    let [words, likely] = [0, 0]
    for (let at = i, n = 0; n < firmBlocks && words < firmWords && at >= 0 && at < this.blocks.length; at += step, n++) {
      if (!this.isKept(at) || this.reasons.has(at)) continue
      words += this.blocks[at]!.words
      likely += this.blocks[at]!.words * this.#likelihoods[at]!
    }
    return words > 0 && likely >= firmMin * words
  }

  /** Whether something in it, or around it as far as nothing is kept, is marked as what is no part of a text. */
  isForeign(unit: Unit, place: Place): boolean {
    const { level, start, end } = unit
    if (level.inputs > 0) return true
    const { depth } = this.#cutAround(level, place.container)
    for (let i = start; i < end; i++) if (this.#isOther[i] === 1 || isForeignBlock(this.blocks[i]!, depth, place, this.#distances)) return true
    return false
  }

  /** Whether its own element, or one around it as far as nothing is kept, is marked so. */
  isForeignAsWhole({ level, start }: Unit, place: Place): boolean {
    return level.inputs > 0 || this.#isOther[start] === 1 || isForeignLevel(level, this.#cutAround(level, place.container).depth, place, this.#distances)
  }

  /** The largest level around one, inside a container that is near, of which nothing is kept. What holds kept text is named by what the text is about. */
  #cutAround(level: Level, container: Level): Level {
    let at = level
    while (at.parent && at.parent !== container && at !== container && this.keptWords(at.parent) === 0) at = at.parent
    return at
  }
}

/** The level that holds two others, if they are not deep inside it. */
export function nearContainer(a: Level, b: Level, levels = nearLevels): Level | undefined {
  let [x, y, left] = [a, b, levels]
  while (x !== y) {
    const isDeeper = x.depth >= y.depth
    const from = isDeeper ? x : y
    if (!from.parent || left < 0) return undefined
    if (!isPartOfStructure(from)) left--
    if (isDeeper) x = from.parent
    else y = from.parent
  }
  return left >= 0 ? x : undefined
}

/** Tables and lists are deep by nature. */
const isPartOfStructure = ({ element }: Level): boolean =>
  isTag(element) && /^(?:table|t(?:body|head|foot|r|d|h)|[uod]l|li|d[td]|blockquote|figure|details)$/.test(element.name)

/** How many levels up a container is, but for those of tables and lists. */
export function levelsTo(level: Level, container: Level): number {
  let levels = 0
  for (let at: Level | undefined = level; at && at !== container; at = at.parent) if (!isPartOfStructure(at)) levels++
  return levels
}

import { isTag } from 'domhandler'
import { markIndex, marks, type Mark } from './block-marks.ts'
import type { Block, Level, PageBlocks } from './page-blocks.ts'

/** Where the prose of a page stands, whatever its language, and what each block has behind it. Typed arrays: by block, or by level. */
export interface Prose {
  /** Characters of prose in blocks before each block; the last entry is that of the page. */
  before: Float64Array
  /** By level: characters of prose inside it; and in the blocks that are its children, half of those of its grandchildren. */
  inside: Float64Array
  direct: Float64Array
  /** The level with the most prose in its children: as a rule what holds the article. Index in `levels`. */
  top: number
  /** By level: how many levels it is below the nearest level that holds `top`; and how many that one is above `top`. */
  below: Uint16Array
  above: Uint16Array
  /** The first and the last block of prose inside `top`, -1 = there is none. */
  first: number
  last: number
  /** By block: blocks since the last one of prose, and to the next; -1 = none. */
  since: Int32Array
  until: Int32Array
  /** By block: blocks since the last one that stood in a part with each of `passed`, from the first prose on; -1 = none. */
  passed: Int32Array[]
  /** By block: blocks since the last run of four or more that are links as a whole. */
  sinceLinks: Int32Array
}

/** What tends to stand where a text ends. */
export const passed = [
  'comment-name',
  'share-name',
  'related-name',
  'promo-name',
  'meta-name',
  'tag-name',
  'pager-name',
  'user-name',
  'form-name',
  'side-name',
  'footer-name',
  'widget-name',
] as const satisfies readonly Mark[]

const proseChars = 60
const linkedRun = 4

/** Long enough, with the end of a sentence, and not much of it linked. */
export const isProse = ({ chars, linkedChars, sentences }: Block): boolean => sentences > 0 && chars - linkedChars >= proseChars && linkedChars < 0.35 * chars

export function readProse({ blocks, levels, distances }: PageBlocks): Prose {
  const count = blocks.length
  const before = new Float64Array(count + 1)
  const inside = new Float64Array(levels.length)
  const direct = new Float64Array(levels.length)
  const since = new Int32Array(count).fill(-1)
  const until = new Int32Array(count).fill(-1)
  const sinceLinks = new Int32Array(count).fill(-1)
  const behind = passed.map(() => new Int32Array(count).fill(-1))
  const lasts = passed.map(() => -1)
  const at = passed.map(markIndex)
  let [lastProse, run, lastRun] = [-1, 0, -1]
  for (let i = 0; i < count; i++) {
    const block = blocks[i]!
    const mass = isProse(block) ? block.chars - block.linkedChars : 0
    before[i + 1] = before[i]! + mass
    if (lastProse >= 0) {
      since[i] = i - lastProse
      const offset = block.level.index * marks.length
      for (let m = 0; m < at.length; m++) {
        if (distances[offset + at[m]!]! <= 3) lasts[m] = i
        else if (lasts[m]! >= 0) behind[m]![i] = i - lasts[m]!
      }
    }
    if (lastRun >= 0) sinceLinks[i] = i - lastRun
    run = block.linkedChars > 0.8 * block.chars ? run + 1 : 0
    if (run >= linkedRun) lastRun = i
    if (mass === 0) continue
    lastProse = i
    inside[block.level.index]! += mass
    const { parent } = block.level
    if (parent) direct[parent.index]! += mass
    if (parent?.parent) direct[parent.parent.index]! += mass / 2
    // Text between `br`s stands in the level itself.
    direct[block.level.index]! += mass / 2
  }
  for (let i = count - 1, next = -1; i >= 0; i--) {
    if (next >= 0) until[i] = next - i
    if (before[i + 1]! > before[i]!) next = i
  }
  for (let i = levels.length - 1; i > 0; i--) {
    const { parent } = levels[i]!
    if (parent) inside[parent.index]! += inside[i]!
  }
  const top = topOf(levels, direct)
  const { below, above } = aroundTop(levels, top)
  let [first, last] = [-1, -1]
  for (let i = 0; i < count; i++) {
    if (before[i + 1] === before[i] || above[blocks[i]!.level.index] !== 0) continue
    if (first < 0) first = i
    last = i
  }
  return { before, inside, direct, top, below, above, first, last, since, until, passed: behind, sinceLinks }
}

function topOf(levels: readonly Level[], direct: Float64Array): number {
  let top = 0
  for (let i = 0; i < levels.length; i++) if (isTag(levels[i]!.element) && direct[i]! > direct[top]!) top = i
  return top
}

/** Levels stand in document order, so that parents come before children. */
function aroundTop(levels: readonly Level[], top: number): { below: Uint16Array; above: Uint16Array } {
  const below = new Uint16Array(levels.length)
  const above = new Uint16Array(levels.length)
  const holds = new Set<Level>()
  for (let at: Level | undefined = levels[top]; at; at = at.parent) holds.add(at)
  const depth = levels[top]?.depth ?? 0
  for (const level of levels) {
    const { index, parent } = level
    if (holds.has(level)) above[index] = depth - level.depth
    else if (parent) {
      below[index] = Math.min(below[parent.index]! + 1, 1000)
      above[index] = above[parent.index]!
    }
  }
  return { below, above }
}

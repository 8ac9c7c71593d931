import type { Block, Level } from './page-blocks.ts'
import { isCaption, type Place } from './structures-marks.ts'
import { headingRank } from './structures-sections.ts'
import { levelsTo, nearContainer, unitOf, type Fates, type Unit } from './structures-fates.ts'

/** What ends a text may have wrappers. */
const siblingLevels = 3
/** Below this, what has a kept neighbour on one side only is cut. */
const lastMin = 0.1
const credit = /^(?:images?|photos?|pictures?|credits?|source|illustration|video)\b.{0,20}?(?::|\bby\b)|©|\bgetty\b/i

/** Keeps what stands between kept neighbours of one container, unless something speaks against a part of it. */
export function keepBetween(fates: Fates): void {
  const { length } = fates.blocks
  fates.count()
  for (let i = 0; i < length;) {
    if (fates.isKept(i)) {
      i++
      continue
    }
    const start = i
    while (i < length && !fates.isKept(i)) i++
    const place = fates.firmPlace(start - 1, i)
    if (place && partsOf(fates, start, i).every((unit) => isFitting(fates, unit, place)))
      fates.decide({ level: place.container, start, end: i }, true, 'between_kept')
  }
}

/** Keeps a table, a list, a quote or code, with its heading if it has one, right after the last that is kept of its container. */
export function keepLast(fates: Fates, isWhole: (level: Level) => boolean): void {
  fates.count()
  let [lastKept, at, end] = [-1, 0, 0]
  for (const level of fates.levels) {
    const whole = unitOf(level)
    for (; at < whole.start; at++) if (fates.isKept(at)) lastKept = at
    if (whole.start < end || whole.start === 0 || level.blocks === 0 || fates.isKept(whole.start) || !isWhole(level)) continue
    const hasHeading = headingRank(fates.blocks[whole.start - 1]!) > 0 && lastKept === whole.start - 2
    if (lastKept < 0 || (!hasHeading && lastKept !== whole.start - 1)) continue
    end = whole.end
    const neighbour = fates.blocks[lastKept]!.level
    const container = nearContainer(neighbour, level)
    if (!container || !isNext(neighbour, level, container) || !isFittingLast(fates, whole) || !fates.isFirm(lastKept, -1)) continue
    if (!fates.isForeign(whole, { container, neighbour })) fates.decide({ ...whole, start: lastKept + 1 }, true, 'at_the_end')
  }
}

/** Whether one of two stands in their container itself, and the other is not deep inside it: what ends a page does neither. */
const isNext = (before: Level, level: Level, container: Level): boolean =>
  level.parent === container || (levelsTo(before, container) <= 1 && levelsTo(level, container) <= siblingLevels)

const isFittingLast = (fates: Fates, unit: Unit): boolean =>
  unit.level.linkedChars <= 0.5 * unit.level.chars && fates.likelihood(unit) >= Math.min(lastMin, likelihoodMin(fates.blocks, unit))

/** The largest parts of the page that hold nothing that is kept and make up a run of blocks. Each level is looked at in one part only. */
function partsOf(fates: Fates, start: number, end: number): Unit[] {
  const parts: Unit[] = []
  for (let i = start; i < end;) {
    let { level } = fates.blocks[i]!
    if (fates.keptWords(level) > 0) parts.push({ level, start: i, end: ++i })
    else {
      while (level.parent && fates.keptWords(level.parent) === 0) level = level.parent
      parts.push({ level, start: i, end: (i = level.firstBlock + level.blocks) })
    }
  }
  return parts
}

function isFitting(fates: Fates, unit: Unit, place: Place): boolean {
  return fates.likelihood(unit) >= likelihoodMin(fates.blocks, unit) && !fates.isForeign(unit, place)
}

/** Headings, code and captions are short and unlike their neighbours, so that alone they are hardly ever likely. A credit is no caption. */
function likelihoodMin(blocks: readonly Block[], { start, end }: Unit): number {
  const first = blocks[start]!
  if (end - start === 1 && (first.name === 'pre' || first.name === 'math')) return 0.02
  if (end - start === 1 && headingRank(first) > 0) return 0.05
  for (let i = start; i < end; i++) {
    if (!isCaption(blocks[i]!.level)) return 0.1
    if (credit.test(blocks[i]!.text)) return 1
  }
  return 0.02
}

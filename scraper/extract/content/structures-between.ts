import { isTag } from 'domhandler'
import type { Level } from './page-blocks.ts'
import { headingRank } from './structures-sections.ts'
import type { Fates, Unit } from './structures-fates.ts'

const likelihoodMin = 0.15
const headingLikelihoodMin = 0.1
const captionLikelihoodMin = 0.05
const credit = /^(?:images?|photos?|pictures?|credits?|source|illustration|video)\b.{0,20}?(?::|\bby\b)|©|\bgetty\b/i

/** Keeps what stands between kept neighbours of one container, unless something speaks against a part of it. */
export function keepBetween(fates: Fates): void {
  const { length } = fates.blocks
  const sums = fates.keptWords()
  for (let i = 0; i < length;) {
    if (fates.isKept(i)) {
      i++
      continue
    }
    const start = i
    while (i < length && !fates.isKept(i)) i++
    const container = fates.firmContainer(start - 1, i)
    if (container && partsOf(fates, start, i, sums).every((unit) => isFitting(fates, unit, container)))
      fates.decide({ level: container, start, end: i }, true, 'between_kept')
  }
}

/** The largest parts of the page that hold nothing that is kept and make up a run of blocks. Each level is looked at in one part only. */
function partsOf({ blocks }: Fates, start: number, end: number, keptWords: Float64Array): Unit[] {
  const holdsKept = ({ firstBlock, blocks: count }: Level): boolean => keptWords[firstBlock + count]! > keptWords[firstBlock]!
  const parts: Unit[] = []
  for (let i = start; i < end;) {
    let { level } = blocks[i]!
    if (holdsKept(level)) parts.push({ level, start: i, end: ++i })
    else {
      while (level.parent && !holdsKept(level.parent)) level = level.parent
      parts.push({ level, start: i, end: (i = level.firstBlock + level.blocks) })
    }
  }
  return parts
}

function isFitting(fates: Fates, unit: Unit, container: Level): boolean {
  const first = fates.blocks[unit.start]!
  const likelihood = fates.likelihood(unit)
  if (isCaption(unit.level)) return likelihood >= captionLikelihoodMin && unit.level.linkedChars < 0.5 * unit.level.chars && !credit.test(first.text)
  const isHeading = unit.end - unit.start === 1 && headingRank(first) > 0
  return likelihood >= (isHeading ? headingLikelihoodMin : likelihoodMin) && !fates.isForeign(unit, container)
}

const isCaption = ({ element, block }: Level): boolean =>
  isTag(element) &&
  (element.name === 'figcaption' ||
    (element.name === 'figure' && block === undefined && element.children.some((child) => isTag(child) && child.name === 'figcaption')))

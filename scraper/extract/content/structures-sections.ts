import type { Alike, Block, Level } from './page-blocks.ts'
import { nearContainer, unitOf, type Fates } from './structures-fates.ts'
import { isNamedFootnotes } from './structures-marks.ts'

/** 1 … 6 for a heading, 0 for others. */
export const headingRank = ({ name }: Pick<Block, 'name'>): number => (/^h[1-6]$/.test(name) ? Number(name[1]) : 0)

const likelihoodMin = 0.1
const notesLikelihoodMin = 0.05
/** A heading that is as likely as this stands for itself. */
const bareLikelihoodMax = 0.5
const siblingsMin = 3
const keptShareMin = 0.8

/** Keeps sections with a heading that are cut, while most of their siblings of the same element and class are kept. */
export function keepLikeSiblings(fates: Fates): void {
  fates.count()
  const siblings = new Map<Alike, { words: number; kept: number }>()
  for (const level of fates.levels) {
    if (level.alike.count < siblingsMin) continue
    const sum = siblings.get(level.alike) ?? { words: 0, kept: 0 }
    sum.words += fates.words(unitOf(level))
    sum.kept += fates.keptWords(level)
    siblings.set(level.alike, sum)
  }
  let end = 0
  for (const level of fates.levels) {
    const unit = unitOf(level)
    const sum = siblings.get(level.alike)
    if (!sum || unit.start < end || !isSection(level) || fates.keptWords(level) > 0 || sum.kept < keptShareMin * (sum.words - fates.words(unit))) continue
    if (!fates.isFirm(unit.start - 1, -1) || fates.likelihood(unit) < likelihoodMin) continue
    end = unit.end
    const container = level.parent ?? level
    if (!fates.isForeign(unit, { container, neighbour: container })) fates.decide(unit, true, 'like_its_siblings')
  }
}

const isSection = ({ blocks, headings, linkedHeadings, chars, linkedChars }: Level): boolean =>
  blocks > 1 && headings > 0 && linkedHeadings === 0 && linkedChars < 0.3 * chars

/** Keeps notes at the end of a text. */
export function keepFootnotes(fates: Fates): void {
  let [end, lastKept, at] = [0, -1, 0]
  for (const level of fates.levels) {
    const unit = unitOf(level)
    for (; at < unit.start; at++) if (fates.isKept(at)) lastKept = at
    if (level.blocks === 0 || unit.start < end || !isNamedFootnotes(level)) continue
    end = unit.end
    if (lastKept < 0 || fates.likelihood(unit) < notesLikelihoodMin || !fates.isFirm(lastKept, -1) || !nearContainer(fates.blocks[lastKept]!.level, level))
      continue
    fates.decide(unit, true, 'footnote')
  }
}

/** Cuts headings of which the whole section is cut; not the first one of the page, nor cards' that are links. */
export function cutBareHeadings(fates: Fates): void {
  const open: { rank: number; index: number; hasText: boolean }[] = []
  const close = (rank: number): void => {
    for (let last = open.at(-1); last && last.rank >= rank; last = open.at(-1)) {
      open.pop()
      const { index, hasText } = last
      const parent = open.at(-1)
      if (hasText && parent) parent.hasText = true
      const unit = { level: fates.blocks[index]!.level, start: index, end: index + 1 }
      if (!hasText && last.rank > 1 && unit.level.linkedChars === 0 && fates.likelihood(unit) < bareLikelihoodMax)
        fates.decide(unit, false, 'heading_without_section')
    }
  }
  for (const [i, block] of fates.blocks.entries()) {
    const rank = headingRank(block)
    if (rank > 0) {
      close(rank)
      // Right before what is kept, or before another one like it, it may be a line of what follows.
      if (fates.isKept(i)) open.push({ rank, index: i, hasText: fates.isKept(i + 1) || fates.blocks[i + 1]?.name === block.name })
    } else if (fates.isKept(i) && open.length > 0) open.at(-1)!.hasText = true
  }
  close(1)
}

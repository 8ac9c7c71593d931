import { isTag, type Element } from 'domhandler'
import type { PageBlocks } from './page-blocks.ts'
import { keepBetween, keepLast } from './structures-between.ts'
import { decideContainers, isWhole } from './structures-containers.ts'
import { Fates, type StructureReason } from './structures-fates.ts'
import { cutAppendedArticles, cutBoxes } from './structures-foreign.ts'
import { cutBareHeadings, keepFootnotes, keepLikeSiblings } from './structures-sections.ts'

/**
 * Decides what belongs together as a whole, after each block was judged alone: changes `kept`, 1 for each block that is. Time linear in blocks and levels.
 * @param likelihoods of the blocks to be content, 0 for what is never kept
 * @returns the reason by the index of each block whose fate changed
 */
export function decideStructures(
  page: PageBlocks,
  likelihoods: Float64Array,
  kept: Uint8Array,
  isDataTable: (element: Element) => boolean,
): ReadonlyMap<number, StructureReason> {
  const fates = new Fates(page, likelihoods, kept)
  cutBoxes(fates)
  cutAppendedArticles(fates, page.title)
  decideContainers(fates, isDataTable)
  keepBetween(fates)
  keepLast(fates, (level) => (isTag(level.element) && level.element.name === 'pre') || isWhole(level, isDataTable))
  keepLikeSiblings(fates)
  keepFootnotes(fates)
  cutBareHeadings(fates)
  return fates.reasons
}

import { isTag, type Element } from 'domhandler'
import type { Level } from './page-blocks.ts'
import { unitOf, type Fates, type Unit } from './structures-fates.ts'

const wholeNames = new Set(['ul', 'ol', 'dl', 'menu', 'blockquote', 'details'])
/** Below this even what stands between kept neighbours is cut. */
const likelihoodMin = 0.02

/** Keeps or cuts each data table, list, quote and disclosure as one, the outermost first: by its mean likelihood, or by its neighbours. */
export function decideContainers(fates: Fates, isDataTable: (element: Element) => boolean): void {
  fates.count()
  const [before, after] = keptNeighbours(fates)
  let end = 0
  for (const level of fates.levels) {
    if (level.blocks === 0 || level.firstBlock < end || !isWhole(level, isDataTable)) continue
    const unit = unitOf(level)
    end = unit.end
    if (fates.likelihood(unit) >= fates.leastKept) fates.decide(unit, true, 'with_its_container')
    else if (isBetween(unit)) fates.decide(unit, true, 'between_kept')
    else fates.decide(unit, false, 'with_its_container')
  }

  function isBetween(unit: Unit): boolean {
    if (fates.likelihood(unit) < likelihoodMin) return false
    const place = fates.firmPlace(before[unit.start]!, after[unit.end]!)
    return place !== undefined && !(isList(unit.level) ? fates.isForeign(unit, place) : fates.isForeignAsWhole(unit, place))
  }
}

export function isWhole(level: Level, isDataTable: (element: Element) => boolean): boolean {
  const { element } = level
  if (!isTag(element)) return false
  return element.name === 'table' ? isDataTable(element) : wholeNames.has(element.name) && !holdsCards(level)
}

const isList = ({ element }: Level): boolean => isTag(element) && (element.name === 'ul' || element.name === 'ol')

/** Items that are cards with headings, pictures or things to do are decided on one by one. */
const holdsCards = ({ blocks, headings, images, inputs }: Level): boolean => headings > 0 || inputs > 0 || images > 0.2 * blocks

/** The last kept block before each index, and the first from it on; an index outside of the page where there is none. */
function keptNeighbours(fates: Fates): [Int32Array, Int32Array] {
  const { length } = fates.blocks
  const before = new Int32Array(length + 1).fill(-1)
  const after = new Int32Array(length + 1).fill(length)
  for (let i = 0; i < length; i++) before[i + 1] = fates.isKept(i) ? i : before[i]!
  for (let i = length - 1; i >= 0; i--) after[i] = fates.isKept(i) ? i : after[i + 1]!
  return [before, after]
}

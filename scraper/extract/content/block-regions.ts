import type { Block, Level } from './page-blocks.ts'

/** Real pages are rarely deeper; it bounds what a hostile one costs. */
const climbMax = 64

/** The level so many steps above, or the highest there is. */
export function up(level: Level, steps: number): Level {
  let at = level
  for (let i = 0; i < steps && at.parent; i++) at = at.parent
  return at
}

/** The smallest level around a block that holds clearly more than the block. */
export function region(block: Block, chars: number, times: number): Level {
  let at: Level = block.level
  const enough = Math.max(chars, times * block.chars)
  for (let climbed = 0; at.parent && at.chars < enough && climbed < climbMax; climbed++) at = at.parent
  return at
}

/** The largest level around a block that holds less than a share of the page. */
export function compartment(block: Block, total: Level, share: number): Level {
  let at: Level = block.level
  for (let climbed = 0; at.parent && at.parent.chars < share * total.chars && climbed < climbMax; climbed++) at = at.parent
  return at
}

/** The level around it, at most 8 up, of which there are most alike siblings (3 or more). */
export function repeated(block: Block): Level | undefined {
  if (block.repeated === null) block.repeated = findRepeated(block)
  return block.repeated
}

function findRepeated(block: Block): Level | undefined {
  let best: Level | undefined
  let at: Level | undefined = block.level
  for (let i = 0; at && i < 8; i++, at = at.parent) if (at.alike.count >= 3 && at.alike.count > (best?.alike.count ?? 0) && at.chars > 0) best = at
  return best
}

import type { Block, Level, PageBlocks } from './page-blocks.ts'
const climbMax = 64
const up = (level: Level, steps: number): Level => { let at = level; for (let i = 0; i < steps && at.parent; i++) at = at.parent; return at }
function region(block: Block, chars: number, times: number): Level {
  let at: Level = block.level
  const enough = Math.max(chars, times * block.chars)
  for (let c = 0; at.parent && at.chars < enough && c < climbMax; c++) at = at.parent
  return at
}
function compartment(block: Block, total: number, share: number): Level {
  let at: Level = block.level
  for (let c = 0; at.parent && at.parent.chars < share * total && c < climbMax; c++) at = at.parent
  return at
}
export function contextRows(page: PageBlocks): Int32Array {
  const total = page.levels[0]!.chars
  const ids = new Map<object, number>()
  const idOf = (o: object) => { let n = ids.get(o); if (n === undefined) ids.set(o, (n = ids.size)); return n }
  const W = 20
  const out = new Int32Array(page.blocks.length * W)
  page.blocks.forEach((block, i) => {
    const { level } = block
    const levels = [up(level, 1), up(level, 2), up(level, 3), up(level, 5), region(block, 300, 4), region(block, 1500, 10), compartment(block, total, 0.5), compartment(block, total, 0.15)]
    levels.forEach((l, j) => { out[i * W + 2 * j] = l.firstBlock; out[i * W + 2 * j + 1] = l.blocks })
    out[i * W + 16] = idOf(block.template)
    let best: Level | undefined
    let at: Level | undefined = level
    for (let k = 0; at && k < 8; k++, at = at.parent) if (at.alike.count >= 3 && at.alike.count > (best?.alike.count ?? 0) && at.chars > 0) best = at
    out[i * W + 17] = best ? idOf(best.alike) : -1
    out[i * W + 18] = best ? best.firstBlock : i
    out[i * W + 19] = best ? best.blocks : 1
  })
  return out
}

import type { KnownRow } from '#schemas/corpus-index.ts'
import { NearLinks } from '#schemas/identity/clusters.ts'
import { compareRows } from '#schemas/row-facts.ts'
import type { RowTable } from './row-table.ts'

/**
 * Those of some rows that are near to none before them, by `compareRows`.
 * @param posted of each row the one whose signature is the very same, and stands for it
 */
export function firstRows(ordinals: readonly number[], posted: ReadonlyMap<number, number>, rows: RowTable): KnownRow[] {
  const best = new Map<number, KnownRow>()
  for (const ordinal of ordinals) {
    const signature = posted.get(ordinal) ?? ordinal
    const row = rows.get(ordinal)
    const other = best.get(signature)
    if (row && (!other || compareRows(row, other) < 0)) best.set(signature, row)
  }
  const ranked = [...best].toSorted(([, a], [, b]) => compareRows(a, b))
  const signatures = ranked.map(([ordinal]) => rows.signature(ordinal))
  const near = new NearLinks(ranked.length, (at) => signatures[at] as Uint8Array)
  return ranked.flatMap(([, row], at) => {
    near.add(signatures[at] as Uint8Array)
    return near.links.root(at) === at ? row : []
  })
}

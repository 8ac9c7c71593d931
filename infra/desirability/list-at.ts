import type { Catalog, CatalogEntry } from '#schemas/catalog.ts'
import { lineage } from '#schemas/lineage.ts'

/** The list that was in force at an instant: some look-ups, however many there were. undefined: there was none, or it is forgotten. @param at ms since epoch */
export async function listAt(catalog: Pick<Catalog, 'head' | 'get'>, at: number): Promise<CatalogEntry<'desirability'> | undefined> {
  const head = await catalog.head(lineage.desirability)
  if (!head || head.committedAt <= at) return head
  // Times rise with versions, and what is forgotten lies before all that is kept.
  let [below, above] = [0, head.version]
  let found: CatalogEntry<'desirability'> | undefined
  while (above - below > 1) {
    const version = Math.floor((below + above) / 2)
    const entry = await catalog.get(lineage.desirability, { version })
    if (entry && entry.committedAt > at) above = version
    else {
      below = version
      found = entry
    }
  }
  return found
}

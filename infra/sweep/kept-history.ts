import type { Catalog, CatalogEntry } from '#schemas/catalog.ts'
import type { Line, ManifestKind } from '#schemas/lineage.ts'

/** Manifests may be long: so many in memory. */
const pageEntries = 16

/** All that a catalog keeps of a line, newest first, a page at a time. */
export async function* keptHistory<Kind extends ManifestKind, Former extends ManifestKind = never>(
  catalog: Catalog,
  line: Line<Kind, Former>,
): AsyncGenerator<CatalogEntry<Kind | Former>> {
  for (let before: number | undefined; ;) {
    const page = await catalog.history(line, { limit: pageEntries, ...(before !== undefined && { before }) })
    yield* page
    const oldest = page.at(-1)
    if (!oldest || oldest.version === 1) return
    before = oldest.version
  }
}

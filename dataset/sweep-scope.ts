import { currentKey } from '#infra/corpus/current.ts'
import { keptHistory } from '#infra/sweep/kept-history.ts'
import { keptNewest, type SweepScope } from '#infra/sweep/sweep.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { families, lineage } from '#schemas/lineage.ts'
import type { VersionManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { datasetFolder, statisticsKey } from './dataset-folder.ts'
import { tableKeys } from './iceberg/tables.ts'

interface ScopeParts {
  catalog: Catalog
  store: ObjectStore
  /** Of the dataset. */
  name: string
  /** Of versions that others followed, ms. */
  keepMs: number
  /** What is still to be committed, as JSON (CorpusIndex.pending). */
  pending(): Promise<string | undefined>
}

/**
 * What a dataset has in the store: files, lists and deletion vectors of its versions, and their tokens. What kept versions name stays, and what training was
 * planned on: tokens that a kept plan names, and the version that those were made of. So do files of it that a built dataset has, the version that it was
 * chosen from, so that it can be built again, and what its Iceberg tables are made of.
 */
export function datasetScope({ catalog, store, name, keepMs, pending }: ScopeParts): SweepScope {
  const [versions, tokens, plans] = [lineage.dataset(name), lineage.tokens(name), lineage.plan(name)]
  return {
    // In `clean` lay what was staged before versions shared files.
    prefixes: [datasetFolder(name), `tokens/${name}/`, `clean/${name}/`],
    async expire(now) {
      const expiry = { keepNewest: keptNewest, before: Math.max(0, now - keepMs) }
      const planned = new Set<string>()
      for await (const { manifest } of keptHistory(catalog, plans)) planned.add(manifest.tokens)
      await catalog.expire(tokens, { ...expiry, keep: [...planned] })
      const named = new Set<string>()
      for await (const { manifest } of keptHistory(catalog, tokens)) named.add(manifest.dataset)
      for await (const { recipe } of builtVersions(catalog)) if (recipe?.source.dataset === name) named.add(recipe.source.sha256)
      await catalog.expire(versions, { ...expiry, keep: [...named] })
    },
    async *manifests() {
      const head = await catalog.head(versions)
      if (head) yield currentKey(datasetFolder(name), head)
      for await (const entry of keptHistory(catalog, versions)) yield statisticsKey(entry)
      for (const line of [versions, tokens, plans]) for await (const { manifest } of keptHistory(catalog, line)) yield manifest
      yield* builtVersions(catalog)
      yield* tableKeys(store, name)
      const undone = await pending()
      if (undone !== undefined) yield JSON.parse(undone)
    },
  }
}

/** Of all datasets that were built: their files may be those of any other. */
async function* builtVersions(catalog: Catalog): AsyncGenerator<VersionManifest> {
  for (const line of await catalog.lines(families.datasets)) {
    const head = await catalog.head(line)
    if (head?.kind !== 'version' || !head.manifest.recipe) continue
    for await (const { manifest } of keptHistory(catalog, line)) if (manifest.kind === 'version') yield manifest
  }
}

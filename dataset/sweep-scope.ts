import { currentKey } from '#infra/corpus/current.ts'
import { keptHistory } from '#infra/sweep/kept-history.ts'
import { keptNewest, type SweepScope } from '#infra/sweep/sweep.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { lineage } from '#schemas/lineage.ts'

/** Of all objects of its versions; the current one is told there (infra/corpus/current.ts). */
export const datasetFolder = (name: string): string => `datasets/${name}/`

interface ScopeParts {
  catalog: Catalog
  /** Of the dataset. */
  name: string
  /** Of versions that others followed, ms. */
  keepMs: number
  /** What is still to be committed, as JSON (CorpusIndex.pending). */
  pending(): Promise<string | undefined>
}

/**
 * What a dataset has in the store: files, lists and deletion vectors of its versions, and their tokens. What kept versions name stays, and what training was
 * planned on: tokens that a kept plan names, and the version that those were made of.
 */
export function datasetScope({ catalog, name, keepMs, pending }: ScopeParts): SweepScope {
  const [versions, tokens, plans] = [lineage.dataset(name), lineage.tokens(name), lineage.plan(name)]
  return {
    // In `clean` lay what was staged before versions shared files.
    prefixes: [datasetFolder(name), `tokens/${name}/`, `clean/${name}/`],
    async expire(now) {
      const expiry = { keepNewest: keptNewest, before: Math.max(0, now - keepMs) }
      const planned = new Set<string>()
      for await (const { manifest } of keptHistory(catalog, plans)) planned.add(manifest.tokens)
      await catalog.expire(tokens, { ...expiry, keep: [...planned] })
      const tokenized = new Set<string>()
      for await (const { manifest } of keptHistory(catalog, tokens)) tokenized.add(manifest.dataset)
      await catalog.expire(versions, { ...expiry, keep: [...tokenized] })
    },
    async *manifests() {
      const head = await catalog.head(versions)
      if (head) yield currentKey(datasetFolder(name), head)
      for (const line of [versions, tokens, plans]) for await (const { manifest } of keptHistory(catalog, line)) yield manifest
      const undone = await pending()
      if (undone !== undefined) yield JSON.parse(undone)
    },
  }
}

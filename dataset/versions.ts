import type { Catalog, CatalogEntry } from '#schemas/catalog.ts'
import { lineage } from '#schemas/lineage.ts'
import type { DatasetManifest, TokensManifest } from '#schemas/manifest.ts'

export type DatasetEntry = CatalogEntry<'dataset'>
export type TokensEntry = CatalogEntry<'tokens'>

/** What a step did to its line: `entry` is the head afterwards, undefined while there is nothing to make one of. */
export interface Outcome<Entry> {
  changed: boolean
  entry: Entry | undefined
}

export async function commitDataset(
  catalog: Catalog,
  parent: DatasetEntry | undefined,
  manifest: Omit<DatasetManifest, 'kind' | 'parent'>,
): Promise<DatasetEntry> {
  const next: DatasetManifest = { kind: 'dataset', parent: parent?.sha256 ?? null, ...manifest }
  return catalog.commit(lineage.dataset(manifest.name), parent?.sha256, next)
}

export async function commitTokens(
  catalog: Catalog,
  name: string,
  parent: TokensEntry | undefined,
  manifest: Omit<TokensManifest, 'kind' | 'parent'>,
): Promise<TokensEntry> {
  const next: TokensManifest = { kind: 'tokens', parent: parent?.sha256 ?? null, ...manifest }
  return catalog.commit(lineage.tokens(name), parent?.sha256, next)
}

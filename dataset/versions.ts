import type { Catalog, CatalogEntry } from '#schemas/catalog.ts'
import { lineage } from '#schemas/lineage.ts'
import type { DatasetManifest, TokensManifest, VersionManifest } from '#schemas/manifest.ts'

/** A version of a dataset; one of kind `dataset` was made before versions shared files. */
export type DatasetEntry = CatalogEntry<'version'> | CatalogEntry<'dataset'>
export type AnyVersion = VersionManifest | DatasetManifest
export type TokensEntry = CatalogEntry<'tokens'>

/** What a step did to its line: `entry` is the head afterwards, undefined while there is nothing to make one of. */
export interface Outcome<Entry> {
  changed: boolean
  entry: Entry | undefined
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

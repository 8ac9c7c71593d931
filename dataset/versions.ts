import type { Catalog, CatalogEntry } from '#schemas/catalog.ts'
import { lineage, type DatasetManifest, type TokensManifest } from '#schemas/manifest.ts'

export type DatasetEntry = CatalogEntry & { manifest: DatasetManifest }
export type TokensEntry = CatalogEntry & { manifest: TokensManifest }

/** What a step did to its line: `entry` is the head afterwards, undefined while there is nothing to make one of. */
export interface Outcome<Entry> {
  changed: boolean
  entry: Entry | undefined
}

const isDataset = (entry: CatalogEntry): entry is DatasetEntry => entry.manifest.kind === 'dataset'
const isTokens = (entry: CatalogEntry): entry is TokensEntry => entry.manifest.kind === 'tokens'

export async function datasetHead(catalog: Pick<Catalog, 'head'>, name: string): Promise<DatasetEntry | undefined> {
  const entry = await catalog.head(lineage.dataset(name))
  return entry && isDataset(entry) ? entry : undefined
}

/** Newest first. */
export async function datasetHistory(catalog: Pick<Catalog, 'history'>, name: string, limit?: number): Promise<DatasetEntry[]> {
  return (await catalog.history(lineage.dataset(name), limit)).filter(isDataset)
}

export async function tokensHead(catalog: Pick<Catalog, 'head'>, name: string): Promise<TokensEntry | undefined> {
  const entry = await catalog.head(lineage.tokens(name))
  return entry && isTokens(entry) ? entry : undefined
}

export async function commitDataset(
  catalog: Catalog,
  parent: DatasetEntry | undefined,
  manifest: Omit<DatasetManifest, 'kind' | 'parent'>,
): Promise<DatasetEntry> {
  const next: DatasetManifest = { kind: 'dataset', parent: parent?.sha256 ?? null, ...manifest }
  return { ...(await catalog.commit(lineage.dataset(manifest.name), parent?.sha256, next)), manifest: next }
}

export async function commitTokens(
  catalog: Catalog,
  name: string,
  parent: TokensEntry | undefined,
  manifest: Omit<TokensManifest, 'kind' | 'parent'>,
): Promise<TokensEntry> {
  const next: TokensManifest = { kind: 'tokens', parent: parent?.sha256 ?? null, ...manifest }
  return { ...(await catalog.commit(lineage.tokens(name), parent?.sha256, next)), manifest: next }
}

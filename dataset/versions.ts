import { readVersionGroups } from '#infra/corpus/groups.ts'
import type { CatalogEntry } from '#schemas/catalog.ts'
import type { NamedCounts } from '#schemas/data-file.ts'
import type { DatasetManifest, VersionManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'

/** A version of a dataset; one of kind `dataset` was made before versions shared files. */
export type DatasetEntry = CatalogEntry<'version'> | CatalogEntry<'dataset'>
export type AnyVersion = VersionManifest | DatasetManifest

/** Whether it was made by `dataset build`: then it takes in nothing by itself. */
export const isBuilt = (entry: DatasetEntry | undefined): boolean => entry?.kind === 'version' && entry.manifest.recipe !== undefined

export const labelsOf = ({ labels }: AnyVersion): NamedCounts => pairs(labels)
/** Rows that were left out, by reason. */
export const droppedOf = ({ dropped }: AnyVersion): NamedCounts => pairs(dropped)
const pairs = (counts: NamedCounts | Record<string, number>): NamedCounts => (Array.isArray(counts) ? counts : Object.entries(counts))

export function fileCount(manifest: AnyVersion): number {
  if (manifest.kind === 'dataset') return manifest.files.length
  const { files, groups } = manifest
  return files ?? (Array.isArray(groups) ? groups.reduce((sum, group) => sum + group.files, 0) : 0)
}

/** Addresses of the snapshots that it was made of; of a former one, sha256 of the shards. */
export const sourcesOf = async (store: Pick<ObjectStore, 'get'>, manifest: AnyVersion): Promise<string[]> =>
  manifest.kind === 'dataset' ? manifest.sources : (await readVersionGroups(store, manifest)).items.flatMap(({ snapshot }) => snapshot ?? [])

/** What a step did to its line: `entry` is the head afterwards, undefined while there is nothing to make one of. */
export interface Outcome<Entry> {
  changed: boolean
  entry: Entry | undefined
}

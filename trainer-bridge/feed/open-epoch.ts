import { OrreryError } from '#schemas/errors.ts'
import type { Catalog, CatalogEntry } from '#schemas/catalog.ts'
import { lineage } from '#schemas/lineage.ts'
import type { EpochManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { GenerationShard } from '#schemas/token-list.ts'
import { openTokenBlocks, type TokenBlocks } from '../blocks/token-blocks.ts'
import { plannedBatches, type PlannedBatches } from '../plan/batches.ts'
import type { ReadLists } from '../plan/lists.ts'

/** A plan made ready to be read. One plan is one epoch: its number is the plan's place in its line, from 0. */
export interface OpenEpoch {
  planId: string
  epoch: number
  plan: EpochManifest
  batches: PlannedBatches
  blocks: TokenBlocks
}

export interface EpochSource {
  catalog: Pick<Catalog, 'head' | 'get'>
  store: Pick<ObjectStore, 'get'>
  readList: ReadLists
  datasetName: string
}

/** The newest plan of the line; undefined before the first, and where that is one of before runs went on. */
export async function newestEpoch(source: EpochSource): Promise<OpenEpoch | undefined> {
  const entry = await source.catalog.head(lineage.plan(source.datasetName))
  return entry?.kind === 'epoch' ? openEpoch(source, entry) : undefined
}

/** @throws OrreryError `not_found` when no plan of the line is this one, or no longer */
export async function findEpoch(source: EpochSource, planId: string, epoch: number): Promise<OpenEpoch> {
  const entry = await source.catalog.get(lineage.plan(source.datasetName), { sha256: planId })
  if (entry?.kind === 'epoch' && entry.version === epoch + 1) return openEpoch(source, entry)
  throw new OrreryError('not_found', `There is no epoch ${epoch} of plan ${planId}; GET /v1/plan tells which is open.`, { planId, epoch })
}

/** The plan of a catalog entry. @throws OrreryError `data_unreadable`, `not_found` when its lists of shards are not in the store */
export async function openEpoch({ store, readList }: EpochSource, { sha256, version, manifest }: CatalogEntry<'epoch'>): Promise<OpenEpoch> {
  const batches = await plannedBatches(manifest, ({ list }) => readList(list, GenerationShard))
  return { planId: sha256, epoch: version - 1, plan: manifest, batches, blocks: openTokenBlocks(batches, manifest.tokenizer, store) }
}

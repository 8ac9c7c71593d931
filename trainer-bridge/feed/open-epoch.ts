import { OrreryError } from '#schemas/errors.ts'
import type { Catalog, CatalogEntry } from '#schemas/catalog.ts'
import { lineage } from '#schemas/lineage.ts'
import type { PlanManifest, TokensManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { openTokenBlocks, type TokenBlocks } from '../blocks/token-blocks.ts'

/** A plan made ready to be read. One plan is one epoch: its number is the plan's place in its line, from 0. */
export interface OpenEpoch {
  planId: string
  epoch: number
  plan: PlanManifest
  tokens: TokensManifest
  blocks: TokenBlocks
}

export interface EpochSource {
  catalog: Pick<Catalog, 'head' | 'get'>
  store: Pick<ObjectStore, 'get'>
  datasetName: string
}

/** The newest plan of the line, undefined before the first. */
export async function newestEpoch(source: EpochSource): Promise<OpenEpoch | undefined> {
  const entry = await source.catalog.head(lineage.plan(source.datasetName))
  return entry && openEpoch(source, entry)
}

/** @throws OrreryError `not_found` when no plan of the line is this one, or no longer */
export async function findEpoch(source: EpochSource, planId: string, epoch: number): Promise<OpenEpoch> {
  const entry = await source.catalog.get(lineage.plan(source.datasetName), { sha256: planId })
  if (entry?.version !== epoch + 1)
    throw new OrreryError('not_found', `There is no epoch ${epoch} of plan ${planId}; GET /v1/plan tells which is open.`, { planId, epoch })
  return openEpoch(source, entry)
}

/** The plan of a catalog entry. @throws OrreryError `not_found` when its tokens manifest is not in the catalog, `data_unreadable` */
export async function openEpoch(source: EpochSource, { sha256, version, manifest }: CatalogEntry<'plan'>): Promise<OpenEpoch> {
  const tokens = await tokensOf(source, manifest.tokens)
  return { planId: sha256, epoch: version - 1, plan: manifest, tokens, blocks: openTokenBlocks(manifest, tokens, source.store) }
}

async function tokensOf({ catalog, datasetName }: EpochSource, sha256: string): Promise<TokensManifest> {
  const line = lineage.tokens(datasetName)
  const entry = await catalog.get(line, { sha256 })
  if (!entry)
    throw new OrreryError('not_found', `The catalog line "${line.name}" has no tokens manifest ${sha256}; the plan made from it cannot be read.`, { sha256 })
  return entry.manifest
}

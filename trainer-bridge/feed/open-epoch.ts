import { OrreryError } from '#schemas/errors.ts'
import type { Catalog, CatalogEntry } from '#schemas/catalog.ts'
import { lineage, type PlanManifest, type TokensManifest } from '#schemas/manifest.ts'
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
  catalog: Pick<Catalog, 'head' | 'history'>
  store: Pick<ObjectStore, 'get'>
  datasetName: string
}

/** So many plans back a block can still be asked for. */
const historyMax = 64

/** The newest plan of the line, undefined before the first. */
export async function newestEpoch(source: EpochSource): Promise<OpenEpoch | undefined> {
  const entry = await source.catalog.head(lineage.plan(source.datasetName))
  return entry && openEpoch(source, entry)
}

/** @throws OrreryError `not_found` when no plan of the line, 64 back, is this one */
export async function findEpoch(source: EpochSource, planId: string, epoch: number): Promise<OpenEpoch> {
  const history = await source.catalog.history(lineage.plan(source.datasetName), historyMax)
  const entry = history.find((candidate) => candidate.sha256 === planId && candidate.version - 1 === epoch)
  if (!entry) throw new OrreryError('not_found', `There is no epoch ${epoch} of plan ${planId}; GET /v1/plan tells which is open.`, { planId, epoch })
  return openEpoch(source, entry)
}

/** The plan of a catalog entry. @throws OrreryError `not_found` when its tokens manifest is not in the catalog, `data_unreadable` */
export async function openEpoch(source: EpochSource, { sha256, version, manifest }: CatalogEntry): Promise<OpenEpoch> {
  if (manifest.kind !== 'plan') throw misplaced(lineage.plan(source.datasetName), manifest.kind)
  const tokens = await tokensOf(source, manifest.tokens)
  return { planId: sha256, epoch: version - 1, plan: manifest, tokens, blocks: openTokenBlocks(manifest, tokens, source.store) }
}

async function tokensOf({ catalog, datasetName }: EpochSource, sha256: string): Promise<TokensManifest> {
  const line = lineage.tokens(datasetName)
  const entry = (await catalog.history(line)).find((candidate) => candidate.sha256 === sha256)
  if (!entry)
    throw new OrreryError('not_found', `The catalog line "${line}" has no tokens manifest ${sha256}; the plan made from it cannot be read.`, { sha256 })
  if (entry.manifest.kind !== 'tokens') throw misplaced(line, entry.manifest.kind)
  return entry.manifest
}

export const misplaced = (line: string, kind: string): OrreryError =>
  new OrreryError('data_unreadable', `The catalog line "${line}" holds a manifest of kind "${kind}"; restore the catalog, it was written by another program.`, {
    line,
    kind,
  })

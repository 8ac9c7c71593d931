import type { Encoders } from '#infra/tokenizer/encoders.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Catalog, CatalogEntry } from '#schemas/catalog.ts'
import type { FeedPlan } from '#schemas/feed.ts'
import { lineage } from '#schemas/lineage.ts'
import type { EpochManifest } from '#schemas/epoch-manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { blockRepresentations, type BlockRepresentations } from '../blocks/block-formats.ts'
import type { ProvenShards } from '../blocks/proven-shards.ts'
import { openTokenBlocks, type KeptBlocks, type TokenBlocks } from '../blocks/token-blocks.ts'
import { plannedBatches, type PlannedBatches } from '../plan/batches.ts'
import { rowTokens } from '../plan/generation.ts'
import type { ReadLists } from '../plan/lists.ts'
import { rowDocuments, type DocumentTables, type RowDocuments } from '../plan/row-documents.ts'

/** A plan made ready to be read. One plan is one epoch: its number is the plan's place in its line, from 0. */
export interface OpenEpoch {
  /** What it is an epoch of: the dataset. */
  job: string
  planId: string
  epoch: number
  plan: EpochManifest
  batches: PlannedBatches
  blocks: TokenBlocks
  formats: BlockRepresentations
  documents: RowDocuments
}

export interface EpochSource {
  catalog: Pick<Catalog, 'head' | 'get'>
  store: Pick<ObjectStore, 'get'>
  shards: ProvenShards
  encoders: Pick<Encoders, 'vocabulary' | 'textOf'>
  readList: ReadLists
  datasetName: string
  /** Of all its epochs together; absent: of each. */
  kept?: KeptBlocks
  tables?: DocumentTables
}

/** The newest plan of the line; undefined before the first, and where that is one of former rules. */
export async function newestEpoch(source: EpochSource): Promise<OpenEpoch | undefined> {
  const entry = await source.catalog.head(lineage.plan(source.datasetName))
  return entry?.kind === 'run-epoch' ? openEpoch(source, entry) : undefined
}

/** @throws OrreryError `not_found` when no plan of the line is this one, or no longer */
export async function findEpoch(source: EpochSource, planId: string, epoch: number): Promise<OpenEpoch> {
  const entry = await source.catalog.get(lineage.plan(source.datasetName), { sha256: planId })
  if (entry?.kind === 'run-epoch' && entry.version === epoch + 1) return openEpoch(source, entry)
  throw new OrreryError('not_found', `There is no epoch ${epoch} of plan ${planId}; GET /v1/plan tells which is open.`, { planId, epoch })
}

/** @throws OrreryError `not_found` when the job has no such epoch, or no longer */
export async function findNumbered(source: EpochSource, job: string, epoch: number): Promise<OpenEpoch> {
  const entry = job === source.datasetName ? await source.catalog.get(lineage.plan(job), { version: epoch + 1 }) : undefined
  if (entry?.kind === 'run-epoch') return openEpoch(source, entry)
  throw new OrreryError('not_found', `There is no epoch ${epoch} of "${job}"; GET /v1/plan tells which is open.`, { job, epoch })
}

/** The plan of a catalog entry. @throws OrreryError `data_unreadable`, `not_found` when its lists of shards are not in the store */
export async function openEpoch(
  { store, shards, encoders, readList, datasetName, kept, tables }: EpochSource,
  { sha256, version, manifest }: CatalogEntry<'run-epoch'>,
): Promise<OpenEpoch> {
  const epoch = version - 1
  const batches = await plannedBatches(manifest, { store, readList })
  const blocks = openTokenBlocks({
    batches,
    shards,
    tokenizer: manifest.tokenizer,
    epoch,
    rows: manifest.geometry.rows,
    rowTokens: rowTokens(manifest.geometry),
    endOfText: manifest.end_of_text,
    ...(kept && { kept }),
  })
  const metadata = new Map([
    ['plan_id', sha256],
    ['epoch', String(epoch)],
    ['end_of_text', String(manifest.end_of_text)],
  ])
  const documents = rowDocuments({ store, tokenizer: manifest.tokenizer }, tables)
  return {
    job: datasetName,
    planId: sha256,
    epoch,
    plan: manifest,
    batches,
    blocks,
    formats: blockRepresentations({
      blocks,
      documents: async (batch) => documents.of(await batches.batch(batch)),
      tokenizer: manifest.tokenizer,
      encoders,
      metadata,
    }),
    documents,
  }
}

/** Between two epochs there is nothing to lease; that is no fault of who asks. */
export function noneWhenNotOpen(error: unknown): undefined {
  if (error instanceof OrreryError && (error.code === 'fenced' || error.code === 'not_found')) return undefined
  throw error
}

/** What a node must know of it. */
export function planOf({ job, planId, epoch, plan, batches }: OpenEpoch): FeedPlan {
  return {
    job,
    plan_id: planId,
    epoch,
    batches: plan.batches,
    rows: plan.geometry.rows,
    sequence_tokens: plan.geometry.sequence_tokens,
    row_tokens: rowTokens(plan.geometry),
    tokenizer: plan.tokenizer,
    end_of_text: plan.end_of_text,
    weights: Object.fromEntries(batches.strata.map(({ label, weight }) => [label, weight])),
  }
}

import type { Config } from '#infra/config/schema.ts'
import type { Catalog, CatalogEntry } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { PlanManifest } from '#schemas/manifest.ts'
import { newestEpoch, openEpoch, type EpochSource, type OpenEpoch } from './feed/open-epoch.ts'
import { makePlan } from './plan/plan.ts'
import { weightsByLabel } from './steer/weights.ts'

export interface EpochLine extends EpochSource {
  catalog: Catalog
  settings: Config['bridge']
  seed: number
}

/**
 * Plans the epoch after `newest` when there are tokens that no plan was made of: over all of them, by the desirability weights of now.
 * @returns undefined when there is nothing to plan: no tokens, none newer, or not enough for one batch; the epoch of whoever planned first when another process did
 */
export async function planNext(line: EpochLine, newest: OpenEpoch | undefined): Promise<OpenEpoch | undefined> {
  const tokens = await line.catalog.head(lineage.tokens(line.datasetName))
  if (!tokens || tokens.sha256 === newest?.plan.tokens) return undefined
  const plan = await planOver(line, tokens, newest?.planId ?? null)
  if (plan.batches === 0) return undefined
  try {
    return await openEpoch(line, await line.catalog.commit(lineage.plan(line.datasetName), newest?.planId, plan))
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'conflict') return newestEpoch(line)
    throw error
  }
}

async function planOver({ catalog, settings, seed }: EpochLine, { sha256, manifest }: CatalogEntry<'tokens'>, parent: string | null): Promise<PlanManifest> {
  const list = (await catalog.head(lineage.desirability))?.manifest
  return makePlan({
    tokens: manifest,
    tokensSha256: sha256,
    geometry: { rows: settings.rows, sequence_tokens: settings.sequence_tokens },
    weights: weightsByLabel(list?.jobs ?? []),
    seed,
    batchesMax: settings.epoch_batches,
    parent,
  })
}

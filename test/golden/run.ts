import { contentAddress } from '#schemas/canonical-json.ts'
import type { CatalogEntry } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { Stratum, type EpochManifest, type FormerEpochManifest, type Geometry } from '#schemas/epoch-manifest.ts'
import { plannedBatches, type PlannedBatches } from '#trainer-bridge/plan/batches.ts'
import { recentLists, type ReadLists } from '#trainer-bridge/plan/lists.ts'
import { planEpoch } from '#trainer-bridge/plan/plan.ts'
import type { PlanRequest } from '#trainer-bridge/plan/request.ts'
import { shardCache } from '#trainer-bridge/plan/shard-cache.ts'
import { readTokenView } from '#trainer-bridge/plan/token-view.ts'
import type { TokenDataset } from './tokens.ts'

export interface RunSettings extends Partial<Pick<PlanRequest, 'run' | 'seed' | 'anchor' | 'passes' | 'batchesMax'>> {
  geometry?: Partial<Geometry>
  weights?: Record<string, number>
}

export const goldenGeometry: Geometry = { rows: 2, sequence_tokens: 16, next_token: false, packing: 'stream', batch_sources: 'one', validation_share: 0 }

/** A run over token datasets, without a catalog: its objects are kept in memory. */
export interface GoldenRun {
  objects: Map<string, Uint8Array>
  readList: ReadLists
  /** Shards that were lost at a planning. */
  lost: string[]
  /** Plans the next epoch; the dataset is the n-th version of the tokens. */
  next(dataset: TokenDataset, version: number, settings?: RunSettings): Promise<EpochManifest | undefined>
  batches(plan: EpochManifest): Promise<PlannedBatches>
  /** Makes the next epoch follow another than the last. */
  follow(epoch: EpochManifest | FormerEpochManifest): void
  strata(plan: EpochManifest | undefined): Promise<readonly Stratum[]>
}

export function goldenRun(): GoldenRun {
  const objects = new Map<string, Uint8Array>()
  const store = {
    async get(key: string, range?: { start: number; end: number }) {
      const bytes = objects.get(key)
      if (!bytes) throw new OrreryError('not_found', `There is no ${key}.`, { key })
      return bytes.subarray(range?.start, range?.end)
    },
    async put(key: string, bytes: unknown) {
      objects.set(key, bytes as Uint8Array)
    },
  }
  const readList = recentLists(store)
  const cache = shardCache(store)
  const lost: string[] = []
  let before: EpochManifest | FormerEpochManifest | undefined
  return {
    objects,
    readList,
    lost,
    async next({ manifest, sha256, objects: all }, version, { weights = {}, geometry = {}, ...rest } = {}) {
      for (const [key, bytes] of all) if (!objects.has(key)) objects.set(key, bytes)
      const entry: CatalogEntry<'token-version'> = { name: 'tokens/golden', kind: 'token-version', version, sha256, committedAt: 0, manifest }
      const tokens = await readTokenView({ store, readList }, entry)
      const parent = before ? contentAddress(before) : null
      const unreadable = new Set(lost)
      const plan = await planEpoch({
        store,
        readList,
        cache,
        prefix: 'plans/golden/',
        tokens,
        parent,
        before,
        settledBefore: 0,
        run: 'main',
        geometry: { ...goldenGeometry, ...geometry },
        seed: 7,
        passes: 1,
        batchesMax: 1000,
        weights: new Map(Object.entries(weights)),
        lost: unreadable,
        tell: (key) => lost.push(key),
        ...rest,
      })
      before = plan ?? before
      return plan
    },
    follow: (epoch) => (before = epoch),
    strata: async (plan) => (plan ? readList(plan.strata.list, Stratum) : []),
    batches: (plan) => plannedBatches(plan, { store, readList }),
  }
}

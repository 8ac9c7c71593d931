import { contentAddress } from '#schemas/canonical-json.ts'
import type { CatalogEntry } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { EpochManifest } from '#schemas/manifest.ts'
import { GenerationShard } from '#schemas/token-list.ts'
import { plannedBatches, type PlannedBatches } from '#trainer-bridge/plan/batches.ts'
import { recentLists, type ReadLists } from '#trainer-bridge/plan/lists.ts'
import { windowJudge } from '#trainer-bridge/plan/may-train.ts'
import { planEpoch, type PlanRequest } from '#trainer-bridge/plan/plan.ts'
import { readTokenView } from '#trainer-bridge/plan/token-view.ts'
import type { TokenDataset } from './tokens.ts'

export interface RunSettings extends Partial<Pick<PlanRequest, 'geometry' | 'seed' | 'passes' | 'batchesMax'>> {
  weights?: Record<string, number>
}

/** A run over token datasets, without a catalog: its objects are kept in memory. */
export interface GoldenRun {
  objects: Map<string, Uint8Array>
  readList: ReadLists
  /** Shards that were lost at a planning. */
  lost: string[]
  /** Plans the next epoch; the dataset is the n-th version of the tokens. */
  next(dataset: TokenDataset, version: number, settings?: RunSettings): Promise<EpochManifest | undefined>
  batches(plan: EpochManifest): Promise<PlannedBatches>
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
  const judge = windowJudge(store)
  const lost: string[] = []
  let before: EpochManifest | undefined
  return {
    objects,
    readList,
    lost,
    async next(
      { manifest, sha256, objects: all },
      version,
      { weights = {}, geometry = { rows: 2, sequence_tokens: 16 }, seed = 7, passes = 1, batchesMax = 1000 } = {},
    ) {
      for (const [key, bytes] of all) if (!objects.has(key)) objects.set(key, bytes)
      const entry: CatalogEntry<'token-version'> = { name: 'tokens/golden', kind: 'token-version', version, sha256, committedAt: 0, manifest }
      const tokens = await readTokenView(readList, entry)
      const parent = before ? contentAddress(before) : null
      const mayTrain = judge(tokens, (key) => lost.push(key))
      const request = { store, readList, prefix: 'plans/golden/', tokens, parent, before, settledBefore: 0, geometry, seed, passes, batchesMax, mayTrain }
      const plan = await planEpoch({ ...request, weights: new Map(Object.entries(weights)) })
      before = plan ?? before
      return plan
    },
    batches: (plan) => plannedBatches(plan, ({ list }) => readList(list, GenerationShard)),
  }
}

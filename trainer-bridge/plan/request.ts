import type { EpochManifest, FormerEpochManifest, Geometry } from '#schemas/epoch-manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Anchor } from './anchor.ts'
import type { ReadLists } from './lists.ts'
import type { ShardCache } from './shard-cache.ts'
import type { TokenView } from './token-view.ts'

/** What an epoch is planned from. */
export interface PlanRequest {
  store: Pick<ObjectStore, 'get' | 'put'>
  readList: ReadLists
  cache: ShardCache
  /** Of the keys of lists and what stands beside them. */
  prefix: string
  tokens: TokenView
  /** Content address of the manifest before in the line, null for the first. */
  parent: string | null
  /** The epoch it follows, undefined for the first of a line. */
  before: EpochManifest | FormerEpochManifest | undefined
  settledBefore: number
  /** Another name than that of the epoch before begins a run of its own. */
  run: string
  geometry: Geometry
  /** Of generations that join. */
  seed: number
  /** Gives the seed instead, when the lists that join are fixed. */
  anchor?: Anchor
  /** How often all is gone through; 0: without end. */
  passes: number
  /** Label → desirability; a label that is not here weighs 0.0001. */
  weights: ReadonlyMap<string, number>
  batchesMax: number
  /** Keys of shards that could not be read lately. */
  lost: ReadonlySet<string>
  /** Told of a shard of which none is trained. */
  tell(key: string, problem: string): void
}

import type { Signer } from '#schemas/chain.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Document } from '#schemas/document.ts'
import { OrreryError } from '#schemas/errors.ts'
import { families } from '#schemas/lineage.ts'
import type { ShardManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { decodeDocuments } from '#schemas/parquet/decode.ts'

export interface ShardHead {
  sha256: string
  manifest: ShardManifest
}

/** The rows of a job's current shard, and the address of its manifest; undefined of a job without one. */
export interface JobRows {
  sha256: string | undefined
  documents: readonly Document[]
}

/** The current shards of a hotkey, by job. */
export async function shardHeads(catalog: Catalog, hotkey: string): Promise<ShardHead[]> {
  const heads: ShardHead[] = []
  for (const line of await catalog.lines(families.shardsOf(hotkey))) {
    const head = await catalog.head(line)
    if (head) heads.push(head)
  }
  return heads
}

interface FormerParams {
  signer: Signer
  catalog: Catalog
  store: ObjectStore
  /** Called before each shard. */
  hold(): Promise<void>
}

/** All rows of a hotkey, by job. @throws OrreryError `invalid_record` for a shard that cannot be read */
export async function readFormer({ signer, catalog, store, hold }: FormerParams): Promise<Map<string, JobRows>> {
  const former = new Map<string, JobRows>()
  for (const { sha256, manifest } of await shardHeads(catalog, signer.address)) {
    await hold()
    const { key, sha256: expected } = manifest.file
    const bytes = await store.get(key)
    if (sha256Hex(bytes) !== expected) {
      throw new OrreryError('invalid_record', `The stored shard ${key} is not what its manifest says; restore the object, then run the miner again.`, {
        key,
        expected,
      })
    }
    former.set(manifest.job_id, { sha256, documents: await decodeDocuments(bytes) })
  }
  return former
}

/** Within one job a fetch of a page is one row: the same fetches are the same rows. */
export function isSameRows(a: readonly Document[], b: readonly Document[]): boolean {
  return a.length === b.length && a.every((row, at) => row.uri === b[at]?.uri && row.version === b[at]?.version && row.id === b[at]?.id)
}

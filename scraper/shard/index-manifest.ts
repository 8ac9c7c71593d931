import { signManifest } from '#infra/chain/signed-manifest.ts'
import { canonicalJson, contentAddress } from '#schemas/canonical-json.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Chain, Signer } from '#schemas/chain.ts'
import { compareText } from '#schemas/compare-text.ts'
import { limits } from '#schemas/data-universe.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { MinerIndexManifest, ShardManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'

interface IndexParams {
  signer: Signer
  store: ObjectStore
  catalog: Catalog
  chain: Chain
  telemetry: Telemetry
  /** The current shard of each job. */
  heads: readonly { manifest: ShardManifest }[]
}

/** Where an index lies in the object store. */
export const manifestKey = (sha256: string): string => `manifests/${sha256}.json`

/**
 * Publishes what the miner claims: every shard the protocol takes (15 KB and more; a job that is still smaller, or that has no rows left, is not shown, its
 * documents are safe in its shard),
 * as a signed object, a catalog head, and 32 bytes of sha256 on chain. Does nothing that is done already, and what a crash left undone.
 */
export async function publishIndex({
  signer,
  store,
  catalog,
  chain,
  telemetry,
  heads,
}: IndexParams): Promise<{ index: string | undefined; committed: boolean }> {
  const shards = heads
    .map(({ manifest }) => manifest)
    .filter(({ file }) => file.rows > 0 && file.bytes >= limits.shardBytesMin)
    .toSorted((a, b) => compareText(a.job_id, b.job_id))
  const previous = await catalog.head(lineage.index(signer.address))
  const known = previous?.manifest
  if (!known && shards.length === 0) return { index: undefined, committed: false }
  const isCurrent = known && canonicalJson(known.shards) === canonicalJson(shards)
  const index = isCurrent && previous ? previous.sha256 : await writeIndex({ signer, store, catalog }, shards, previous?.sha256)
  return { index, committed: await commitIndex(chain, signer, index, telemetry) }
}

async function writeIndex(
  { signer, store, catalog }: Pick<IndexParams, 'signer' | 'store' | 'catalog'>,
  shards: ShardManifest[],
  parent: string | undefined,
): Promise<string> {
  const manifest: MinerIndexManifest = signManifest({ kind: 'miner-index' as const, parent: parent ?? null, hotkey: signer.address, shards }, signer)
  const sha256 = contentAddress(manifest)
  await store.put(manifestKey(sha256), Buffer.from(canonicalJson(manifest)))
  await catalog.commit(lineage.index(signer.address), parent, manifest)
  return sha256
}

/** @returns whether the chain names the index now; at its rate limit it will in a later cycle */
async function commitIndex(chain: Chain, signer: Signer, index: string, telemetry: Telemetry): Promise<boolean> {
  const commitment = Buffer.from(index, 'hex')
  const { neurons } = await chain.metagraph()
  const standing = neurons.find(({ hotkey }) => hotkey === signer.address)?.commitment
  if (standing && commitment.equals(standing)) return true
  try {
    await chain.commit(signer, new Uint8Array(commitment))
    telemetry.event('shard.index_committed', { hotkey: signer.address, index })
    return true
  } catch (error) {
    if (!(error instanceof OrreryError && error.code === 'rate_limited')) throw error
    telemetry.event('shard.index_waits', { hotkey: signer.address, index, reason: error.message })
    return false
  }
}

import { signManifest } from '#infra/chain/signed-manifest.ts'
import { canonicalJson, contentAddress } from '#schemas/canonical-json.ts'
import type { Chain } from '#schemas/chain.ts'
import { compareText } from '#schemas/compare-text.ts'
import { limits } from '#schemas/data-universe.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { SnapshotIndexManifest } from '#schemas/manifest.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { liveBytes, manifestKey, type HeadParts, type SnapshotHeads } from './snapshot-heads.ts'

interface IndexParts extends Pick<HeadParts, 'signer' | 'store' | 'catalog'> {
  chain: Chain
  telemetry: Telemetry
}

export interface PublishedIndex {
  /** Content address of the index manifest; undefined while no snapshot is large enough to be shown. */
  index: string | undefined
  /** Whether the chain's commitment names that index. */
  committed: boolean
}

/** Whether the protocol takes a snapshot: its live rows have 15 KB and more of its files. */
export const isShown = ({ files }: { files: Parameters<typeof liveBytes>[0][] }): boolean =>
  files.reduce((sum, listed) => sum + liveBytes(listed), 0) >= limits.shardBytesMin

/**
 * Publishes what the miner claims: every snapshot the protocol takes (a job that is still smaller, or that has no rows left, is not shown, its documents are safe
 * in its shards), as a signed object, a catalog head, and 32 bytes of sha256 on chain. Does nothing that is done already, and what a crash left undone.
 */
export async function publishIndex(parts: IndexParts, heads: SnapshotHeads): Promise<PublishedIndex> {
  const { signer, catalog } = parts
  const snapshots = [...heads]
    .filter(([, { manifest }]) => isShown(manifest))
    .map(([job_id, { sha256 }]) => ({ job_id, sha256 }))
    .toSorted((a, b) => compareText(a.job_id, b.job_id))
  const previous = await catalog.head(lineage.index(signer.address))
  if (!previous && snapshots.length === 0) return { index: undefined, committed: false }
  const isCurrent = previous?.kind === 'snapshot-index' && canonicalJson(previous.manifest.snapshots) === canonicalJson(snapshots)
  const index = isCurrent ? previous.sha256 : await writeIndex(parts, snapshots, previous?.sha256)
  return { index, committed: await commitIndex(parts, index) }
}

async function writeIndex({ signer, store, catalog }: IndexParts, snapshots: SnapshotIndexManifest['snapshots'], parent: string | undefined): Promise<string> {
  const manifest: SnapshotIndexManifest = signManifest({ kind: 'snapshot-index' as const, parent: parent ?? null, hotkey: signer.address, snapshots }, signer)
  const sha256 = contentAddress(manifest)
  await store.put(manifestKey(signer.address, sha256), Buffer.from(canonicalJson(manifest)))
  await catalog.commit(lineage.index(signer.address), parent, manifest)
  return sha256
}

/** @returns whether the chain names the index now; at its rate limit it will in a later cycle */
async function commitIndex({ chain, signer, telemetry }: IndexParts, index: string): Promise<boolean> {
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

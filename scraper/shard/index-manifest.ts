import { networkOf, isSameNetwork } from '#infra/chain/network.ts'
import { signManifest } from '#infra/chain/signed-manifest.ts'
import { canonicalJson, contentAddress } from '#schemas/canonical-json.ts'
import type { Chain } from '#schemas/chain.ts'
import { compareText } from '#schemas/compare-text.ts'
import { limits } from '#schemas/data-universe.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { SnapshotIndexManifest } from '#schemas/manifest.ts'
import type { Network } from '#schemas/network.ts'
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
  const { signer, catalog, chain } = parts
  const snapshots = [...heads]
    .filter(([, { manifest }]) => isShown(manifest))
    .map(([job_id, { sha256 }]) => ({ job_id, sha256 }))
    .toSorted((a, b) => compareText(a.job_id, b.job_id))
  const previous = await catalog.head(lineage.index(signer.address))
  if (!previous && snapshots.length === 0) return { index: undefined, committed: false }
  const network = await networkOf(chain)
  const { timestamp: now } = await chain.block()
  const committed = (await chain.metagraph()).neurons.find(({ hotkey }) => hotkey === signer.address)?.commitment
  const isCommitted = previous !== undefined && committed !== undefined && Buffer.from(previous.sha256, 'hex').equals(committed)
  const { manifest: former } = previous ?? {}
  const isCurrent =
    former?.kind === 'snapshot-index' &&
    canonicalJson(former.snapshots) === canonicalJson(snapshots) &&
    former.network !== undefined &&
    isSameNetwork(former.network, network) &&
    former.written_at !== undefined &&
    (isCommitted || now - Date.parse(former.written_at) < rewrittenMs)
  if (previous && isCurrent && isCommitted) return { index: previous.sha256, committed: true }
  const index = previous && isCurrent ? previous.sha256 : await writeIndex(parts, { snapshots, parent: previous?.sha256, now, network })
  return { index, committed: await commitIndex(parts, index) }
}

/** One that waited so long to be committed is written anew: a validator takes none that was written more than an hour before. */
const rewrittenMs = 30 * 60_000

interface NewIndex {
  snapshots: SnapshotIndexManifest['snapshots']
  parent: string | undefined
  /** ms, by the chain */
  now: number
  network: Network
}

async function writeIndex({ signer, store, catalog }: IndexParts, { snapshots, parent, now, network }: NewIndex): Promise<string> {
  const written_at = new Date(now).toISOString()
  const unsigned = { kind: 'snapshot-index' as const, parent: parent ?? null, hotkey: signer.address, written_at, snapshots }
  const manifest: SnapshotIndexManifest = signManifest(unsigned, signer, network)
  const sha256 = contentAddress(manifest)
  await store.put(manifestKey(signer.address, sha256), Buffer.from(canonicalJson(manifest)))
  await catalog.commit(lineage.index(signer.address), parent, manifest)
  return sha256
}

/** @returns whether the chain names the index now; at its rate limit it will in a later cycle */
async function commitIndex({ chain, signer, telemetry }: IndexParts, index: string): Promise<boolean> {
  try {
    await chain.commit(signer, new Uint8Array(Buffer.from(index, 'hex')))
    telemetry.event('shard.index_committed', { hotkey: signer.address, index })
    return true
  } catch (error) {
    if (!(error instanceof OrreryError && error.code === 'rate_limited')) throw error
    telemetry.event('shard.index_waits', { hotkey: signer.address, index, reason: error.message })
    return false
  }
}

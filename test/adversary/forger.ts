import { signManifest } from '#infra/chain/signed-manifest.ts'
import { canonicalJson, contentAddress, sha256Hex } from '#schemas/canonical-json.ts'
import type { Signer } from '#schemas/chain.ts'
import { formatShardName, shardKey } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import type { MinerIndexManifest, ShardManifest } from '#schemas/manifest.ts'
import { encodeDocuments } from '#schemas/parquet/encode.ts'
import { factTime, testOrigin, type Subnet } from './subnet.ts'

/** What a dishonest miner may set as it likes; the rest follows from its documents. */
export interface Forgery {
  documents?: readonly Document[]
  /** The file's bytes, whatever they are. */
  bytes?: Uint8Array
  /** Rows the manifest and the name claim. */
  rows?: number
  nameRows?: number
  shard?: Partial<ShardManifest>
}

/** Publishes a shard and an index as a miner that runs its own program would, and commits the index on chain. */
export async function publishForged(subnet: Subnet, signer: Signer, jobId: string, forgery: Forgery): Promise<MinerIndexManifest> {
  const shard = await putShard(subnet, signer, jobId, forgery)
  return await publishIndexOf(subnet, signer, [shard])
}

export async function publishIndexOf(
  subnet: Subnet,
  signer: Signer,
  shards: ShardManifest[],
  parts: Partial<MinerIndexManifest> = {},
): Promise<MinerIndexManifest> {
  const index = { ...signManifest({ kind: 'miner-index' as const, parent: null, hotkey: signer.address, shards }, signer), ...parts }
  await subnet.store.put(`manifests/${contentAddress(index)}.json`, Buffer.from(canonicalJson(index)))
  await subnet.chain.commit(signer, new Uint8Array(Buffer.from(contentAddress(index), 'hex')))
  return index
}

export async function putShard(subnet: Subnet, signer: Signer, jobId: string, { documents = [], ...forgery }: Forgery): Promise<ShardManifest> {
  const bytes = forgery.bytes ?? encodeDocuments(documents, { codec: 'zstd' })
  const rows = forgery.rows ?? documents.length
  const sha256 = sha256Hex(bytes)
  const name = formatShardName({ writtenAt: new Date(factTime), rows: forgery.nameRows ?? rows, hex: sha256.slice(0, 16) })
  const key = shardKey(signer.address, jobId, name)
  await subnet.store.put(key, bytes)
  const shard = {
    kind: 'shard' as const,
    parent: null,
    origin: testOrigin,
    hotkey: signer.address,
    job_id: jobId,
    file: { key, sha256, bytes: bytes.length, rows },
    written_at: new Date(factTime).toISOString(),
    datetime_range: null,
    labels: {},
    duplicates: { exact: 0, near: 0, clusters: 0 },
  }
  return { ...signManifest(shard, signer), ...forgery.shard }
}

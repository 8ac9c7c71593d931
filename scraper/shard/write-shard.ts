import { signManifest } from '#infra/chain/signed-manifest.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { formatShardName, shardKey } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import { lineage } from '#schemas/lineage.ts'
import type { ShardManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { encodeDocumentFile, type ShardCodec } from '#schemas/parquet/encode.ts'
import type { DuplicateCounts } from '../dedup/dedup.ts'
import type { ShardHead } from './former-shards.ts'

interface ShardParams {
  signer: Signer
  store: ObjectStore
  catalog: Catalog
  facts: Clock
  codec: ShardCodec
  origin: ShardManifest['origin']
  jobId: string
  /** Sorted by dedup/order.ts. */
  documents: readonly Document[]
  duplicates: DuplicateCounts
  /** Content address of the manifest this one follows. */
  parent: string | undefined
}

/** Writes one snapshot of a job: the object first, then the catalog head that makes it known. @throws OrreryError `conflict` */
export async function writeShard({ signer, store, catalog, facts, codec, origin, jobId, documents, duplicates, parent }: ShardParams): Promise<ShardHead> {
  using file = encodeDocumentFile(documents, { codec })
  const { bytes } = file
  const sha256 = sha256Hex(bytes)
  const writtenAt = new Date(Math.floor(facts.now() / 1000) * 1000)
  const key = shardKey(signer.address, jobId, formatShardName({ writtenAt, rows: documents.length, hex: sha256.slice(0, 16) }))
  const manifest = signManifest(
    {
      kind: 'shard' as const,
      parent: parent ?? null,
      origin,
      hotkey: signer.address,
      job_id: jobId,
      file: { key, sha256, bytes: bytes.length, rows: documents.length },
      written_at: writtenAt.toISOString(),
      datetime_range: datetimeRange(documents),
      labels: countLabels(documents),
      duplicates,
    },
    signer,
  )
  await store.put(key, bytes)
  const { sha256: head } = await catalog.commit(lineage.shard(signer.address, jobId), parent, manifest)
  return { sha256: head, manifest }
}

function datetimeRange(documents: readonly Document[]): ShardManifest['datetime_range'] {
  if (documents.length === 0) return null
  const times = documents.map(({ datetime }) => datetime.getTime())
  const first = times.reduce((a, b) => Math.min(a, b))
  const last = times.reduce((a, b) => Math.max(a, b))
  return { first: new Date(first).toISOString(), last: new Date(last).toISOString() }
}

function countLabels(documents: readonly Document[]): Record<string, number> {
  const labels = new Map<string, number>()
  for (const { label } of documents) labels.set(label, (labels.get(label) ?? 0) + 1)
  return Object.fromEntries(labels)
}

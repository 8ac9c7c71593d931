import { writeDeletionVector } from '#infra/corpus/deletion-vector.ts'
import { hashParts, RowCollector, writeRowList } from '#infra/corpus/list-rows.ts'
import { networkOf } from '#infra/chain/network.ts'
import { signManifest } from '#infra/chain/signed-manifest.ts'
import { canonicalJson, contentAddress, sha256Hex } from '#schemas/canonical-json.ts'
import type { Signer } from '#schemas/chain.ts'
import type { ListedFile } from '#schemas/data-file.ts'
import { formatShardName, shardKey } from '#schemas/data-universe.ts'
import { DeletedRows } from '#schemas/deletion-vector.ts'
import type { Document } from '#schemas/document.ts'
import type { SnapshotIndexManifest, SnapshotManifest } from '#schemas/manifest.ts'
import { encodeDocuments } from '#schemas/parquet/encode.ts'
import { inMemory } from '#schemas/parquet/file-bytes.ts'
import { writtenGroups } from '#schemas/parquet/inspect.ts'
import { testDocument } from '#test/golden/documents.ts'
import { factTime, testOrigin, type Subnet } from './subnet.ts'

/** What a dishonest miner may set as it likes; the rest follows from its documents. */
export interface Forgery {
  documents?: readonly Document[]
  /** The file's bytes, whatever they are. */
  bytes?: Uint8Array
  /** Rows the snapshot and the name claim. */
  rows?: number
  nameRows?: number
  /** Positions of rows that are gone. */
  deletes?: readonly number[]
}

/** Publishes one file as the only snapshot, as a miner that runs its own program would, and commits the index on chain. */
export async function publishForged(subnet: Subnet, signer: Signer, jobId: string, forgery: Forgery): Promise<ListedFile> {
  const file = await putFile(subnet, signer, jobId, forgery)
  await publishFiles(subnet, signer, jobId, [file])
  return file
}

/** Publishes a snapshot of these files, and the index that names it. @returns the key of the snapshot */
export async function publishFiles(subnet: Subnet, signer: Signer, jobId: string, files: ListedFile[], parts: Partial<SnapshotManifest> = {}): Promise<string> {
  const unsigned = { kind: 'snapshot' as const, parent: null, origin: testOrigin, hotkey: signer.address, job_id: jobId, written_at: writtenAt, files }
  const snapshot = { ...signManifest({ ...unsigned, duplicates: { exact: 0, near: 0, clusters: 0 } }, signer), ...parts }
  const key = await putManifest(subnet, signer.address, snapshot)
  await publishIndexOf(subnet, signer, [{ job_id: jobId, sha256: contentAddress(snapshot) }])
  return key
}

export async function publishIndexOf(
  subnet: Subnet,
  signer: Signer,
  snapshots: SnapshotIndexManifest['snapshots'],
  parts: Partial<SnapshotIndexManifest> = {},
): Promise<void> {
  const { timestamp } = await subnet.chain.block()
  const unsigned = { kind: 'snapshot-index' as const, parent: null, hotkey: signer.address, written_at: new Date(timestamp).toISOString(), snapshots }
  const index = { ...signManifest(unsigned, signer, await networkOf(subnet.chain)), ...parts }
  await putManifest(subnet, signer.address, index)
  await subnet.chain.commit(signer, new Uint8Array(Buffer.from(contentAddress(index), 'hex')))
}

async function putManifest({ store }: Subnet, hotkey: string, manifest: object): Promise<string> {
  const key = `manifests/hotkey=${hotkey}/${contentAddress(manifest)}.json`
  await store.put(key, Buffer.from(canonicalJson(manifest)))
  return key
}

const writtenAt = new Date(factTime).toISOString()

export async function putFile(subnet: Subnet, signer: Signer, jobId: string, { documents = [], ...forgery }: Forgery): Promise<ListedFile> {
  const bytes = forgery.bytes ?? encodeDocuments(documents, { codec: 'zstd' })
  const rows = forgery.rows ?? documents.length
  const sha256 = sha256Hex(bytes)
  const name = formatShardName({ writtenAt: new Date(factTime), rows: forgery.nameRows ?? rows, hex: sha256.slice(0, 16) })
  const key = shardKey(signer.address, jobId, name)
  await subnet.store.put(key, bytes)
  const deletes = await writeDeletionVector(subnet.store, `deletes/hotkey=${signer.address}/`, DeletedRows.of(forgery.deletes ?? []))
  const collector = new RowCollector()
  // Of rows that are claimed and not there it says what it likes.
  for (let row = 0; row < rows; row++) collector.add(documents[row] ?? testDocument(row))
  const { labels, columns } = collector.collected()
  const textBytes = columns.textBytes.reduce((sum, size) => sum + size, 0)
  const hours = [...columns.hour].toSorted((a, b) => a - b).map((hour) => new Date(hour * 3_600_000).toISOString())
  const range = rows === 0 ? null : { first: hours[0] as string, last: hours.at(-1) as string }
  const groups = await writtenGroups(inMemory(bytes)).catch(() => [{ rows, bytes: bytes.length - 8 }])
  const { row_groups, digests } = await hashParts(piecesOf(bytes), { groups, fileBytes: bytes.length })
  const row_list = await writeRowList(subnet.store, { key }, { rows, columns, digests })
  const told = { text_bytes: textBytes, written_at: writtenAt, datetime_range: range, labels, columns: [], row_groups, row_list }
  return { file: { key, sha256, bytes: bytes.length, rows, ...told }, deletes }
}

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

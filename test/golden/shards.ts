import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '#infra/clock.ts'
import { signManifest } from '#infra/chain/signed-manifest.ts'
import { ensureWallet } from '#infra/chain/wallet.ts'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { duckdbSql } from '#infra/sql/duckdb.ts'
import { folderStore, type FolderStore } from '#infra/store/folder.ts'
import { createTelemetry, type TelemetryEvent, type TelemetryHub } from '#infra/telemetry/telemetry.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Signer } from '#schemas/chain.ts'
import { formatShardName, shardKey } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import { lineage } from '#schemas/lineage.ts'
import type { ShardManifest } from '#schemas/manifest.ts'
import { encodeDocuments } from '#schemas/parquet/encode.ts'
import type { Sql } from '#schemas/sql.ts'

/** Real embedded backends in a folder of their own, gone when disposed. */
export interface ShardWorld extends AsyncDisposable {
  dir: string
  store: FolderStore
  catalog: Catalog
  sql: Sql
  telemetry: TelemetryHub
  /** What the telemetry told, in order. */
  events: TelemetryEvent[]
  signer(name: string): Promise<Signer>
}

export const goldenOrigin = { code_version: '0.0.0-golden', config_sha256: sha256Hex('golden config') }

export async function shardWorld({ origin }: { origin?: () => string } = {}): Promise<ShardWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'orrery-shards-'))
  const catalog = sqliteCatalog(join(dir, 'catalog.sqlite'), { clock: systemClock() })
  const sql = duckdbSql(join(dir, 'objects'))
  const telemetry = createTelemetry()
  const events: TelemetryEvent[] = []
  telemetry.listen((event) => events.push(event))
  return {
    dir,
    store: folderStore(join(dir, 'objects'), origin ? { origin } : {}),
    catalog,
    sql,
    telemetry,
    events,
    signer: async (name) => (await ensureWallet(join(dir, 'wallets'), name, { seed: 1 })).signer,
    async [Symbol.asyncDispose]() {
      await sql[Symbol.asyncDispose]()
      await catalog[Symbol.asyncDispose]()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

export interface ShardRequest {
  signer: Signer
  jobId: string
  documents: readonly Document[]
  /** Makes the manifest lie. */
  claim?: (honest: Omit<ShardManifest, 'signature'>) => Omit<ShardManifest, 'signature'>
}

/** The next snapshot of a job: the documents become the signer's, in the order given. */
export async function putShard(
  { store, catalog }: Pick<ShardWorld, 'store' | 'catalog'>,
  { signer, jobId, documents, claim = (honest) => honest }: ShardRequest,
): Promise<ShardManifest> {
  const rows = documents.map((document) => ({ ...document, hotkey: signer.address, job_id: jobId }))
  const bytes = encodeDocuments(rows, { codec: 'zstd' })
  const sha256 = sha256Hex(bytes)
  const key = shardKey(signer.address, jobId, formatShardName({ writtenAt: new Date(Date.UTC(2026, 0, 21)), rows: rows.length, hex: sha256.slice(0, 16) }))
  const line = lineage.shard(signer.address, jobId)
  const parent = (await catalog.head(line))?.sha256
  const labels = Object.fromEntries(
    Map.groupBy(rows, ({ label }) => label)
      .entries()
      .map(([label, { length }]) => [label, length]),
  )
  const honest = {
    kind: 'shard' as const,
    parent: parent ?? null,
    origin: goldenOrigin,
    hotkey: signer.address,
    job_id: jobId,
    file: { key, sha256, bytes: bytes.length, rows: rows.length },
    written_at: '2026-01-21T00:00:00.000Z',
    datetime_range: null,
    labels,
    duplicates: { exact: 0, near: 0, clusters: 0 },
  }
  const manifest = signManifest(claim(honest), signer)
  await store.put(key, bytes)
  await catalog.commit(line, parent, manifest)
  return manifest
}

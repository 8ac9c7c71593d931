import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqliteApiKeys } from '#infra/api-keys/sqlite.ts'
import { systemClock } from '#infra/clock.ts'
import { signManifest } from '#infra/chain/signed-manifest.ts'
import { ensureWallet } from '#infra/chain/wallet.ts'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import type { ApiAccess } from '#infra/net/api-access.ts'
import { duckdbSql } from '#infra/sql/duckdb.ts'
import { folderStore, type FolderStore } from '#infra/store/folder.ts'
import { openSweep, type Sweep } from '#infra/sweep/sweep.ts'
import { createTelemetry, type TelemetryEvent, type TelemetryHub } from '#infra/telemetry/telemetry.ts'
import { readTokensGroups, readVersionGroups } from '#infra/corpus/groups.ts'
import { writeDeletionVector } from '#infra/corpus/deletion-vector.ts'
import { writeDataFile } from '#infra/corpus/write-data-file.ts'
import { openTrust, type Trust } from '#dataset/ingest/trust.ts'
import { folderCorpusIndex } from '#infra/corpus-index/corpus-index.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Catalog, CatalogEntry } from '#schemas/catalog.ts'
import type { Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import type { CorpusIndex } from '#schemas/corpus-index.ts'
import type { ListedFile } from '#schemas/data-file.ts'
import { formatShardName, shardKey } from '#schemas/data-universe.ts'
import { DeletedRows } from '#schemas/deletion-vector.ts'
import type { Document } from '#schemas/document.ts'
import { lineage } from '#schemas/lineage.ts'
import type { SnapshotManifest, TokensGroup, VersionGroup } from '#schemas/manifest.ts'
import type { Sql } from '#schemas/sql.ts'
import { goldenTokenizers } from './tokenizers.ts'
import { openEncoders, type Encoders } from '#infra/tokenizer/encoders.ts'

/** Real embedded backends in a folder of their own, gone when disposed. */
export interface ShardWorld extends AsyncDisposable {
  dir: string
  /** The same, as commands know it. */
  dataDir: string
  store: FolderStore
  catalog: Catalog
  sql: Sql
  /** Of one dataset. */
  index: CorpusIndex
  /** Of its objects. */
  sweep: Sweep
  /** Of o200k_base, shared by all worlds of a process. */
  encoders: Encoders
  /** Of whom a dataset takes shards: of all. */
  trust(): Promise<Trust>
  telemetry: TelemetryHub
  pace: Clock
  queryFolder: string
  /** Of a query API: whoever asks from this machine needs no key. */
  access: ApiAccess
  hasContact: boolean
  /** Of a world without a chain. */
  onDemand(): undefined
  castVotes(): Promise<never>
  origin: SnapshotManifest['origin']
  datasetName: string
  /** What the telemetry told, in order. */
  events: TelemetryEvent[]
  signer(name: string): Promise<Signer>
}

const encoders = openEncoders({ tokenizer: 'o200k_base', folder: goldenTokenizers, threads: 1 })

export const goldenOrigin = { code_version: '0.0.0-golden', config_sha256: sha256Hex('golden config') }

/** @param dir a folder that stays; absent: one of its own */
export async function shardWorld({
  origin,
  clock = systemClock(),
  dir: kept,
}: { origin?: () => string; clock?: Clock; dir?: string } = {}): Promise<ShardWorld> {
  const dir = kept ?? (await mkdtemp(join(tmpdir(), 'orrery-shards-')))
  await mkdir(goldenTokenizers, { recursive: true })
  await symlink(goldenTokenizers, join(dir, 'tokenizers')).catch(() => undefined)
  const catalog = sqliteCatalog(join(dir, 'catalog.sqlite'), { clock })
  const index = folderCorpusIndex(join(dir, 'corpus'))
  const store = folderStore(join(dir, 'objects'), origin ? { origin } : {})
  const sql = duckdbSql(join(dir, 'objects'), store)
  const sweep = openSweep({ store, path: join(dir, 'sweep.sqlite'), clock })
  const keys = sqliteApiKeys(join(dir, 'keys.sqlite'), { clock })
  const telemetry = createTelemetry()
  const events: TelemetryEvent[] = []
  telemetry.listen((event) => events.push(event))
  return {
    dir,
    dataDir: dir,
    store,
    catalog,
    sql,
    index,
    sweep,
    encoders,
    trust: () => Promise.resolve(openTrust),
    telemetry,
    pace: clock,
    queryFolder: join(dir, 'query'),
    hasContact: false,
    onDemand: () => undefined,
    castVotes: () => Promise.reject(new TypeError('This world has no chain.')),
    origin: goldenOrigin,
    datasetName: 'web',
    access: { keys, requireKey: 'auto', host: '127.0.0.1', corsOrigins: [] },
    events,
    signer: async (name) => (await ensureWallet(join(dir, 'wallets'), name, { seed: 1 })).signer,
    async [Symbol.asyncDispose]() {
      sweep[Symbol.dispose]()
      await keys[Symbol.asyncDispose]()
      await index[Symbol.asyncDispose]()
      await sql[Symbol.asyncDispose]()
      await catalog[Symbol.asyncDispose]()
      if (kept === undefined) await rm(dir, { recursive: true, force: true })
    },
  }
}

/** One shard of a job; `deletes`: positions of its rows that are gone. */
export interface GoldenShard {
  documents: readonly Document[]
  deletes?: readonly number[]
}

export interface SnapshotRequest {
  signer: Signer
  jobId: string
  shards: readonly GoldenShard[]
  /** Makes the manifest lie. */
  claim?: (honest: Unsigned) => Unsigned
}
type Unsigned = Omit<SnapshotManifest, 'signature'>

/** The next snapshot of a job: the documents become the signer's, in the order given. The same documents are the same file. */
export async function putSnapshot(
  { store, catalog, dir }: Pick<ShardWorld, 'store' | 'catalog' | 'dir'>,
  { signer, jobId, shards, claim = (honest) => honest }: SnapshotRequest,
): Promise<SnapshotManifest> {
  const line = lineage.snapshot(signer.address, jobId)
  const parent = (await catalog.head(line))?.sha256
  const files: ListedFile[] = []
  for (const { documents, deletes = [] } of shards) {
    const file = await writeDataFile(store, {
      documents: documents.map((document) => ({ ...document, hotkey: signer.address, job_id: jobId })),
      codec: 'zstd',
      writtenAt: new Date(Date.UTC(2026, 0, 21)),
      spool: join(dir, 'spool'),
      keyOf: ({ sha256, rows }) =>
        shardKey(signer.address, jobId, formatShardName({ writtenAt: new Date(Date.UTC(2026, 0, 21)), rows, hex: sha256.slice(0, 16) })),
    })
    files.push({ file, deletes: await writeDeletionVector(store, `deletes/hotkey=${signer.address}/`, DeletedRows.of(deletes)) })
  }
  const honest = {
    kind: 'snapshot' as const,
    parent: parent ?? null,
    origin: goldenOrigin,
    hotkey: signer.address,
    job_id: jobId,
    written_at: '2026-01-21T00:00:00.000Z',
    files,
    duplicates: { exact: 0, near: 0, clusters: 0 },
  }
  const manifest = signManifest(claim(honest), signer)
  await catalog.commit(line, parent, manifest)
  return manifest
}

export interface ShardRequest extends Omit<SnapshotRequest, 'shards'>, GoldenShard {}

/** The next snapshot of a job, all of it in one shard. */
export const putShard = (
  world: Pick<ShardWorld, 'store' | 'catalog' | 'dir'>,
  { documents, deletes = [], ...request }: ShardRequest,
): Promise<SnapshotManifest> => putSnapshot(world, { ...request, shards: [{ documents, deletes }] })

/** What a version says of the jobs of miners; of none nothing. */
export const groupsOf = async (
  { store }: Pick<ShardWorld, 'store'>,
  entry: CatalogEntry<'version' | 'dataset'> | undefined,
): Promise<readonly VersionGroup[]> => (entry?.kind === 'version' ? (await readVersionGroups(store, entry.manifest)).items : [])
export const tokensGroupsOf = async ({ store }: Pick<ShardWorld, 'store'>, entry: CatalogEntry<'token-version'> | undefined): Promise<readonly TokensGroup[]> =>
  entry ? (await readTokensGroups(store, entry.manifest)).items : []

import { contentAddress, sha256Hex } from '#schemas/canonical-json.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { limits } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import type { DatasetManifest, StoredFile } from '#schemas/manifest.ts'
import { lineage } from '#schemas/lineage.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { encodeDocumentFile } from '#schemas/parquet/encode.ts'
import type { Sql } from '#schemas/sql.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { commitDataset, type DatasetEntry, type Outcome } from '#dataset/versions.ts'
import { batches } from './batches.ts'
import { cleaningVersion } from './clean.ts'
import { findDuplicates, type Duplicates } from './duplicates.ts'
import { mergeShards } from './merge.ts'
import { findSources, type Source } from './sources.ts'
import { stageShard, sweepStaging, type StagedShard } from './staging.ts'

export interface IngestRequest {
  catalog: Catalog
  store: ObjectStore
  sql: Sql
  /** Name of the dataset. */
  name: string
  origin: DatasetManifest['origin']
  telemetry: Telemetry
  signal: AbortSignal
  /** Documents of one Parquet file, at most. */
  rowsPerFile?: number
}

const fileBytesMax = 128 * 2 ** 20

interface Staged {
  source: Source
  shard: StagedShard
}

/**
 * Makes the next version of a dataset of the current shards of all miners: verified, cleaned, deduplicated over all of them, sorted by id,
 * written as Parquet and committed. Nothing new → no version. What it writes is seen only after the commit; a run that was cut off is just run again.
 *
 * A version follows from its shards, the code version and the cleaning rules alone: the same ones give the same bytes.
 * @throws OrreryError `conflict` when another process committed in between (retryable)
 */
export async function ingest(request: IngestRequest): Promise<Outcome<DatasetEntry>> {
  const { catalog, name, origin } = request
  const head = await catalog.head(lineage.dataset(name))
  const recipe = contentAddress({ cleaning: cleaningVersion, code: origin.code_version }).slice(0, 8)
  const staged = await stageAll(request, recipe)
  const sources = sourcesOf(staged)
  if (sources.length === 0 || (head && isSame(head.manifest, sources, origin))) return { changed: false, entry: head }

  const shards = staged.map(({ shard }) => shard.parts)
  const duplicates = await findDuplicates(request.sql, shards.flat(), request.signal)
  const written = await writeFiles(request, contentAddress({ sources, recipe }).slice(0, 16), mergeShards(request.store, shards, duplicates))
  const dropped = droppedOf(staged, duplicates)
  const entry = await commitDataset(catalog, head, { origin, name, cleaning: cleaningVersion, sources, ...written, dropped })
  const current = staged.map(({ source }) => source)
  await sweepStaging(request.store, { name, recipe }, current)
  announce(request.telemetry, entry, duplicates)
  return { changed: true, entry }
}

/** A shard that is not what its manifest says costs itself, not the run. */
async function stageAll({ catalog, store, name, telemetry, signal }: IngestRequest, recipe: string): Promise<Staged[]> {
  const { sources, skipped } = await findSources(catalog)
  const staged: Staged[] = []
  for (const source of sources) {
    signal.throwIfAborted()
    const shard = await stageShard({ store, name, recipe, source, signal, telemetry })
    if (typeof shard === 'string') skipped.push({ line: source.line, reason: shard })
    else staged.push({ source, shard })
  }
  for (const { line, reason } of skipped) {
    telemetry.count('dataset.shards_skipped', 1, { reason })
    telemetry.event('dataset.shard_skipped', { line, reason })
  }
  return staged
}

/** sha256 of the shards that gave at least one document: another miner's copy of a file, which gives none, changes nothing. */
const sourcesOf = (staged: readonly Staged[]): string[] =>
  [...new Set(staged.filter(({ shard }) => shard.documents > 0).map(({ source }) => source.manifest.file.sha256))].toSorted()

const isSame = (manifest: DatasetManifest, sources: readonly string[], origin: DatasetManifest['origin']): boolean =>
  manifest.cleaning === cleaningVersion && manifest.origin.code_version === origin.code_version && contentAddress(manifest.sources) === contentAddress(sources)

type Written = Pick<DatasetManifest, 'files' | 'documents' | 'text_bytes' | 'labels'>

/** @param address of the version, made of all that its files follow from */
async function writeFiles(request: IngestRequest, address: string, documents: AsyncIterable<Document>): Promise<Written> {
  const { store, name, signal, rowsPerFile = limits.rowsPerGroup } = request
  const written = { files: [] as StoredFile[], documents: 0, text_bytes: 0 }
  // A label is anybody's word, `constructor` too: no key of an object while it is counted.
  const labels = new Map<string, number>()
  for await (const rows of batches(documents, { rows: rowsPerFile, bytes: fileBytesMax })) {
    signal.throwIfAborted()
    written.files.push(await putFile(store, `datasets/${name}/${address}/part-${String(written.files.length).padStart(5, '0')}.parquet`, rows))
    written.documents += rows.length
    for (const { label, text_bytes } of rows) {
      written.text_bytes += text_bytes
      labels.set(label, (labels.get(label) ?? 0) + 1)
    }
  }
  return { ...written, labels: Object.fromEntries(labels) }
}

async function putFile(store: ObjectStore, key: string, rows: readonly Document[]): Promise<StoredFile> {
  using file = encodeDocumentFile(rows, { codec: 'zstd' })
  const { bytes } = file
  await store.put(key, bytes)
  return { key, sha256: sha256Hex(bytes), bytes: bytes.length, rows: rows.length }
}

function droppedOf(staged: readonly Staged[], { counts }: Duplicates): Record<string, number> {
  const dropped: Record<string, number> = {}
  const add = (reason: string, by: number): void => {
    if (by > 0) dropped[reason] = (dropped[reason] ?? 0) + by
  }
  for (const { shard } of staged) for (const [reason, count] of Object.entries(shard.dropped)) add(reason, count)
  add('duplicate_exact', counts.duplicate_exact)
  add('duplicate_near', counts.duplicate_near)
  return dropped
}

function announce(telemetry: Telemetry, { version, sha256, manifest }: DatasetEntry, { counts }: Duplicates): void {
  for (const [reason, count] of Object.entries(manifest.dropped)) telemetry.count('dataset.rejects', count, { reason })
  const { name, documents, text_bytes, dropped, sources, files } = manifest
  telemetry.event('dataset.version', {
    name,
    version,
    sha256,
    documents,
    text_bytes,
    dropped,
    clusters: counts.clusters,
    shards: sources.length,
    files: files.length,
  })
}

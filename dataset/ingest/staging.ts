import { z } from 'zod'
import { canonicalJson, sha256Hex } from '#schemas/canonical-json.ts'
import type { Document } from '#schemas/document.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { decodeRows, RefusedRow } from '#schemas/parquet/decode.ts'
import { encodeDocumentFile } from '#schemas/parquet/encode.ts'
import { sieve, type Telemetry } from '#schemas/stage.ts'
import { verifyManifest } from '#infra/chain/signed-manifest.ts'
import { takingTurns } from '#dataset/turns.ts'
import { batches, documentBytes } from './batches.ts'
import { cleanDocument, compareDocuments } from './clean.ts'
import type { Source } from './sources.ts'

/** Small enough that a merge over a hundred shards holds one part of each in memory. */
const partMax = { rows: 2_000, bytes: 32 * 2 ** 20 }
/** One shard's documents are in memory together, to be sorted. */
const shardBytesMax = 2 ** 31
/** A job asks for one label or a few; each becomes a stratum of tokens. */
const labelsMax = 1_000

const StagedShard = z.strictObject({
  /** Parquet objects: documents sorted by id, no id twice. */
  parts: z.array(z.string()),
  documents: z.int().nonnegative(),
  dropped: z.record(z.string(), z.int().positive()),
})
/** One shard after cleaning, kept in the store so that a shard is verified and cleaned once, however often a dataset is made of it. */
export type StagedShard = z.infer<typeof StagedShard>

const prefixOf = (name: string): string => `clean/${name}/`
const folderOf = (name: string, recipe: string, { address }: Source): string => `${prefixOf(name)}${address}-${recipe}`

export interface StageRequest {
  store: ObjectStore
  /** Name of the dataset. */
  name: string
  /** Names the rules in force; under other rules a shard is cleaned anew. */
  recipe: string
  source: Source
  signal: AbortSignal
  telemetry: Telemetry
}

/**
 * Verifies, cleans and stages a shard, unless that was done before: the marker is written last, so a crash before it only repeats the work.
 * @returns a string when the shard is not what its manifest says: why, as a stable code
 * @throws OrreryError of the store, when it is not the shard's fault
 */
export async function stageShard(request: StageRequest): Promise<StagedShard | string> {
  const { store, name, recipe, source } = request
  const folder = folderOf(name, recipe, source)
  const marker = `${folder}/staged.json`
  if (await store.head(marker)) return StagedShard.parse(JSON.parse(Buffer.from(await store.get(marker)).toString()))
  if (!verifyManifest(source.manifest)) return 'bad_signature'
  const bytes = await readShard(store, source)
  if (typeof bytes === 'string') return bytes
  const cleaned = await cleanShard(bytes, request)
  if (typeof cleaned === 'string') return cleaned
  const staged: StagedShard = { parts: [], documents: cleaned.documents.length, dropped: cleaned.dropped }
  for await (const part of batches(cleaned.documents, partMax)) {
    const key = `${folder}/part-${String(staged.parts.length).padStart(5, '0')}.parquet`
    using file = encodeDocumentFile(part, { codec: 'zstd' })
    await store.put(key, file.bytes)
    staged.parts.push(key)
  }
  await store.put(marker, Buffer.from(canonicalJson(staged)))
  return staged
}

/** Deletes what was staged for shards that are no longer current. */
export async function sweepStaging(store: ObjectStore, { name, recipe }: { name: string; recipe: string }, current: readonly Source[]): Promise<void> {
  const kept = new Set(current.map((source) => folderOf(name, recipe, source)))
  const stale: string[] = []
  for await (const { key } of store.list(prefixOf(name))) if (!kept.has(key.slice(0, key.lastIndexOf('/')))) stale.push(key)
  // The marker says that all parts are there, so it goes first.
  for (const key of stale.toSorted((a, b) => Number(b.endsWith('.json')) - Number(a.endsWith('.json')))) await store.delete(key)
}

async function readShard(store: ObjectStore, { manifest: { file } }: Source): Promise<Uint8Array | string> {
  const found = await store.head(file.key)
  if (!found) return 'missing_object'
  if (found.bytes !== file.bytes) return 'wrong_size'
  const bytes = await store.get(file.key)
  return sha256Hex(bytes) === file.sha256 ? bytes : 'wrong_sha256'
}

async function cleanShard(bytes: Uint8Array, request: StageRequest): Promise<{ documents: Document[]; dropped: Record<string, number> } | string> {
  const { source } = request
  const cleaned: Document[] = []
  const dropped: Record<string, number> = {}
  const clean = sieve(
    'clean',
    (row: Document | RefusedRow) => (row instanceof RefusedRow ? `${row.column}_${row.reason}` : cleanDocument(row, source.manifest)),
    (_, reason) => void (dropped[reason] = (dropped[reason] ?? 0) + 1),
  )
  const read = { rows: 0 }
  let kept = 0
  try {
    for await (const document of clean(rowsOf(bytes, read, request.signal), request)) {
      kept += documentBytes(document)
      if (kept > shardBytesMax) return 'too_large'
      cleaned.push(document)
    }
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'invalid_record') return 'unreadable'
    throw error
  }
  if (read.rows !== source.manifest.file.rows) return 'wrong_rows'
  if (new Set(cleaned.map(({ label }) => label)).size > labelsMax) return 'too_many_labels'
  const documents = cleaned.toSorted(compareDocuments).filter((document, at, sorted) => document.id !== sorted[at - 1]?.id)
  if (documents.length < cleaned.length) dropped['duplicate_exact'] = cleaned.length - documents.length
  return { documents, dropped }
}

/** The rows of a shard; counts them in `read`, and lets others have a turn in between. */
async function* rowsOf(bytes: Uint8Array, read: { rows: number }, signal: AbortSignal): AsyncGenerator<Document | RefusedRow> {
  const turn = takingTurns(signal)
  for await (const group of decodeRows(bytes)) {
    read.rows += group.length
    for (const row of group) {
      await turn(row instanceof RefusedRow ? 0 : row.text.length)
      yield row
    }
  }
}

import { verifyManifest } from '#infra/chain/signed-manifest.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { limits, parseShardKey, parseShardName } from '#schemas/data-universe.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ShardManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { inMemory } from '#schemas/parquet/file-bytes.ts'
import { inspectParquet, type ParquetFacts } from '#schemas/parquet/inspect.ts'
import { failure, orMissing, type Failure } from './failure.ts'

/** The manifest by itself: signature, owner, key and file name. */
export function checkManifest(manifest: ShardManifest, hotkey: string): Failure[] {
  const { file, job_id: jobId } = manifest
  if (manifest.hotkey !== hotkey) return [failure('shard_hotkey', `${file.key} is a shard of ${manifest.hotkey}`)]
  if (!verifyManifest(manifest)) return [failure('shard_signature', `the manifest of ${file.key} is not signed by its hotkey`)]
  const place = parseShardKey(file.key)
  if (!place || place.hotkey !== hotkey || place.jobId !== jobId) return [failure('shard_key', `${file.key} is no key of job ${jobId} of this hotkey`)]
  const name = parseShardName(place.name)
  if (!name || name.hex !== file.sha256.slice(0, 16) || name.writtenAt.getTime() !== Date.parse(manifest.written_at))
    return [failure('shard_name', `${place.name} does not say the time and content of its manifest`)]
  if (name.rows !== file.rows) return [failure('row_count', `${place.name} says ${name.rows} rows and its manifest ${file.rows}`)]
  return checkSize(file.key, file.bytes, file.rows)
}

function checkSize(key: string, bytes: number, rows: number): Failure[] {
  if (bytes < limits.shardBytesMin) return [failure('file_too_small', `${key} has ${bytes} bytes, less than ${limits.shardBytesMin}`)]
  if (bytes > limits.shardBytesMax) return [failure('file_too_large', `${key} has ${bytes} bytes, more than ${limits.shardBytesMax}`)]
  if (bytes < rows * limits.bytesPerRowMin)
    return [failure('bytes_per_row', `${key} has ${(bytes / rows).toFixed(1)} bytes a row, less than ${limits.bytesPerRowMin}: rows repeat or hold nothing`)]
  return []
}

/** The file's bytes, proved to be those of the manifest; or why not. @throws OrreryError `store_unavailable` */
export async function readShard({ file }: ShardManifest, store: ObjectStore): Promise<Uint8Array | Failure> {
  const found = await orMissing(store.head(file.key))
  if (!found) return failure('shard_missing', `there is no object ${file.key}`)
  if (found.bytes !== file.bytes) return failure('shard_size', `${file.key} has ${found.bytes} bytes, its manifest says ${file.bytes}`)
  const bytes = await orMissing(store.get(file.key))
  if (!bytes) return failure('shard_missing', `there is no object ${file.key}`)
  return sha256Hex(bytes) === file.sha256 ? bytes : failure('shard_hash', `the bytes of ${file.key} are not those of its manifest`)
}

/** The footer against the protocol and the manifest; nothing is decoded yet. */
export async function checkFooter({ file }: ShardManifest, bytes: Uint8Array): Promise<Failure[]> {
  let facts: ParquetFacts
  try {
    facts = await inspectParquet(inMemory(bytes))
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'invalid_record') return [failure('not_parquet', `${file.key}: ${String(error.details['what'])}`)]
    throw error
  }
  if (facts.schemaFault) return [failure('schema', `${file.key} is no document shard: ${facts.schemaFault}`)]
  if (facts.rows !== file.rows) return [failure('row_count', `${file.key} says ${file.rows} rows and its footer ${facts.rows}`)]
  if (facts.codecs.includes('UNCOMPRESSED')) return [failure('uncompressed', `${file.key} has uncompressed columns`)]
  const wrong = facts.rowGroups.findIndex(({ rows }, at) => rows !== Math.min(limits.rowsPerGroup, facts.rows - at * limits.rowsPerGroup))
  if (wrong >= 0)
    return [failure('row_groups', `row group ${wrong} of ${file.key} has ${facts.rowGroups[wrong]?.rows} rows; all but the last have ${limits.rowsPerGroup}`)]
  return []
}

import { storedFile } from '#infra/corpus/stored-file.ts'
import { verifyObject } from '#infra/corpus/verify-object.ts'
import { limits, parseShardKey, parseShardName } from '#schemas/data-universe.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { inspectParquet, type ParquetFacts } from '#schemas/parquet/inspect.ts'
import type { ClaimedFile } from './claim.ts'
import { failure, orMissing, type Failure } from './failure.ts'

/** What is listed of a file, by itself: key, name, size and where its deletion vector lies. */
export function checkListed({ file, deletes, jobId }: ClaimedFile, hotkey: string): Failure | undefined {
  const place = parseShardKey(file.key)
  if (!place || place.hotkey !== hotkey || place.jobId !== jobId) return failure('shard_key', `${file.key} is no key of job ${jobId} of this hotkey`)
  const name = parseShardName(place.name)
  if (!name || name.hex !== file.sha256.slice(0, 16) || name.writtenAt.getTime() !== Date.parse(file.written_at))
    return failure('shard_name', `${place.name} does not say the time and content of its file`)
  if (name.rows !== file.rows) return failure('row_count', `${place.name} says ${name.rows} rows and its snapshot ${file.rows}`)
  if (deletes && deletes.key !== `deletes/hotkey=${hotkey}/${deletes.sha256}.dv`)
    return failure('deletes_key', `${deletes.key} is no key of a deletion vector of this hotkey`)
  return checkSize(file.key, file.bytes, file.rows)
}

function checkSize(key: string, bytes: number, rows: number): Failure | undefined {
  if (bytes > limits.shardBytesMax) return failure('file_too_large', `${key} has ${bytes} bytes, more than ${limits.shardBytesMax}`)
  if (bytes < rows * limits.bytesPerRowMin)
    return failure('bytes_per_row', `${key} has ${(bytes / rows).toFixed(1)} bytes a row, less than ${limits.bytesPerRowMin}: rows repeat or hold nothing`)
  return undefined
}

/** Whether the object is the file that is listed. @throws OrreryError `store_unavailable` */
export async function checkObject({ file }: ClaimedFile, store: Pick<ObjectStore, 'get' | 'head'>, signal: AbortSignal): Promise<Failure | undefined> {
  // It may go between two reads of it.
  const wrong = await orMissing(verifyObject(store, file, signal).then((code) => ({ code })))
  if (wrong && wrong.code === undefined) return undefined
  if (wrong?.code === 'wrong_size') return failure('shard_size', `${file.key} has not the ${file.bytes} bytes that its snapshot says`)
  if (wrong?.code === 'wrong_sha256') return failure('shard_hash', `the bytes of ${file.key} are not those of its snapshot`)
  return failure('shard_missing', `there is no object ${file.key}`)
}

/** The footer against the protocol and what is listed; nothing is decoded yet. */
export async function checkFooter({ file }: ClaimedFile, store: Pick<ObjectStore, 'get'>, signal: AbortSignal): Promise<Failure | undefined> {
  let facts: ParquetFacts
  try {
    facts = await inspectParquet(storedFile(store, file, signal))
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'invalid_record') return failure('not_parquet', `${file.key}: ${String(error.details['what'])}`)
    throw error
  }
  if (facts.schemaFault) return failure('schema', `${file.key} is no document shard: ${facts.schemaFault}`)
  if (facts.rows !== file.rows) return failure('row_count', `${file.key} says ${file.rows} rows and its footer ${facts.rows}`)
  if (facts.codecs.includes('UNCOMPRESSED')) return failure('uncompressed', `${file.key} has uncompressed columns`)
  const wrong = facts.rowGroups.findIndex(({ rows }, at) => rows !== Math.min(limits.rowsPerGroup, facts.rows - at * limits.rowsPerGroup))
  if (wrong >= 0)
    return failure('row_groups', `row group ${wrong} of ${file.key} has ${facts.rowGroups[wrong]?.rows} rows; all but the last have ${limits.rowsPerGroup}`)
  return undefined
}

import { rowListKey } from '#infra/corpus/list-rows.ts'
import { limits, parseShardKey, parseShardName, shardRowsMax } from '#schemas/data-universe.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { FileBytes } from '#schemas/parquet/file-bytes.ts'
import { inspectParquet } from '#schemas/parquet/inspect.ts'
import { rowListBytesMax } from '#schemas/row-list.ts'
import type { ClaimedFile } from './claim.ts'
import { failure, orMissing, type Failure, type FailureCode } from './failure.ts'

/** Of one file. */
const labelsMax = 1000

/** What is listed of a file, by itself: key, name, size and where its deletion vector lies. */
export function checkListed({ file, deletes, jobId }: ClaimedFile, hotkey: string): Failure | undefined {
  const place = parseShardKey(file.key)
  if (!place || place.hotkey !== hotkey || place.jobId !== jobId) return failure('shard_key', `${file.key} is no key of job ${jobId} of this hotkey`)
  const name = parseShardName(place.name)
  if (!name || name.hex !== file.sha256.slice(0, 16) || name.writtenAt.getTime() !== Date.parse(file.written_at))
    return failure('shard_name', `${place.name} does not say the time and content of its file`)
  if (name.rows !== file.rows) return failure('row_count', `${place.name} says ${name.rows} rows and its snapshot ${file.rows}`)
  const lacking = checkParts(file)
  if (lacking) return lacking
  if (deletes && deletes.key !== `deletes/hotkey=${hotkey}/${deletes.sha256}.dv`)
    return failure('deletes_key', `${deletes.key} is no key of a deletion vector of this hotkey`)
  return checkSize(file.key, file.bytes, file.rows)
}

/** That it can be compared and proved in parts, and that its row groups are those of the protocol. */
function checkParts({ key, bytes, rows, labels, row_groups: groups, row_list: list }: ClaimedFile['file']): Failure | undefined {
  if (!groups || !list) return failure('list_missing', `${key} has no list of its rows: a miner of this version writes one`)
  if (list.key !== rowListKey(key, list.sha256)) return failure('list_missing', `${list.key} is no key of the list of ${key}`)
  if (list.bytes > rowListBytesMax({ rows, bytes })) return failure('list_malformed', `the list of ${key} claims ${list.bytes} bytes for ${rows} rows`)
  if (labels.length > labelsMax) return failure('job_match', `the rows of ${key} have ${labels.length} labels, more than ${labelsMax}`)
  if (groups.reduce((sum, group) => sum + group.bytes, 0) >= bytes) return failure('row_groups', `the row groups of ${key} have more bytes than it`)
  return checkGroups(
    key,
    rows,
    groups.map((group) => group.rows),
  )
}

function checkGroups(key: string, rows: number, groups: readonly number[]): Failure | undefined {
  const wrong = groups.findIndex((found, at) => found !== Math.min(limits.rowsPerGroup, rows - at * limits.rowsPerGroup))
  if (wrong >= 0) return failure('row_groups', `row group ${wrong} of ${key} has ${groups[wrong]} rows; all but the last have ${limits.rowsPerGroup}`)
  return groups.length === Math.ceil(rows / limits.rowsPerGroup) ? undefined : failure('row_groups', `${key} has ${groups.length} row groups for ${rows} rows`)
}

function checkSize(key: string, bytes: number, rows: number): Failure | undefined {
  if (bytes > limits.shardBytesMax) return failure('file_too_large', `${key} has ${bytes} bytes, more than ${limits.shardBytesMax}`)
  if (rows > shardRowsMax) return failure('file_too_large', `${key} has ${rows} rows, more than ${shardRowsMax}`)
  if (bytes < rows * limits.bytesPerRowMin)
    return failure('bytes_per_row', `${key} has ${(bytes / rows).toFixed(1)} bytes a row, less than ${limits.bytesPerRowMin}: rows repeat or hold nothing`)
  return undefined
}

/** Whether there is an object of that size. @throws OrreryError `store_unavailable` */
export async function checkObject({ file }: ClaimedFile, store: Pick<ObjectStore, 'head'>): Promise<Failure | undefined> {
  const found = await orMissing(store.head(file.key))
  if (!found) return failure('shard_missing', `there is no object ${file.key}`)
  return found.bytes === file.bytes ? undefined : failure('shard_size', `${file.key} has not the ${file.bytes} bytes that its snapshot says`)
}

/** The footer against the protocol and what is listed; nothing is decoded yet. */
export async function checkFooter({ file }: ClaimedFile, bytes: FileBytes): Promise<Failure | undefined> {
  const read = await inspectParquet(bytes).catch((error: unknown) => unreadable(file, error, 'not_parquet'))
  if ('code' in read) return read
  if (read.schemaFault) return failure('schema', `${file.key} is no document shard: ${read.schemaFault}`)
  if (read.rows !== file.rows) return failure('row_count', `${file.key} says ${file.rows} rows and its footer ${read.rows}`)
  if (read.codecs.includes('UNCOMPRESSED')) return failure('uncompressed', `${file.key} has uncompressed columns`)
  return checkGroups(
    file.key,
    read.rows,
    read.rowGroups.map(({ rows }) => rows),
  )
}

/** What reading a file said of it, when that is its miner's doing. */
export function unreadable({ key }: { key: string }, error: unknown, code: FailureCode): Failure {
  if (!(error instanceof OrreryError)) throw error
  if (error.code === 'not_found') return failure('shard_missing', `there is no object ${key}`)
  if (error.code !== 'invalid_record') throw error
  return failure(error.details['block'] === undefined ? code : 'shard_hash', `${key}: ${String(error.details['what'])}`)
}

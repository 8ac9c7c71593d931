import { storeFailure } from '#infra/store/failure.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'

/** Every way a miner's claim can fail a check. Each is the miner's doing: what is ours (a store or network that does not answer) is no failure. */
export type FailureCode =
  | 'no_commitment'
  | 'commitment_malformed'
  | 'index_missing'
  | 'index_too_large'
  | 'index_hash'
  | 'index_malformed'
  | 'index_signature'
  | 'index_hotkey'
  | 'index_jobs'
  | 'index_network'
  | 'index_written_at'
  | 'snapshot_missing'
  | 'snapshot_too_large'
  | 'snapshot_hash'
  | 'snapshot_malformed'
  | 'snapshot_signature'
  | 'snapshot_hotkey'
  | 'file_twice'
  | 'too_many_files'
  | 'deletes_key'
  | 'deletes_missing'
  | 'deletes_malformed'
  | 'list_missing'
  | 'list_malformed'
  | 'list_lies'
  | 'shard_key'
  | 'shard_name'
  | 'shard_missing'
  | 'shard_size'
  | 'shard_hash'
  | 'file_too_small'
  | 'file_too_large'
  | 'bytes_per_row'
  | 'not_parquet'
  | 'uncompressed'
  | 'row_groups'
  | 'row_count'
  | 'schema'
  | 'row_malformed'
  | 'unreadable'
  | 'row_owner'
  | 'row_url'
  | 'text_bytes'
  | 'content_id'
  | 'minhash'
  | 'job_match'
  | 'duplicates'
  | 'empty'
  | 'datetime'
  | 'page_contradicted'
  | 'pages_lost'

export interface Failure {
  code: FailureCode
  /** For the miner's operator: what was found, and where. */
  detail: string
}

const detailChars = 500

/** What a miner wrote may stand in the detail, whatever it is: it is cut, and a cut through a pair of surrogates leaves no half of it. */
export const failure = (code: FailureCode, detail: string): Failure => ({ code, detail: detail.slice(0, detailChars).toWellFormed() })

/** The answer of a store, or undefined when it says there is no such object. Its other troubles are thrown. */
export async function orMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof OrreryError && (error.code === 'not_found' || error.code === 'invalid_argument')) return undefined
    throw error
  }
}

const named = (error: unknown): never => {
  throw error instanceof OrreryError ? error : (storeFailure(error, 'the object store') ?? error)
}

/** A store whose troubles, whoever meets them, are known for the validator's own. */
export function ownStore({ get, head }: Pick<ObjectStore, 'get' | 'head'>): Pick<ObjectStore, 'get' | 'head'> {
  return { get: (...asked) => get(...asked).catch(named), head: (key) => head(key).catch(named) }
}

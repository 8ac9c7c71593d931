import { storeFailure } from '#infra/store/failure.ts'
import { OrreryError } from '#schemas/errors.ts'

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
  | 'shard_signature'
  | 'shard_hotkey'
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
  | 'copied_rows'
  | 'page_differs'

export interface Failure {
  code: FailureCode
  /** For the miner's operator: what was found, and where. */
  detail: string
}

const detailChars = 500

/** What a miner wrote may stand in the detail, whatever it is: it is cut, and a cut through a pair of surrogates leaves no half of it. */
export const failure = (code: FailureCode, detail: string): Failure => ({ code, detail: detail.slice(0, detailChars).toWellFormed() })

/** The answer of a store, or undefined when it says there is no such object. Its other troubles are the validator's own and are thrown. */
export async function orMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof OrreryError && (error.code === 'not_found' || error.code === 'invalid_argument')) return undefined
    throw storeFailure(error, 'the object store') ?? error
  }
}

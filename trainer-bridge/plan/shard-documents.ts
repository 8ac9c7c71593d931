import { readDeletionVector } from '#infra/corpus/deletion-vector.ts'
import type { DeletionVector } from '#schemas/data-file.ts'
import type { DeletedRows } from '#schemas/deletion-vector.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { GenerationShard, TokenizerRef } from '#schemas/token-list.ts'
import { decodeDocumentEnds, documentEndRange, documentIdRange, type TokenShardHeader } from '#schemas/token-shard.ts'
import { ownFault } from '../blocks/shard-header.ts'

/** Where shards are read from, and what they must be of. */
export interface ShardSource {
  store: Pick<ObjectStore, 'get'>
  tokenizer: TokenizerRef
}

/** Token after each document of a shard. @throws OrreryError `data_unreadable`; what the store throws */
export async function readEnds({ store }: ShardSource, { key }: GenerationShard, header: TokenShardHeader): Promise<Float64Array> {
  return Float64Array.from(decodeDocumentEnds(await ownBytes(key, store.get(key, documentEndRange(header, 0, header.documents)))))
}

/** Ids of the documents of a shard, 32 raw bytes each. @throws as `readEnds` */
export async function readIds({ store }: ShardSource, { key }: GenerationShard, header: TokenShardHeader): Promise<Buffer> {
  const raw = await ownBytes(key, store.get(key, documentIdRange(header, 0, header.documents)))
  return Buffer.from(raw.buffer, raw.byteOffset, raw.length)
}

/** Places of documents of a shard that are gone. @throws as `readEnds` */
export async function readDeleted({ store }: ShardSource, { key, documents }: GenerationShard, deletes: DeletionVector | null): Promise<DeletedRows> {
  return ownBytes(key, readDeletionVector(store, { file: { rows: documents }, deletes }))
}

/** What is read of a shard; or what is wrong with one that is gone or damaged. @throws what the store throws when it is away */
export async function orTell<T>(reading: Promise<T>): Promise<T | string> {
  return reading.catch((error: unknown) => {
    if (error instanceof OrreryError && error.code === 'data_unreadable') return error.message
    throw error
  })
}

async function ownBytes<T>(key: string, reading: Promise<T>): Promise<T> {
  return reading.catch((error: unknown) => {
    throw ownFault(key, error)
  })
}

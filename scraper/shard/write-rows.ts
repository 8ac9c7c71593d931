import { writeDataFile } from '#infra/corpus/write-data-file.ts'
import type { DataFile } from '#schemas/data-file.ts'
import { formatShardName, shardKey } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import type { ShardCodec } from '#schemas/parquet/encode.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { stampOf, type HeadParts } from './snapshot-heads.ts'

export interface ShardParts extends HeadParts {
  codec: ShardCodec
  /** Folder in which a shard grows until it is put into the store. */
  spool: string
  telemetry: Telemetry
}

/** Writes one shard, by the names of the protocol. Nobody knows of it before a snapshot lists it. */
export async function writeRows(parts: ShardParts, jobId: string, documents: Iterable<Document> | AsyncIterable<Document>): Promise<DataFile> {
  const { store, codec, spool, signer, facts } = parts
  const writtenAt = stampOf(facts)
  const keyOf = ({ rows, sha256 }: { rows: number; sha256: string }): string =>
    shardKey(signer.address, jobId, formatShardName({ writtenAt, rows, hex: sha256.slice(0, 16) }))
  return await writeDataFile(store, { keyOf, documents, codec, writtenAt, spool })
}

export const tellWritten = ({ telemetry, signer }: ShardParts, jobId: string, { key, rows, bytes }: DataFile): void =>
  telemetry.event('shard.written', { hotkey: signer.address, job_id: jobId, key, rows, bytes })

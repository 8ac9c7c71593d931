import type { Catalog } from '#schemas/catalog.ts'
import type { Document } from '#schemas/document.ts'
import type { SnapshotManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { RefusedRow } from '#schemas/parquet/decode.ts'
import type { Sql } from '#schemas/sql.ts'
import { readForeignFile } from '#infra/corpus/read-data-file.ts'
import { writeDataFile } from '#infra/corpus/write-data-file.ts'
import { cleanDocument } from './clean.ts'
import { findDuplicates } from './duplicates.ts'
import { findSources } from './sources.ts'

export interface RebuildRequest {
  catalog: Catalog
  store: ObjectStore
  sql: Sql
  /** Of the dataset. */
  name: string
  /** A folder for files that are written. */
  spool: string
  signal: AbortSignal
}

/** Who a document is taken from. */
export type Owner = Pick<Document, 'hotkey' | 'job_id'>

/**
 * The documents that a dataset has when it is made of the current snapshots alone, all at once by the SQL script: what the increments must come to. By id.
 * Each job's cleaned documents are written as an object, and deleted at the end.
 */
export async function rebuild({ catalog, store, sql, name, spool, signal }: RebuildRequest): Promise<Map<string, Owner>> {
  const parts: string[] = []
  const owners = new Map<string, Owner>()
  try {
    for await (const source of findSources(catalog, () => false)) {
      if ('reason' in source) continue
      const documents = cleaned(store, source.manifest, owners, signal)
      const keyOf = ({ sha256 }: { sha256: string }): string => `datasets/${name}/check/${sha256}.parquet`
      const file = await writeDataFile(store, { documents, codec: 'zstd', writtenAt: new Date(0), keyOf, spool })
      if (file.rows > 0) parts.push(file.key)
    }
    const { winners, near } = await findDuplicates(sql, parts, signal)
    for (const [id, { hotkey, jobId }] of winners) owners.set(id, { hotkey, job_id: jobId })
    for (const id of near) owners.delete(id)
    return owners
  } finally {
    for (const key of parts) await store.delete(key)
  }
}

async function* cleaned(store: ObjectStore, { files, ...job }: SnapshotManifest, owners: Map<string, Owner>, signal: AbortSignal): AsyncGenerator<Document> {
  for (const listed of files)
    for await (const rows of readForeignFile(store, listed, { signal }))
      for (const read of rows) {
        if (read instanceof RefusedRow || typeof cleanDocument(read.document, job) === 'string') continue
        owners.set(read.document.id, { hotkey: job.hotkey, job_id: job.job_id })
        yield read.document
      }
}

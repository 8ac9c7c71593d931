import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Catalog } from '#schemas/catalog.ts'
import type { Document } from '#schemas/document.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { SnapshotManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { RefusedRow } from '#schemas/parquet/decode.ts'
import type { Sql } from '#schemas/sql.ts'
import { readDataFile, readForeignFile } from '#infra/corpus/read-data-file.ts'
import { writeDataFile } from '#infra/corpus/write-data-file.ts'
import { liveRows, versionFiles } from '../version-files.ts'
import { cleanDocument } from './clean.ts'
import { findDuplicates } from './duplicates.ts'
import { findSources } from './sources.ts'

export interface RebuildRequest {
  catalog: Catalog
  store: ObjectStore
  sql: Sql
  /** Of the dataset. */
  name: string
  signal: AbortSignal
}

/** Who a document is taken from. */
export type Owner = Pick<Document, 'hotkey' | 'job_id'>

/**
 * The documents that a dataset has when it is made of the current snapshots alone, all at once by the SQL script: what the increments must come to. By id.
 * Each job's cleaned documents are written as an object, and deleted at the end.
 */
export async function rebuild({ catalog, store, sql, name, signal }: RebuildRequest): Promise<Map<string, Owner>> {
  const parts: string[] = []
  const owners = new Map<string, Owner>()
  const spool = await mkdtemp(join(tmpdir(), 'orrery-check-'))
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
    await rm(spool, { recursive: true, force: true })
  }
}

export interface Check {
  /** Of the newest version. */
  version: number
  documents: number
  /** Ids that a rebuild has and the version has not, and the other way round; some of them. */
  missing: string[]
  extra: string[]
}

const idsShown = 20

/**
 * Compares the newest version with a rebuild. Where it was made of the current snapshots both have the same documents.
 * @throws OrreryError `not_found` while there is no version
 */
export async function check(request: RebuildRequest): Promise<Check> {
  const { catalog, store, name, signal } = request
  const head = await catalog.head(lineage.dataset(name))
  if (!head) throw new OrreryError('not_found', `There is no dataset "${name}" to check yet; make one with \`orrery dataset ingest --once\`.`, { name })
  const wanted = await rebuild(request)
  const extra: string[] = []
  for await (const listed of versionFiles(store, head.manifest)) {
    if (liveRows(listed) === 0) continue
    for await (const rows of readDataFile(store, listed, { signal, columns: ['id'] }))
      for (const { document } of rows) if (!wanted.delete(document.id)) extra.push(document.id)
  }
  const { version, manifest } = head
  return { version, documents: manifest.documents, missing: wanted.keys().take(idsShown).toArray(), extra: extra.slice(0, idsShown) }
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

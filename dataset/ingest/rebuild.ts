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
import { fileFault, findSources } from './sources.ts'

export interface RebuildRequest {
  catalog: Catalog
  store: ObjectStore
  sql: Sql
  /** Of the dataset. */
  name: string
  signal: AbortSignal
}

/** Who a document is taken from. */
type Owner = Pick<Document, 'hotkey' | 'job_id'>

interface Rebuilt {
  /** By id. */
  documents: Map<string, Owner>
  /** Keys of files of miners that cannot be read; ingest leaves them out, too. */
  unreadable: Set<string>
}

/**
 * The documents that a dataset has when it is made of the current snapshots alone, all at once by the SQL script: what the increments must come to.
 * Each job's cleaned documents are written as an object, and deleted at the end.
 */
export async function rebuild({ catalog, store, sql, name, signal }: RebuildRequest): Promise<Rebuilt> {
  const parts: string[] = []
  const [documents, unreadable] = [new Map<string, Owner>(), new Set<string>()]
  const spool = await mkdtemp(join(tmpdir(), 'orrery-check-'))
  try {
    for await (const source of findSources(catalog, () => false)) {
      if ('reason' in source) continue
      const { ids, key } = await writePart({ store, name, spool, signal }, source.manifest, unreadable)
      if (key !== undefined) parts.push(key)
      const { hotkey, job_id } = source.manifest
      for (const id of ids) documents.set(id, { hotkey, job_id })
    }
    const { winners, near } = await findDuplicates(sql, parts, signal)
    for (const [id, { hotkey, jobId }] of winners) documents.set(id, { hotkey, job_id: jobId })
    for (const id of near) documents.delete(id)
    return { documents, unreadable }
  } finally {
    for (const key of parts) await store.delete(key)
    await rm(spool, { recursive: true, force: true })
  }
}

/** @param unreadable takes what turns out not to be readable: then the job is begun anew without it */
async function writePart(
  { store, name, spool, signal }: Pick<RebuildRequest, 'store' | 'name' | 'signal'> & { spool: string },
  manifest: SnapshotManifest,
  unreadable: Set<string>,
): Promise<{ ids: Set<string>; key: string | undefined }> {
  const keyOf = ({ sha256 }: { sha256: string }): string => `datasets/${name}/check/${sha256}.parquet`
  for (;;) {
    const [ids, known] = [new Set<string>(), unreadable.size]
    try {
      const documents = cleaned(store, manifest, { ids, unreadable }, signal)
      const { rows, key } = await writeDataFile(store, { documents, codec: 'zstd', writtenAt: new Date(0), keyOf, spool })
      return { ids, key: rows > 0 ? key : undefined }
    } catch (error) {
      if (unreadable.size === known) throw error
    }
  }
}

export interface Check {
  /** Of the newest version. */
  version: number
  documents: number
  /** Ids that a rebuild has and the version has not, and the other way round; some of them. */
  missing: string[]
  extra: string[]
  /** Keys of files of miners that cannot be read, some of them: what the version has of such a job may be older than its snapshot. */
  unreadable: string[]
}

const shown = 20

/**
 * Compares the newest version with a rebuild. Where it was made of the current snapshots both have the same documents.
 * @throws OrreryError `not_found` while there is no version
 */
export async function check(request: RebuildRequest): Promise<Check> {
  const { catalog, store, name, signal } = request
  const head = await catalog.head(lineage.dataset(name))
  if (!head) throw new OrreryError('not_found', `There is no dataset "${name}" to check yet; make one with \`orrery dataset ingest --once\`.`, { name })
  const { documents: wanted, unreadable } = await rebuild(request)
  const extra: string[] = []
  for await (const listed of versionFiles(store, head.manifest)) {
    if (liveRows(listed) === 0) continue
    for await (const rows of readDataFile(store, listed, { signal, columns: ['id'] }))
      for (const { document } of rows) if (!wanted.delete(document.id)) extra.push(document.id)
  }
  const { version, manifest } = head
  const some = (names: { keys(): IteratorObject<string> }): string[] => names.keys().take(shown).toArray()
  return { version, documents: manifest.documents, missing: some(wanted), extra: extra.slice(0, shown), unreadable: some(unreadable) }
}

async function* cleaned(
  store: ObjectStore,
  { files, ...job }: SnapshotManifest,
  { ids, unreadable }: { ids: Set<string>; unreadable: Set<string> },
  signal: AbortSignal,
): AsyncGenerator<Document> {
  for (const listed of files) {
    if (unreadable.has(listed.file.key) || fileFault(job, listed) !== undefined) continue
    try {
      for await (const rows of readForeignFile(store, listed, { signal }))
        for (const read of rows) {
          if (read instanceof RefusedRow || typeof cleanDocument(read.document, job) === 'string') continue
          ids.add(read.document.id)
          yield read.document
        }
    } catch (error) {
      if (error instanceof OrreryError && (error.code === 'invalid_record' || error.code === 'not_found')) unreadable.add(listed.file.key)
      throw error
    }
  }
}

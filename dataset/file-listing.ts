import type { Catalog } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { liveRows, versionFiles } from './version-files.ts'

export interface FileListing {
  catalog: Catalog
  store: Pick<ObjectStore, 'get'>
  /** Of the dataset. */
  name: string
  /** Absent: the newest. */
  version?: number | undefined
}

/** A file of a version, for who reads the store without us. */
export interface ListedShard {
  /** Of the Parquet file in the object store. */
  key: string
  sha256: string
  bytes: number
  rows: number
  /** Of them those that the version has. */
  live_rows: number
  /** Key of the deletion vector (schemas/deletion-vector.ts) that says which it has not; null: it has all. */
  deletes: string | null
}

/** Which files a version is, by miner and job: what else lies in the store counts for others, or for nobody. @throws OrreryError `not_found` without such a version, `data_unreadable` */
export async function* listFiles({ catalog, store, name, version }: FileListing): AsyncGenerator<ListedShard> {
  const line = lineage.dataset(name)
  const entry = version === undefined ? await catalog.head(line) : await catalog.get(line, { version })
  if (!entry) {
    const problem =
      version === undefined
        ? 'has no version yet; `orrery dataset ingest --once` makes one'
        : `has no version ${version}, or no longer; leave --at out for the newest`
    throw new OrreryError('not_found', `The dataset "${name}" ${problem}.`, { name, version: version ?? null })
  }
  for await (const listed of versionFiles(store, entry.manifest)) {
    const { key, sha256, bytes, rows } = listed.file
    yield { key, sha256, bytes, rows, live_rows: liveRows(listed), deletes: listed.deletes?.key ?? null }
  }
}

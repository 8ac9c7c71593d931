import { readDeletionVector } from '#infra/corpus/deletion-vector.ts'
import { recentValues, type RecentValues } from '#infra/recent-values.ts'
import type { ListedFile } from '#schemas/data-file.ts'
import type { DeletedRows } from '#schemas/deletion-vector.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { liveRows, versionFiles } from '../version-files.ts'
import type { DatasetEntry } from '../versions.ts'

/** Both kinds are immutable, and made again from the store when they are asked for. */
const bytesMax = 32 * 2 ** 20
const fileBytes = 1024
const brokenBytesMax = 2 ** 20

/** The files of versions that hold documents, and which of their rows do; what was asked for lately is kept. */
export interface LiveFiles {
  /** By key. */
  of(entry: DatasetEntry): Promise<ReadonlyMap<string, ListedFile>>
  /** Keys of files that the engine could not read. */
  broken: RecentValues<string, true>
  /** @param file of `of` */
  isLive(file: ListedFile | undefined, row: number): Promise<boolean>
}

export function liveFiles(store: () => ObjectStore): LiveFiles {
  const versions = recentValues<string, Map<string, ListedFile>>({ bytesMax, bytesOf: (files) => fileBytes * files.size })
  const vectors = recentValues<string, { deleted: DeletedRows; bytes: number }>({ bytesMax, bytesOf: ({ bytes }) => bytes })
  return {
    broken: recentValues({ bytesMax: brokenBytesMax }),
    async of({ sha256, manifest }) {
      const known = versions.get(sha256)
      if (known) return known
      const files = new Map<string, ListedFile>()
      for await (const listed of versionFiles(store(), manifest)) if (liveRows(listed) > 0) files.set(listed.file.key, listed)
      versions.keep(sha256, files)
      return files
    },
    async isLive(listed, row) {
      if (!listed?.deletes) return listed !== undefined
      const { key } = listed.deletes
      const known = vectors.get(key)
      if (known) return !known.deleted.has(row)
      const deleted = await readDeletionVector(store(), listed)
      vectors.keep(key, { deleted, bytes: Math.ceil(listed.file.rows / 8) })
      return !deleted.has(row)
    },
  }
}

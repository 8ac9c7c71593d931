import { readDeletionVector } from '#infra/corpus/deletion-vector.ts'
import { recentValues } from '#infra/recent-values.ts'
import { DeletedRows } from '#schemas/deletion-vector.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ListedFile } from '#schemas/data-file.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { liveRows, versionFiles } from '../version-files.ts'
import type { DatasetEntry } from '../versions.ts'
import type { Place } from './dataset-query.ts'

/** Both kinds are immutable, and read again from the store when they are asked for. */
const bytesMax = 64 * 2 ** 20
const fileBytes = 1500

/** The files of a version in their order, and how many documents stand before each. */
export interface VersionPlaces {
  files: readonly ListedFile[]
  /** By key. */
  indexes: ReadonlyMap<string, number>
  /** One more than there are files: at the end all documents. */
  before: Float64Array
}

/** Where documents stand in versions; what was asked for lately is kept, up to so many bytes. */
export interface PlacesOfVersions {
  of(entry: DatasetEntry): Promise<VersionPlaces>
  /** @param file of `of` */
  deleted(file: ListedFile): Promise<DeletedRows>
  /** @throws OrreryError `invalid_argument` for a place that is none of the version */
  require(entry: DatasetEntry, places: readonly Place[]): Promise<ListedFile[]>
}

export function placesOfVersions(store: Pick<ObjectStore, 'get'>): PlacesOfVersions {
  const versions = recentValues<string, VersionPlaces>({ bytesMax, bytesOf: ({ files }) => fileBytes * files.length })
  const vectors = recentValues<string, DeletedRows>({ bytesMax, bytesOf: ({ words }) => words.byteLength })
  const reading = new Map<string, Promise<VersionPlaces>>()
  const of = async (entry: DatasetEntry): Promise<VersionPlaces> => {
    const known = versions.get(entry.sha256) ?? reading.get(entry.sha256)
    if (known) return known
    const read = readPlaces(entry).finally(() => reading.delete(entry.sha256))
    reading.set(entry.sha256, read)
    return read
  }
  const readPlaces = async (entry: DatasetEntry): Promise<VersionPlaces> => {
    const files: ListedFile[] = []
    for await (const listed of versionFiles(store, entry.manifest)) files.push({ file: listed.file, deletes: listed.deletes })
    const before = new Float64Array(files.length + 1)
    for (const [n, file] of files.entries()) before[n + 1] = (before[n] as number) + liveRows(file)
    const places = { files, indexes: new Map(files.map(({ file }, n) => [file.key, n])), before }
    versions.keep(entry.sha256, places)
    return places
  }
  const deleted = async (listed: ListedFile): Promise<DeletedRows> => {
    if (!listed.deletes) return DeletedRows.none
    const known = vectors.get(listed.deletes.key)
    if (known) return known
    const rows = await readDeletionVector(store, listed)
    vectors.keep(listed.deletes.key, rows)
    return rows
  }
  return {
    of,
    deleted,
    async require(entry, places) {
      const { files, indexes } = await of(entry)
      const found: ListedFile[] = []
      for (const { file: key, row } of places) {
        const listed = files[indexes.get(key) ?? -1]
        if (!listed || !Number.isSafeInteger(row) || row < 0 || row >= listed.file.rows || (await deleted(listed)).has(row))
          throw new OrreryError('invalid_argument', `There is no document in row ${row} of ${JSON.stringify(key.slice(0, 300))} in version ${entry.version}.`, {
            row,
          })
        found.push(listed)
      }
      return found
    },
  }
}

/** The place of the n-th document. @param number below the last of `before` */
export function fileOfNumber({ before }: VersionPlaces, number: number): number {
  let [low, high] = [0, before.length - 2]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((before[middle] as number) <= number) low = middle
    else high = middle - 1
  }
  return low
}

/** The rows of a file that are not deleted, from the `from`-th of them on, at most so many. */
export function liveRowsFrom(deleted: DeletedRows, rows: number, from: number, count: number): number[] {
  const found: number[] = []
  let passed = 0
  for (let row = 0; row < rows && found.length < count; row++) {
    if (deleted.has(row)) continue
    if (passed++ >= from) found.push(row)
  }
  return found
}

/** How many rows before this one are not deleted. */
export function liveRowsBefore(deleted: DeletedRows, row: number): number {
  let count = 0
  for (let n = 0; n < row; n++) if (!deleted.has(n)) count++
  return count
}

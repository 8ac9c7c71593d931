import { readVersionGroups } from '#infra/corpus/groups.ts'
import { readList } from '#infra/corpus/list-object.ts'
import type { DataFile } from '#schemas/data-file.ts'
import { VersionFile, type DatasetManifest, type StoredFile, type VersionGroup } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { AnyVersion } from './versions.ts'

/** What a version says of one miner's job. */
export const readGroup = (store: Pick<ObjectStore, 'get'>, { list }: Pick<VersionGroup, 'list'>): Promise<VersionFile[]> => readList(store, list, VersionFile)

/**
 * All files of a version, by miner and job, the list of one job in memory at a time.
 * @throws OrreryError `data_unreadable` when a list is not the one the version names
 */
export async function* versionFiles(store: Pick<ObjectStore, 'get'>, manifest: AnyVersion): AsyncGenerator<VersionFile> {
  if (manifest.kind === 'dataset') yield* formerFiles(manifest)
  else for (const group of (await readVersionGroups(store, manifest)).items) yield* await readGroup(store, group)
}

export const liveRows = ({ file, deletes }: Pick<VersionFile, 'file' | 'deletes'>): number => file.rows - (deletes?.rows ?? 0)

/** The files of a version of before there were groups. */
export const formerFiles = ({ files }: DatasetManifest): VersionFile[] => files.map(formerFile)

/** A file of a version of before there were deletion vectors: all of its rows count, and nothing else is said of it. */
function formerFile(stored: StoredFile): VersionFile {
  const file: DataFile = { ...stored, text_bytes: 0, written_at: new Date(0).toISOString(), datetime_range: null, labels: [], columns: [] }
  return { file, deletes: null, taken: stored.rows, refused: [] }
}

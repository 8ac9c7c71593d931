import { readDataFile } from '#infra/corpus/read-data-file.ts'
import type { Document } from '#schemas/document.ts'
import type { VersionFile } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { liveRows, versionFiles } from './version-files.ts'
import type { AnyVersion } from './versions.ts'

/**
 * All documents of a dataset version, file by file; one row group in memory at a time.
 * @throws OrreryError `data_unreadable` when a file is not the one the manifest names
 */
export async function* readDocuments(store: ObjectStore, manifest: AnyVersion, signal: AbortSignal): AsyncGenerator<Document> {
  for await (const file of versionFiles(store, manifest)) yield* fileDocuments(store, file, signal)
}

/** The documents of one file of a version. A file that has none is not read. @throws OrreryError `data_unreadable` */
async function* fileDocuments(store: ObjectStore, listed: VersionFile, signal: AbortSignal): AsyncGenerator<Document> {
  if (liveRows(listed) === 0) return
  for await (const rows of readDataFile(store, listed, { signal })) for (const { document } of rows) yield document
}

import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Document } from '#schemas/document.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { DatasetManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { decodeRowGroups } from '#schemas/parquet/decode.ts'

/**
 * All documents of a dataset version, by id; one file in memory at a time.
 * @throws OrreryError `data_unreadable` when a file is not the one the manifest names
 */
export async function* readDocuments(store: Pick<ObjectStore, 'get'>, manifest: DatasetManifest): AsyncGenerator<Document> {
  for (const { key, sha256 } of manifest.files) {
    const bytes = await store.get(key)
    if (sha256Hex(bytes) !== sha256)
      throw new OrreryError(
        'data_unreadable',
        `The file ${key} of dataset "${manifest.name}" has other bytes than its manifest says; restore it from a backup.`,
        { key },
      )
    for await (const group of decodeRowGroups(bytes)) yield* group
  }
}

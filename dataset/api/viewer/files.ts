import { basename } from 'node:path/posix'
import { setImmediate } from 'node:timers/promises'
import type { ObjectStore } from '#schemas/object-store.ts'
import { signedUrl } from '#dataset/api/lookup.ts'
import { liveRows, versionFiles } from '#dataset/version-files.ts'
import type { DatasetEntry } from '#dataset/versions.ts'

interface ParquetFile {
  url: string
  filename: string
  size: number
}

const signedAtOnce = 500

/**
 * The files of a version whose rows are all in it, to be read as they are. One with deleted rows must be read with its deletion vector
 * (`/v1/datasets/{name}/files`), which readers of a list of Parquet files know nothing of: it is left out, and the list is partial.
 */
export async function parquetFiles(store: ObjectStore, { manifest }: DatasetEntry): Promise<{ files: ParquetFile[]; isPartial: boolean }> {
  const files: ParquetFile[] = []
  let isPartial = false
  for await (const listed of versionFiles(store, manifest)) {
    if (liveRows(listed) === 0) continue
    const { key, bytes } = listed.file
    const url = listed.deletes ? null : await signedUrl(store, key)
    if (url === null) isPartial = true
    else files.push({ url, filename: basename(key), size: bytes })
    // A signature takes a while and waits for nothing: others are answered between some of them.
    if (files.length % signedAtOnce === 0) await setImmediate()
  }
  return { files, isPartial }
}

/** Rows and bytes, in the words of the viewer. In memory it is counted by its texts alone. */
export async function sizeOf(store: ObjectStore, { manifest }: DatasetEntry) {
  let parquetBytes = 0
  for await (const listed of versionFiles(store, manifest)) if (liveRows(listed) > 0) parquetBytes += listed.file.bytes
  return {
    num_bytes_original_files: parquetBytes,
    num_bytes_parquet_files: parquetBytes,
    num_bytes_memory: manifest.text_bytes,
    num_rows: manifest.documents,
    estimated_num_rows: null,
  }
}

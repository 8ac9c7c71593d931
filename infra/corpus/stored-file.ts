import type { StoredObject } from '#schemas/data-file.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { FileBytes } from '#schemas/parquet/file-bytes.ts'

/** Read whole: one request where a range for each column would be dozens. */
const wholeBytesMax = 4 * 2 ** 20

/** An object of the store, read by ranges. Each read throws the signal's reason once it is aborted. */
export function storedFile(store: Pick<ObjectStore, 'get'>, { key, bytes }: Pick<StoredObject, 'key' | 'bytes'>, signal: AbortSignal): FileBytes {
  let whole: Promise<Uint8Array> | undefined
  return {
    byteLength: bytes,
    async slice(start, end) {
      signal.throwIfAborted()
      if (bytes > wholeBytesMax) return store.get(key, { start, end })
      whole ??= store.get(key, { start: 0, end: bytes })
      return (await whole).subarray(start, end)
    },
  }
}

import type { DataFile } from '#schemas/data-file.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'

const pieceBytes = 8 * 2 ** 20

export const copyKey = (name: string, { sha256 }: Pick<DataFile, 'sha256'>): string => `datasets/${name}/data/${sha256}.parquet`

/**
 * Makes sure that the dataset has the bytes of a miner's file under a name of its own, so that they stay when the miner's go. They are read once, and checked
 * on the way.
 * @returns why they are not what is said of them, as a stable code
 */
export async function copyFile(store: ObjectStore, name: string, file: DataFile, signal: AbortSignal): Promise<string | undefined> {
  const key = copyKey(name, file)
  const copied = await store.head(key)
  if (copied) return copied.bytes === file.bytes ? undefined : 'wrong_size'
  const found = await store.head(file.key)
  if (!found) return 'missing_object'
  if (found.bytes !== file.bytes) return 'wrong_size'
  try {
    await store.put(key, pieces(store, file, signal), file)
    return undefined
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'invalid_record') return 'wrong_sha256'
    // Swept between the look and the reading.
    if (error instanceof OrreryError && error.code === 'not_found') return 'missing_object'
    throw error
  }
}

async function* pieces(store: ObjectStore, { key, bytes }: DataFile, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes; start += pieceBytes) {
    signal.throwIfAborted()
    yield await store.get(key, { start, end: Math.min(bytes, start + pieceBytes) })
  }
}

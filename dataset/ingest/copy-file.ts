import { createHash } from 'node:crypto'
import type { DataFile } from '#schemas/data-file.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { inspectParquet } from '#schemas/parquet/inspect.ts'

const pieceBytes = 8 * 2 ** 20
const footerBytesMax = 16 * 2 ** 20

export const copyKey = (name: string, { sha256 }: Pick<DataFile, 'sha256'>): string => `datasets/${name}/data/${sha256}.parquet`

/**
 * Makes sure that the dataset has the bytes of a miner's file under a name of its own, so that they stay when the miner's go. They are read once, and checked
 * on the way.
 * @returns why they are not what is said of them, as a stable code
 */
export async function copyFile(store: ObjectStore, name: string, file: DataFile, signal: AbortSignal): Promise<string | undefined> {
  const key = copyKey(name, file)
  const copied = await store.head(key)
  if (copied) return copied.bytes === file.bytes ? rowsFault(store, { ...file, key }) : 'wrong_size'
  const found = await store.head(file.key)
  if (!found) return 'missing_object'
  if (found.bytes !== file.bytes) return 'wrong_size'
  try {
    await store.put(key, Buffer.concat(await Array.fromAsync(verified(store, file, signal))))
    return await rowsFault(store, { ...file, key })
  } catch (error) {
    if (error instanceof WrongBytes) return 'wrong_sha256'
    // Swept between the look and the reading.
    if (error instanceof OrreryError && error.code === 'not_found') return 'missing_object'
    throw error
  }
}

class WrongBytes extends Error {}

/** A stream that throws puts nothing. */
async function* verified(store: ObjectStore, { key, bytes, sha256 }: DataFile, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  for (let start = 0; start < bytes; start += pieceBytes) {
    signal.throwIfAborted()
    const piece = await store.get(key, { start, end: Math.min(bytes, start + pieceBytes) })
    hash.update(piece)
    yield piece
  }
  if (hash.digest('hex') !== sha256) throw new WrongBytes(key)
}

/** Rows beyond those that are told of would be seen by readers that no deletion vector speaks to. */
async function rowsFault(store: ObjectStore, { key, bytes, rows }: DataFile): Promise<string | undefined> {
  const end = await store.get(key, { start: Math.max(0, bytes - 8), end: bytes })
  const footerBytes = end.length === 8 ? new DataView(end.buffer, end.byteOffset).getUint32(0, true) : 0
  if (footerBytes > footerBytesMax) return 'unreadable'
  const footer = await store.get(key, { start: Math.max(0, bytes - 8 - footerBytes), end: bytes })
  try {
    return inspectParquet(Buffer.concat([Buffer.from('PAR1'), footer])).rows === rows ? undefined : 'wrong_rows'
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'invalid_record') return 'unreadable'
    throw error
  }
}

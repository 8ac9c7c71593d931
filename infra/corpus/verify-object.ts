import { createHash } from 'node:crypto'
import type { StoredObject } from '#schemas/data-file.ts'
import type { ObjectStore } from '#schemas/object-store.ts'

const pieceBytes = 2 ** 20

/**
 * Whether an object is there and has the bytes that are said of it; read in pieces.
 * @returns why not, as a stable code
 * @throws OrreryError of the store; the signal's reason
 */
export async function verifyObject(
  store: Pick<ObjectStore, 'get' | 'head'>,
  { key, sha256, bytes }: StoredObject,
  signal: AbortSignal,
): Promise<'missing_object' | 'wrong_size' | 'wrong_sha256' | undefined> {
  const found = await store.head(key)
  if (!found) return 'missing_object'
  if (found.bytes !== bytes) return 'wrong_size'
  const hash = createHash('sha256')
  for (let at = 0; at < bytes; at += pieceBytes) {
    signal.throwIfAborted()
    hash.update(await store.get(key, { start: at, end: Math.min(bytes, at + pieceBytes) }))
  }
  return hash.digest('hex') === sha256 ? undefined : 'wrong_sha256'
}

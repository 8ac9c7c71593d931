import { open, stat, unlink, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ByteRange, ObjectInfo } from '#schemas/object-store.ts'
import { clampRange } from './object-key.ts'

/** Nothing is there, also when a segment before the last is a file. */
export const isAbsence = (cause: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')

function unlessAbsent(cause: unknown): undefined {
  if (!isAbsence(cause)) throw cause
}

export const openObject = (path: string): Promise<FileHandle | undefined> => open(path, 'r').catch(unlessAbsent)

export async function describeObject(key: string, path: string): Promise<ObjectInfo | undefined> {
  const found = await stat(path).catch(unlessAbsent)
  return found?.isFile() ? { key, bytes: found.size } : undefined
}

export async function readObject(path: string, range: ByteRange | undefined): Promise<Uint8Array | undefined> {
  clampRange(range, 0)
  await using file = await openObject(path)
  const found = await file?.stat()
  if (!file || !found?.isFile()) return undefined
  const { start, end } = clampRange(range, found.size)
  const body = new Uint8Array(end - start)
  for (let at = 0; at < body.length;) {
    const { bytesRead } = await file.read(body, at, body.length - at, start + at)
    if (bytesRead === 0) throw new Error(`${path} became shorter while it was read`)
    at += bytesRead
  }
  return body
}

export async function deleteObject(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (cause) {
    // A folder is no object: keys lie below it.
    if (isAbsence(cause) || (await stat(path).catch(() => undefined))?.isDirectory()) return
    throw cause
  }
  await using folder = await open(dirname(path))
  await folder.sync()
}

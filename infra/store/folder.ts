import { open, opendir, stat, unlink, type FileHandle } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { systemClock } from '#infra/clock.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ByteRange, ObjectInfo, ObjectStore, SignedUrl } from '#schemas/object-store.ts'
import { capabilities, type Capability } from './capability.ts'
import { holdsExactly, staging, type Staging } from './durable-file.ts'
import { clampRange, requireKey, reservedPrefix } from './object-key.ts'

export interface FolderStoreOptions {
  /** Times the signed URLs and the sweep of stale files. */
  clock?: Clock
  /** `http://host:port` of the server that mounts `signedObjects` (signed-objects.ts); a function when it is known only later. */
  origin?: string | (() => string)
}

export interface FolderStore extends ObjectStore {
  /** Whether a capability URL of this store, or of another process on the same folder, says so and has not expired. */
  accepts(capability: Capability): Promise<boolean>
}

/**
 * An ObjectStore in a local folder: the embedded default. The key is the path below `root`; several processes may share the folder.
 * Nothing is written before the first `put` or signature.
 */
export function folderStore(root: string, { clock = systemClock(), origin }: FolderStoreOptions = {}): FolderStore {
  const top = resolve(root)
  const files = staging(top, join(top, reservedPrefix), () => clock.now())
  const rights = capabilities(join(top, `${reservedPrefix}-secret`), files, clock)
  const pathOf = (key: string) => join(top, requireKey(key))
  const sign = (method: 'GET' | 'PUT', key: string, ttlMs: number) => rights.sign({ method, key, ttlMs, origin: originOf(origin) })
  return {
    async put(key, body) {
      const path = pathOf(key)
      if (!(body instanceof Uint8Array)) throw new OrreryError('invalid_argument', `The body of object "${key}" is no Uint8Array; encode it first.`, { key })
      await guarded(key, top, () => putOnce(files, key, path, body))
    },
    async get(key, range) {
      const path = pathOf(key)
      const body = await guarded(key, top, () => readObject(path, range))
      return body ?? Promise.reject(missing(key))
    },
    head: async (key) => describe(key, pathOf(key), top),
    list: (prefix) => listObjects(top, prefix),
    async delete(key) {
      const path = pathOf(key)
      await guarded(key, top, () => deleteObject(path))
    },
    async signGet(key, ttlMs): Promise<SignedUrl> {
      if (!(await describe(key, pathOf(key), top))) throw missing(key)
      return sign('GET', key, ttlMs)
    },
    async signPut(key, ttlMs): Promise<SignedUrl> {
      return sign('PUT', requireKey(key), ttlMs)
    },
    accepts: (capability) => rights.accepts(capability),
  }
}

function originOf(origin: FolderStoreOptions['origin']): string {
  const found = typeof origin === 'function' ? origin() : origin
  if (found) return found.replace(/\/+$/, '')
  throw new OrreryError(
    'invalid_argument',
    'This object store has no origin to sign URLs for: pass folderStore(root, { origin }) the http origin that serves it.',
  )
}

async function putOnce(files: Staging, key: string, path: string, body: Uint8Array): Promise<void> {
  for (;;) {
    const found = await compare(path, body)
    if (found === 'same') return files.secure(path)
    if (found === 'other') throw taken(key, 'exists with other bytes')
    if (await files.place(path, body)) return
    // Somebody else was first: look again at what is there now.
  }
}

async function compare(path: string, body: Uint8Array): Promise<'absent' | 'same' | 'other'> {
  await using file = await openObject(path)
  if (!file) return 'absent'
  const found = await file.stat()
  return found.isFile() && (await holdsExactly(file, body)) ? 'same' : 'other'
}

async function readObject(path: string, range: ByteRange | undefined): Promise<Uint8Array | undefined> {
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

const isAbsence = (cause: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')

/** undefined when there is nothing, also when a segment before the last is an object. */
function openObject(path: string): Promise<FileHandle | undefined> {
  return open(path, 'r').catch((cause: unknown) => {
    if (isAbsence(cause)) return undefined
    throw cause
  })
}

async function describe(key: string, path: string, top: string): Promise<ObjectInfo | undefined> {
  const found = await guarded(key, top, () =>
    stat(path).catch((cause: unknown) => {
      if (isAbsence(cause)) return undefined
      throw cause
    }),
  )
  return found?.isFile() ? { key, bytes: found.size, modifiedAt: found.mtime } : undefined
}

async function deleteObject(path: string): Promise<void> {
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

/** Depth first, one folder in memory at a time and those above it: entries sorted as their keys are, a folder as `name/`. */
async function* listObjects(top: string, prefix: string): AsyncIterable<ObjectInfo> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  const segments = folder.split('/').slice(0, -1)
  if (segments.some((s) => s === '' || s === '.' || s === '..' || s.includes('\0') || s.startsWith(reservedPrefix))) return
  yield* walk(top, folder, prefix)
}

async function* walk(top: string, folder: string, prefix: string): AsyncIterable<ObjectInfo> {
  for (const key of await keysIn(top, folder, prefix)) {
    if (key.endsWith('/')) yield* walk(top, key, prefix)
    else {
      const info = await describe(key, join(top, key), top)
      if (info) yield info
    }
  }
}

/** Keys of objects, and of folders with a `/` at the end, that start with the prefix; in byte order. */
async function keysIn(top: string, folder: string, prefix: string): Promise<string[]> {
  return guarded(folder, top, async () => {
    const found: Buffer[] = []
    try {
      for await (const entry of await opendir(join(top, folder))) {
        if (entry.name.startsWith(reservedPrefix) || !(entry.isFile() || entry.isDirectory())) continue
        const key = `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`
        if (key.startsWith(prefix)) found.push(Buffer.from(key))
      }
    } catch (cause) {
      if (!isAbsence(cause)) throw cause
    }
    return found.sort(Buffer.compare).map(String)
  })
}

const missing = (key: string) => new OrreryError('not_found', `There is no object "${key}" in this store; list its folder to see what there is.`, { key })
const taken = (key: string, why: string) =>
  new OrreryError('already_exists', `The object "${key}" ${why}; objects are immutable: choose another key, or delete it first.`, { key })

/** Gives the errors of the file system their codes. */
async function guarded<T>(key: string, top: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof OrreryError) throw cause
    const { code = '', message } = cause as NodeJS.ErrnoException
    if (code === 'ENOTDIR' || code === 'EEXIST') {
      if (
        await stat(top).then(
          (found) => found.isDirectory(),
          () => true,
        )
      )
        throw taken(key, 'would lie below an object')
      throw new OrreryError('data_unreadable', `The object store "${top}" is no folder; choose another data folder (--data).`, { root: top }, cause)
    }
    const remedy = code === 'EPERM' ? 'it needs a file system with hard links' : 'check its space and permissions, then try again'
    throw new OrreryError('store_unavailable', `The object store "${top}" failed at "${key}" (${code || message}): ${remedy}.`, { key, root: top }, cause)
  }
}

import { join, resolve } from 'node:path'
import { systemClock } from '#infra/clock.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectContent, ObjectStore, SignedUrl } from '#schemas/object-store.ts'
import { capabilities, type Capability } from './capability.ts'
import { piecesOf, sha256OfFile, staging, type Staging } from './durable-file.ts'
import { BodyFailure, guarded, missing, taken } from './folder-errors.ts'
import { listObjects } from './folder-listing.ts'
import { deleteObject, describeObject, openObject, readObject } from './object-file.ts'
import { requireKey, reservedPrefix } from './object-key.ts'

export interface FolderStoreOptions {
  /** Times the signed URLs and the sweep of stale files. */
  clock?: Clock
  /** `http://host:port` of the server that mounts `signedObjects` (signed-objects.ts); a function when it is known only later. */
  origin?: string | (() => string)
}

export interface FolderStore extends ObjectStore {
  /** Whether a capability URL of this store, or of another process on the same folder, says so and has not expired. */
  accepts(capability: Capability): Promise<boolean>
  /** @param folder beginning of keys, with a `/` at its end @param until ms since epoch @returns a token whose bearer may GET all below it; equal arguments give equal tokens */
  grant(folder: string, until: number): Promise<string>
  /** Whether a token of `grant` says so of a key, and has not expired. */
  isGranted(token: string, key: string): Promise<boolean>
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
  const head = async (key: string) => {
    const path = pathOf(key)
    return guarded(key, top, () => describeObject(key, path))
  }
  const sign = (method: 'GET' | 'PUT', key: string, ttlMs: number) => rights.sign({ method, key, ttlMs, origin: originOf(origin) })
  return {
    location: `file://${top}`,
    async put(key, body, expected) {
      const path = pathOf(key)
      if (!(body instanceof Uint8Array) && typeof body?.[Symbol.asyncIterator] !== 'function') throw notBytes(key)
      await guarded(key, top, () => putOnce(files, { key, path, body, expected }))
    },
    async get(key, range) {
      const path = pathOf(key)
      const body = await guarded(key, top, () => readObject(path, range))
      return body ?? Promise.reject(missing(key))
    },
    head,
    list: (prefix, { after } = {}) => listObjects({ top, prefix, after }),
    async delete(key) {
      const path = pathOf(key)
      await guarded(key, top, () => deleteObject(path))
    },
    async signGet(key, ttlMs): Promise<SignedUrl> {
      if (!(await head(key))) throw missing(key)
      return sign('GET', key, ttlMs)
    },
    async signPut(key, ttlMs): Promise<SignedUrl> {
      return sign('PUT', requireKey(key), ttlMs)
    },
    accepts: (capability) => rights.accepts(capability),
    grant: (folder, until) => rights.grant(folder, until),
    isGranted: (token, key) => rights.isGranted(token, key),
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

interface Put {
  key: string
  path: string
  body: Uint8Array | AsyncIterable<Uint8Array>
  expected: ObjectContent | undefined
}

async function putOnce(files: Staging, { key, path, body, expected }: Put): Promise<void> {
  // What is there already need not be written aside to be compared.
  if (body instanceof Uint8Array) {
    if (expected) requireExpected(key, { bytes: body.length, sha256: sha256Hex(body) }, expected)
    if (await isThere(files, key, path, { bytes: body.length, sha256: () => sha256Hex(body) })) return
  }
  await using staged = await files.stage(body instanceof Uint8Array ? piecesOf(body) : piecesOfStream(key, body))
  requireExpected(key, staged, expected)
  // Where somebody else was first, it is looked at what is there now.
  const content = { bytes: staged.bytes, sha256: () => staged.sha256 }
  while (!(await files.place(staged, path))) if (await isThere(files, key, path, content)) return
}

/** The sha256 is asked for where something of that size is there. @returns false when there is nothing @throws OrreryError `already_exists` for other bytes */
async function isThere(files: Staging, key: string, path: string, { bytes, sha256 }: { bytes: number; sha256(): string }): Promise<boolean> {
  await using file = await openObject(path)
  if (!file) return false
  const found = await file.stat()
  if (!found.isFile() || found.size !== bytes || (await sha256OfFile(file)) !== sha256()) throw taken(key, 'exists with other bytes')
  await files.secure(path)
  return true
}

async function* piecesOfStream(key: string, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of body) {
      if (!(piece instanceof Uint8Array)) throw notBytes(key)
      yield piece
    }
  } catch (cause) {
    throw new BodyFailure('the body failed', { cause })
  }
}

function requireExpected(key: string, { bytes, sha256 }: ObjectContent, expected: ObjectContent | undefined): void {
  if (!expected || (bytes === expected.bytes && sha256 === expected.sha256)) return
  const what = bytes === expected.bytes ? `its sha256 is ${sha256}, not ${expected.sha256}` : `it has ${bytes} bytes, not ${expected.bytes}`
  throw new OrreryError('invalid_record', `The body of object "${key}" is not what it was said to be: ${what}. Ask its writer for the whole of it.`, {
    key,
    what,
  })
}

const notBytes = (key: string) =>
  new OrreryError('invalid_argument', `The body of object "${key}" is neither a Uint8Array nor a stream of such; encode it first.`, { key })

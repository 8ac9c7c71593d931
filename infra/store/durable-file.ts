import { createHash, randomUUID } from 'node:crypto'
import { link, mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ObjectContent } from '#schemas/object-store.ts'
import { recentValues, type RecentValues } from '../recent-values.ts'

/** Longer than any write takes: what is older in the staging folder was left by a process that died. */
const staleAfterMs = 24 * 3_600_000
const pieceBytes = 1 << 20
/** Of the folders that are known to be durable. */
const durableBytesMax = 4 * 2 ** 20

/** A whole file, durable but under no name that anybody looks for; gone when it is disposed of. */
interface StagedFile extends ObjectContent, AsyncDisposable {
  path: string
}

/** Writes whole files that appear at once, under a staging folder of the same file system. */
export interface Staging {
  /** Writes a file aside, piece by piece. @throws whatever the pieces throw; Error of the file system; then nothing is left of it */
  stage(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, mode?: number): Promise<StagedFile>
  /**
   * Puts a staged file at `path` unless something is there, durably, its folders included; never overwrites.
   * @returns whether this call put it there
   * @throws Error ENOTDIR when a file stands where a folder must be
   */
  place(staged: StagedFile, path: string): Promise<boolean>
  /** Makes sure that what is at `path`, maybe put there by a process that died just after, is durable. */
  secure(path: string): Promise<void>
}

/** @param root all paths lie below it @param now ms since epoch */
export function staging(root: string, folder: string, now: () => number): Staging {
  /** Folders whose own entries are known to be durable. */
  const durable = recentValues<string, true>({ bytesMax: durableBytesMax })
  let swept: Promise<void> | undefined
  return {
    async stage(pieces, mode = 0o644) {
      await (swept ??= prepare(folder, now()).catch((cause: unknown) => ((swept = undefined), Promise.reject(cause))))
      const path = join(folder, randomUUID())
      const remove = () => rm(path, { force: true }).catch(() => undefined)
      try {
        return { path, ...(await writeThrough(path, pieces, mode)), [Symbol.asyncDispose]: remove }
      } catch (cause) {
        await remove()
        // Somebody may have taken the folder away: the next call makes it again.
        swept = undefined
        throw cause
      }
    },
    async place(staged, path) {
      await mkdir(dirname(path), { recursive: true })
      const isNew = await linkNew(staged.path, path)
      await syncUpTo(root, dirname(path), durable)
      return isNew
    },
    secure: (path) => syncUpTo(root, dirname(path), durable),
  }
}

/** Unlike a rename, a link never replaces what is there. */
async function linkNew(staged: string, path: string): Promise<boolean> {
  try {
    await link(staged, path)
    return true
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw cause
  }
}

async function writeThrough(path: string, pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, mode: number): Promise<ObjectContent> {
  await using file = await open(path, 'wx', mode)
  const hash = createHash('sha256')
  let bytes = 0
  for await (const piece of pieces) {
    hash.update(piece)
    await file.writeFile(piece)
    bytes += piece.length
  }
  await file.sync()
  return { bytes, sha256: hash.digest('hex') }
}

/** An entry is durable only once its folder is synced (POSIX), and the folder's entry once its parent is; up to the root's own entry. */
async function syncUpTo(root: string, folder: string, durable: RecentValues<string, true>): Promise<void> {
  await syncFolder(folder)
  for (let path = folder; path.length >= root.length && !durable.get(path); path = dirname(path)) {
    await syncFolder(dirname(path))
    durable.keep(path, true)
  }
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path)
  await folder.sync()
}

/** Makes the staging folder, durably with all folders above it that are new, and empties it of what is stale. */
async function prepare(folder: string, now: number): Promise<void> {
  const firstMade = await mkdir(folder, { recursive: true })
  if (firstMade !== undefined) for (let path = dirname(folder); path.length >= dirname(firstMade).length; path = dirname(path)) await syncFolder(path)
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const found = await stat(path).catch(() => undefined)
    if (found && now - found.mtimeMs > staleAfterMs) await rm(path, { force: true })
  }
}

/** sha256 of a file, read in pieces; hex. */
export async function sha256OfFile(file: FileHandle): Promise<string> {
  const hash = createHash('sha256')
  const piece = new Uint8Array(pieceBytes)
  for (let at = 0; ;) {
    const { bytesRead } = await file.read(piece, 0, pieceBytes, at)
    if (bytesRead === 0) return hash.digest('hex')
    hash.update(piece.subarray(0, bytesRead))
    at += bytesRead
  }
}

/** A body in memory as pieces, so that no step takes long. */
export function* piecesOf(body: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < body.length; at += pieceBytes) yield body.subarray(at, at + pieceBytes)
}

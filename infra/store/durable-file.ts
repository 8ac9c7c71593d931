import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readdir, rm, stat, unlink, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { recentValues, type RecentValues } from '../recent-values.ts'

/** Longer than any write takes: what is older in the staging folder was left by a process that died. */
const staleAfterMs = 24 * 3_600_000
const compareBytes = 1 << 20
/** Of the folders that are known to be durable. */
const durableBytesMax = 4 * 2 ** 20

/** Writes whole files that appear at once, under a staging folder of the same file system. */
export interface Staging {
  /**
   * Puts a file at `path` unless something is there, durably, its folders included; never overwrites.
   * @returns whether this call put it there
   * @throws Error ENOTDIR when a file stands where a folder must be
   */
  place(path: string, body: Uint8Array, mode?: number): Promise<boolean>
  /** Makes sure that what is at `path`, maybe put there by a process that died just after, is durable. */
  secure(path: string): Promise<void>
}

/** @param root all paths lie below it @param now ms since epoch */
export function staging(root: string, folder: string, now: () => number): Staging {
  /** Folders whose own entries are known to be durable. */
  const durable = recentValues<string, true>({ bytesMax: durableBytesMax })
  let swept: Promise<void> | undefined
  return {
    async place(path, body, mode = 0o644) {
      await (swept ??= prepare(folder, now()))
      await mkdir(dirname(path), { recursive: true })
      const staged = join(folder, randomUUID())
      try {
        await writeThrough(staged, body, mode)
        const isNew = await linkNew(staged, path)
        await unlink(staged)
        await syncUpTo(root, dirname(path), durable)
        return isNew
      } catch (cause) {
        await rm(staged, { force: true }).catch(() => undefined)
        throw cause
      }
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

async function writeThrough(path: string, body: Uint8Array, mode: number): Promise<void> {
  await using file = await open(path, 'wx', mode)
  await file.writeFile(body)
  await file.sync()
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

/** Whether a file holds exactly these bytes, read in pieces. */
export async function holdsExactly(file: FileHandle, body: Uint8Array): Promise<boolean> {
  const { size } = await file.stat()
  if (size !== body.length) return false
  const piece = new Uint8Array(Math.min(compareBytes, body.length))
  for (let at = 0; at < body.length;) {
    const { bytesRead } = await file.read(piece, 0, Math.min(piece.length, body.length - at), at)
    if (bytesRead === 0 || Buffer.compare(piece.subarray(0, bytesRead), body.subarray(at, at + bytesRead)) !== 0) return false
    at += bytesRead
  }
  return true
}

import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Longer than any script runs: what is older was left by a process that died. */
const staleAfterMs = 24 * 3_600_000

/** Folders for what does not fit into memory, one for each run, below `folder`; it is there as long as one of them is. */
export interface SpillFolders {
  open(): Promise<{ path: string } & AsyncDisposable>
}

/** @param now ms since epoch, by the clock of the file system */
export function spillFolders(folder: string, now: () => number): SpillFolders {
  let swept: Promise<void> | undefined
  return {
    async open() {
      await (swept ??= sweep(folder, now()))
      const path = join(folder, randomUUID())
      await mkdir(path, { recursive: true })
      return {
        path,
        async [Symbol.asyncDispose]() {
          await rm(path, { recursive: true, force: true })
          // Another run may have one of its own.
          await rmdir(folder).catch(() => undefined)
        },
      }
    },
  }
}

async function sweep(folder: string, now: number): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name)
    const found = await stat(path).catch(() => undefined)
    if (found && now - found.mtimeMs > staleAfterMs) await rm(path, { recursive: true, force: true })
  }
}

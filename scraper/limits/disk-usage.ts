import { readdir, lstat } from 'node:fs/promises'
import { join } from 'node:path'

/** Bytes of all files below a folder, links not followed. What goes away meanwhile counts as nothing. */
export async function diskUsageBytes(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) bytes += await diskUsageBytes(path)
    else bytes += (await lstat(path).catch(() => undefined))?.size ?? 0
  }
  return bytes
}

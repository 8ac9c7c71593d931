import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** What a miner's index is called among those of a data folder. */
export const indexName = (miner: string): string => `${prefix}${miner}`
const prefix = 'miner-'

/** Where the indexes of all miners of a data folder are, in order of their names. */
export async function indexFolders(dataDir: string): Promise<string[]> {
  const folder = join(dataDir, 'corpus')
  const names = await readdir(folder).catch(() => [])
  return names
    .filter((name) => name.startsWith(prefix))
    .toSorted()
    .map((name) => join(folder, name))
}

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { systemClock } from '#infra/clock.ts'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { families, type ManifestKind } from '#schemas/lineage.ts'

/** Iceberg tables say where their files are, and when versions were committed by the clock of the machine. */
const isTable = (path: string): boolean => /^datasets\/[^/]+\/iceberg\//.test(path)

/** Which node answered for a batch, and with what loss, is up to the nodes. */
const isReceipt = (path: string): boolean => /^plans\/[^/]+\/receipts\//.test(path)

/** sha256 of every other object of the store, and the content address of every version of the lines that must repeat. */
export async function artefactsOf(dataDir: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  const store = join(dataDir, 'store')
  for (const entry of await readdir(store, { recursive: true, withFileTypes: true })) {
    const path = relative(store, join(entry.parentPath, entry.name))
    if (entry.isFile() && !path.startsWith('.tmp') && !isTable(path) && !isReceipt(path))
      found[path] = createHash('sha256')
        .update(await readFile(join(store, path)))
        .digest('hex')
  }
  await using catalog = sqliteCatalog(join(dataDir, 'catalog.sqlite'), { clock: systemClock() })
  for (const family of [families.shards, families.snapshots, families.indexes, families.datasets, families.tokens, families.plans])
    for (const line of await catalog.lines<ManifestKind, ManifestKind>(family))
      for (const { name, version, sha256 } of await catalog.history(line, { limit: 100 })) found[`${name}@${version}`] = sha256
  return found
}

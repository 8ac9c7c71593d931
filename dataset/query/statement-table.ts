import type { ListedFile } from '#schemas/data-file.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { SqlTable } from '#schemas/sql.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { DatasetEntry } from '../versions.ts'
import type { PlacesOfVersions } from './version-places.ts'

interface TableParts {
  store: Pick<ObjectStore, 'get' | 'head'>
  places: PlacesOfVersions
  telemetry: Telemetry
}

/** What statements of strangers see of a version. The signature is of no use to them, and half of what a file takes. A file that is gone or torn is left out. */
export const tableOf = (parts: TableParts, entry: DatasetEntry, damaged: ReadonlySet<string> = new Set()): SqlTable => ({
  address: damaged.size === 0 ? entry.sha256 : `${entry.sha256} without ${[...damaged].toSorted().join()}`,
  names: ['documents', 'train'],
  without: ['minhash'],
  async files() {
    const { files } = await parts.places.of(entry)
    const readable: Awaited<ReturnType<typeof readableFile>>[][] = []
    for (let from = 0; from < files.length; from += filesAtOnce) {
      const some = files.slice(from, from + filesAtOnce).map(async (listed, n) => (damaged.has(listed.file.key) ? [] : readableFile(parts, listed, from + n)))
      readable.push(await Promise.all(some))
    }
    return readable.flat(2)
  },
})

/** Open at the same time. */
const filesAtOnce = 50
const magic = 'PAR1'

async function readableFile(
  { store, places, telemetry }: TableParts,
  listed: ListedFile,
  index: number,
): Promise<{ key: string; index: number; deleted: Uint32Array }[]> {
  const { key, bytes, rows } = listed.file
  if (rows === 0) return []
  try {
    const [head, end, deleted] = await Promise.all([store.head(key), store.get(key, { start: bytes - magic.length, end: bytes }), places.deleted(listed)])
    if (head?.bytes === bytes && Buffer.from(end).toString('latin1') === magic) return [{ key, index, deleted: deleted.words }]
  } catch (error) {
    telemetry.event('dataset.file_unreadable', { key, reason: String(error) })
    return []
  }
  telemetry.event('dataset.file_unreadable', { key, reason: 'it has other bytes than its manifest says' })
  return []
}

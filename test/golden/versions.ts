import { join } from 'node:path'
import { writeDeletionVector } from '#infra/corpus/deletion-vector.ts'
import { writeGroups } from '#infra/corpus/groups.ts'
import { writeList } from '#infra/corpus/list-object.ts'
import { writeDataFile } from '#infra/corpus/write-data-file.ts'
import { DeletedRows } from '#schemas/deletion-vector.ts'
import { lineage } from '#schemas/lineage.ts'
import type { VersionFile, VersionGroup } from '#schemas/manifest.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import { goldenOrigin, type GoldenShard, type ShardWorld } from './shards.ts'

/** The next version of the dataset "web", of these files by miner, whoever may have made it: nothing is checked. The same documents are the same file. */
export async function putVersion(
  { store, catalog, dir }: Pick<ShardWorld, 'store' | 'catalog' | 'dir'>,
  miners: Readonly<Record<string, readonly GoldenShard[]>>,
): Promise<DatasetEntry> {
  const groups: VersionGroup[] = []
  for (const [hotkey, shards] of Object.entries(miners)) {
    const files: VersionFile[] = []
    for (const { documents, deletes = [] } of shards) {
      const keyOf = ({ sha256 }: { sha256: string }) => `data/hotkey=${hotkey}/${sha256}.parquet`
      const file = await writeDataFile(store, { documents, codec: 'zstd', writtenAt: new Date(0), spool: join(dir, 'spool'), keyOf })
      files.push({ file, deletes: await writeDeletionVector(store, 'datasets/web/deletes/', DeletedRows.of(deletes)), taken: documents.length, refused: [] })
    }
    const documents = files.reduce((sum, { file, deletes }) => sum + file.rows - (deletes?.rows ?? 0), 0)
    const list = await writeList(store, 'datasets/web/lists/', files)
    groups.push({ hotkey, job_id: 'one', snapshot: null, list, files: files.length, documents, text_bytes: 0 })
  }
  const line = lineage.dataset('web')
  const parent = (await catalog.head(line))?.sha256
  return catalog.commit(line, parent, {
    kind: 'version',
    parent: parent ?? null,
    origin: goldenOrigin,
    name: 'web',
    cleaning: 1,
    groups: await writeGroups(store, groups, { prefix: 'datasets/web/lists/' }),
    files: groups.reduce((sum, { files }) => sum + files, 0),
    gone: null,
    documents: groups.reduce((sum, { documents }) => sum + documents, 0),
    text_bytes: 0,
    labels: [],
    dropped: [],
  })
}

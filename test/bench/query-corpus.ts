import { join } from 'node:path'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { systemClock } from '#infra/clock.ts'
import { writeList } from '#infra/corpus/list-object.ts'
import { writeDataFile } from '#infra/corpus/write-data-file.ts'
import { folderStore } from '#infra/store/folder.ts'
import { lineage } from '#schemas/lineage.ts'
import type { VersionFile, VersionGroup } from '#schemas/manifest.ts'
import type { Document } from '#schemas/document.ts'
import type { DatasetEntry } from '#dataset/versions.ts'

/** A dataset that grows by files of documents, as an ingest would leave it. @param make so many, others for each number */
export function queryCorpus(folder: string, make: (count: number) => Document[]) {
  const store = folderStore(join(folder, 'objects'))
  const catalog = sqliteCatalog(join(folder, 'catalog.sqlite'), { clock: systemClock() })
  const files: VersionFile[] = []
  const line = lineage.dataset('web')
  let made = 0
  return {
    store,
    catalog,
    /** The next file; each has other texts. @returns some of its documents */
    async addFile(rows: number): Promise<Document[]> {
      const documents = make(rows + made++).slice(0, rows)
      const file = await writeDataFile(store, {
        documents: documents.map((document, n) => ({ ...document, label: `label-${n % 20}`, lang: n % 10 === 0 ? 'de' : 'en' })),
        codec: 'zstd',
        writtenAt: new Date(Date.UTC(2026, 0, 21)),
        spool: join(folder, 'spool'),
        keyOf: ({ sha256 }) => `data/${sha256}.parquet`,
      })
      files.push({ file, deletes: null, taken: rows, refused: [] })
      return documents.slice(0, 50)
    },
    /** A version of the first files. A group holds a hundred of them. */
    async commit(count = files.length): Promise<DatasetEntry> {
      const head = await catalog.head(line)
      const groups: VersionGroup[] = []
      for (let from = 0; from < count; from += 100) {
        const some = files.slice(from, Math.min(count, from + 100))
        const sum = (of: (file: VersionFile['file']) => number): number => some.reduce((all, { file }) => all + of(file), 0)
        const list = await writeList(store, 'datasets/web/lists/', some)
        groups.push({
          hotkey: `hotkey-${from}`,
          job_id: 'one',
          snapshot: null,
          list,
          files: some.length,
          documents: sum(({ rows }) => rows),
          text_bytes: sum((file) => file.text_bytes),
        })
      }
      const total = (of: (group: VersionGroup) => number): number => groups.reduce((all, group) => all + of(group), 0)
      return catalog.commit(line, head?.sha256, {
        kind: 'version',
        parent: head?.sha256 ?? null,
        origin: { code_version: '0.0.0-bench', config_sha256: '0'.repeat(64) },
        name: 'web',
        cleaning: 1,
        groups,
        gone: null,
        documents: total(({ documents }) => documents),
        text_bytes: total((group) => group.text_bytes),
        labels: [],
        dropped: [],
      })
    },
    [Symbol.asyncDispose]: () => catalog[Symbol.asyncDispose](),
  }
}

import { lineage } from '#schemas/lineage.ts'
import type { Document } from '#schemas/document.ts'
import { testDocument } from '#test/golden/documents.ts'
import { goldenOrigin, putSnapshot, shardWorld, type GoldenShard, type ShardWorld } from '#test/golden/shards.ts'
import { readDocuments } from '../documents.ts'
import { ingest } from '../ingest/ingest.ts'
import { IngestMemory } from '../ingest/memory.ts'
import { IcebergTables } from './tables.ts'

export const signal = new AbortController().signal

export interface TableScene extends ShardWorld {
  /** The next snapshot of a job of the miner `a`, taken in: the dataset's next version, and its tables. */
  bring(jobId: string, shards: readonly GoldenShard[]): Promise<void>
  /** What is new, taken in. */
  refresh(): Promise<void>
  /** Documents of a version by their ids, the newest when it is left out. */
  documents(version?: number): Promise<Document[]>
  tables: IcebergTables
}

export async function tableScene(options: Parameters<typeof shardWorld>[0] = {}): Promise<TableScene> {
  const world = await shardWorld(options)
  const memory = new IngestMemory()
  const tables = new IcebergTables(world)
  const scene = {
    ...world,
    tables,
    async refresh() {
      await ingest({ ...world, memory, name: 'web', origin: goldenOrigin, signal })
      await tables.follow('web', { mayHaveExpired: false, signal })
    },
    async bring(jobId: string, shards: readonly GoldenShard[]) {
      await putSnapshot(world, { signer: await world.signer('a'), jobId, shards })
      await scene.refresh()
    },
    async documents(version?: number) {
      const line = lineage.dataset('web')
      const entry = version === undefined ? await world.catalog.head(line) : await world.catalog.get(line, { version })
      const documents = entry ? await Array.fromAsync(readDocuments(world.store, entry.manifest, signal)) : []
      return documents.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    },
  }
  return scene
}

const day = (n: number): Date => new Date(Date.UTC(2026, 0, 5 + n, 12))
/** Of one label and one day; of one label; of several. */
export const pages = {
  oneDay: Array.from({ length: 8 }, (_, n) => testDocument(n, { label: 'docs', datetime: day(0), published_at: day(0) })),
  oneLabel: Array.from({ length: 4 }, (_, n) => testDocument(20 + n, { label: 'docs', datetime: day(n), published_at: day(n) })),
  labels: ['__proto__', 'constructor', `${'l'.repeat(139)}ü`, '文書', 'docs'].map((label, n) =>
    testDocument(40 + n, { label, datetime: day(n), published_at: day(n) }),
  ),
}

/** Three versions: deletes in the first, more of them and another file in the second, a job that left all of its pages in the third. */
export async function threeVersions(scene: TableScene): Promise<void> {
  await putSnapshot(scene, { signer: await scene.signer('a'), jobId: 'two', shards: [{ documents: pages.labels }] })
  await scene.bring('one', [{ documents: pages.oneDay, deletes: [1] }])
  await scene.bring('one', [{ documents: pages.oneDay, deletes: [1, 3] }, { documents: pages.oneLabel }])
  await scene.bring('two', [{ documents: pages.labels, deletes: [0, 2, 3, 4] }])
}

import { recentValues, type RecentValues } from '#infra/recent-values.ts'
import type { GenerationShard } from '#schemas/token-list.ts'
import { readShardHeader } from '../blocks/shard-header.ts'
import type { PlannedBatch } from './batches.ts'
import { countUpTo } from './layout.ts'
import { readEnds, readIds, type ShardSource } from './shard-documents.ts'

/** A document, or the part of it, that a row has. */
export interface RowDocument {
  /** Lower-case hex sha256. */
  id: string
  /** Token of the row after its last one there. */
  end: number
  /** Whether it goes on where the row or the piece ends: no end of text stands there. */
  isCut: boolean
}

/** What masks are made of: the documents of each row of a batch, in the order of its tokens; what is filled up with the end of text belongs to none. */
export interface RowDocuments {
  /** @throws OrreryError `data_unreadable`; what the store throws */
  of(batch: Pick<PlannedBatch, 'windows'>): Promise<RowDocument[][]>
}

const tablesBytesMax = 64 * 2 ** 20

interface Table {
  ends: Float64Array
  ids: Buffer
}

/** Ends and ids of shards that were read lately, of any epochs. */
export type DocumentTables = RecentValues<string, Table>
export const documentTables = (): DocumentTables => recentValues({ bytesMax: tablesBytesMax, bytesOf: ({ ends, ids }) => ends.byteLength + ids.length })

/** Reads which documents rows are made of: the ends and ids of a shard once, as long as there is room. */
export function rowDocuments(source: ShardSource, tables = documentTables()): RowDocuments {
  async function tableOf(shard: GenerationShard): Promise<Table> {
    const known = tables.get(shard.sha256)
    if (known) return known
    const header = await readShardHeader(source.store, shard, source.tokenizer)
    const [ends, ids] = await Promise.all([readEnds(source, shard, header), readIds(source, shard, header)])
    tables.keep(shard.sha256, { ends, ids })
    return { ends, ids }
  }

  async function ofRow({ pieces }: PlannedBatch['windows'][number]): Promise<RowDocument[]> {
    const documents: RowDocument[] = []
    let at = 0
    for (const { shard, start, tokens } of pieces) {
      const { ends, ids } = await tableOf(shard)
      for (let document = countUpTo(ends, start), from = start; from < start + tokens; document++) {
        const end = ends[document] as number
        const to = Math.min(end, start + tokens)
        at += to - from
        documents.push({ id: ids.toString('hex', 32 * document, 32 * document + 32), end: at, isCut: to < end })
        from = to
      }
    }
    return documents
  }

  return { of: async ({ windows }) => Promise.all(windows.map(ofRow)) }
}

import { recentValues } from '#infra/recent-values.ts'
import type { DeletionVector } from '#schemas/data-file.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { GenerationShard, ShardLayout, TokenizerRef } from '#schemas/token-list.ts'
import { readShardHeader } from '../blocks/shard-header.ts'
import { Gaps } from './gaps.ts'
import { readLayout, type Layout } from './layout.ts'
import { readDeleted, readEnds } from './shard-documents.ts'

/** What planning and batches read of shards again and again. */
export interface ShardCache {
  /** @throws OrreryError `data_unreadable`; what the store throws */
  layoutOf(layout: ShardLayout): Promise<Layout>
  /** What is deleted of a shard, that can be read. @throws as `layoutOf` */
  gapsOf(shard: GenerationShard, tokenizer: TokenizerRef, deletes: DeletionVector | null): Promise<Gaps>
}

const layoutsBytesMax = 32 * 2 ** 20
const gapsBytesMax = 16 * 2 ** 20

export function shardCache(store: Pick<ObjectStore, 'get'>): ShardCache {
  const layouts = recentValues<string, Layout>({ bytesMax: layoutsBytesMax, bytesOf: ({ bytes }) => bytes })
  const gaps = recentValues<string, Gaps>({ bytesMax: gapsBytesMax, bytesOf: ({ bytes }) => bytes })
  return {
    async layoutOf(object) {
      const known = layouts.get(object.sha256)
      if (known) return known
      const layout = await readLayout(store, object)
      layouts.keep(object.sha256, layout)
      return layout
    },
    async gapsOf(shard, tokenizer, deletes) {
      // One that was lost may be back, and one that was there may be lost.
      const header = await readShardHeader(store, shard, tokenizer)
      if (!deletes) return new Gaps([], new Float64Array())
      const name = `${shard.sha256} ${deletes.sha256}`
      const known = gaps.get(name)
      if (known) return known
      const source = { store, tokenizer }
      const [deleted, ends] = await Promise.all([readDeleted(source, shard, deletes), readEnds(source, shard, header)])
      const read = new Gaps(deleted, ends)
      gaps.keep(name, read)
      return read
    },
  }
}

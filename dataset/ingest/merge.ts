import type { Document } from '#schemas/document.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { decodeRowGroups } from '#schemas/parquet/decode.ts'
import type { Duplicates } from './duplicates.ts'

/** The documents of Parquet objects, one object in memory at a time. */
async function* readParts(store: ObjectStore, keys: readonly string[]): AsyncGenerator<Document, undefined> {
  for (const key of keys) for await (const group of decodeRowGroups(await store.get(key))) yield* group
}

/**
 * All kept documents of all shards, by id: a merge of shards that are sorted already.
 * @param shards part keys of each shard, its documents sorted by id, no id twice in it
 */
export async function* mergeShards(
  store: ObjectStore,
  shards: readonly (readonly string[])[],
  { winners, near }: Pick<Duplicates, 'winners' | 'near'>,
): AsyncGenerator<Document> {
  const readers = shards.map((keys) => readParts(store, keys))
  const heads: (Document | undefined)[] = []
  for (const reader of readers) heads.push((await reader.next()).value)
  for (;;) {
    const id = smallestId(heads)
    if (id === undefined) return
    const winner = winners.get(id)
    for (const [at, document] of heads.entries()) {
      if (document?.id !== id) continue
      const kept = !near.has(id) && (!winner || (winner.hotkey === document.hotkey && winner.jobId === document.job_id))
      if (kept) yield document
      heads[at] = (await readers[at]?.next())?.value
    }
  }
}

function smallestId(heads: readonly (Document | undefined)[]): string | undefined {
  let smallest: string | undefined
  for (const head of heads) if (head && (smallest === undefined || head.id < smallest)) smallest = head.id
  return smallest
}

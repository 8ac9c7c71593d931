import { setImmediate as nextTurn } from 'node:timers/promises'
import type { DeletionVector } from '#schemas/data-file.ts'
import type { GenerationShard, TokenizerRef } from '#schemas/token-list.ts'
import { sizeOf, type WindowOrder } from './generation.ts'
import type { ShardCache } from './shard-cache.ts'
import { orTell } from './shard-documents.ts'
import { Skipped } from './skipped.ts'

/** What is gone of the shards of a run. */
export interface Gone {
  tokenizer: TokenizerRef
  /** What is deleted of a shard, null for nothing; undefined: nobody knows any more, and none of it is trained. */
  deletesOf(sha256: string): DeletionVector | null | undefined
  /** Keys of shards that could not be read lately: none of one that still cannot is trained. */
  lost: ReadonlySet<string>
  /** Told of a shard of which none is trained. */
  tell(key: string, problem: string): void
}

/** Whether anything is gone of it that was not when it joined. */
export const isChanged = ({ deletesOf, lost }: Gone, { key, sha256, deletes }: GenerationShard): boolean => {
  const now = deletesOf(sha256)
  return now === undefined || now?.sha256 !== deletes || lost.has(key)
}

const windowsPerTurn = 2 ** 16

/** Places of a generation's order whose windows meet what went since it joined: the cost is that of what went, however many windows there are. */
export async function lostPlaces(
  cache: ShardCache,
  gone: Gone,
  { shards, order }: { shards: readonly GenerationShard[]; order: WindowOrder },
): Promise<Skipped> {
  const places = new Uint32Array(Math.ceil(order.windows / 32))
  let isAny = false
  let looked = 0
  for (const [n, shard] of shards.entries()) {
    if (!isChanged(gone, shard)) continue
    for (const [from, to] of await lostOf(cache, gone, shard)) {
      const [first, end] = order.windowsAt(n, from, to)
      for (let window = first; window < end; window++) {
        const place = order.placeOf(window)
        places[place >>> 5] = (places[place >>> 5] as number) | (1 << (place & 31))
        isAny = true
        if (++looked % windowsPerTurn === 0) await nextTurn()
      }
    }
  }
  return isAny ? new Skipped(Uint32Array.from(bitsOf(places))) : Skipped.none
}

function* bitsOf(words: Uint32Array): Generator<number> {
  for (const [n, word] of words.entries()) for (let left = word; left !== 0; left &= left - 1) yield n * 32 + (31 - Math.clz32(left & -left))
}

/** What is lost of what a shard gives, in its units. */
async function lostOf(cache: ShardCache, gone: Gone, shard: GenerationShard): Promise<Iterable<[number, number]>> {
  const deletes = gone.deletesOf(shard.sha256)
  const gaps = deletes === undefined ? 'no version of the tokens names it any more' : await orTell(cache.gapsOf(shard, gone.tokenizer, deletes))
  if (typeof gaps === 'string') {
    gone.tell(shard.key, gaps)
    return [[0, sizeOf(shard)]]
  }
  return shard.layout ? (await cache.layoutOf(shard.layout)).touched(gaps) : gaps.within(0, shard.tokens)
}

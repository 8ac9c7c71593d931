import { readDeletionVector } from '#infra/corpus/deletion-vector.ts'
import type { DeletionVector } from '#schemas/data-file.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { decodeDocumentEnds, documentEndRange } from '#schemas/token-shard.ts'
import type { GenerationShard, TokenizerRef } from '#schemas/token-list.ts'
import { ownFault, readShardHeader } from '../blocks/shard-header.ts'

/** The tokens of one shard that must not be trained: those of deleted documents. */
export interface Gaps {
  /** Whether there is one of them among these. */
  meet(start: number, tokens: number): boolean
  /** What it takes to remember. */
  bytes: number
}

const none: Gaps = { meet: () => false, bytes: 0 }
const all: Gaps = { meet: () => true, bytes: 0 }

/**
 * @param deletes of the shard, null for nothing; undefined: nobody knows what is deleted of it any more, and none of it is trained
 * @param lost told of a shard that is gone or damaged: none of it is trained
 * @throws what the store throws when it is away
 */
export async function readGaps(
  store: Pick<ObjectStore, 'get'>,
  shard: GenerationShard,
  { deletes, tokenizer, lost }: { deletes: DeletionVector | null | undefined; tokenizer: TokenizerRef; lost(problem: string): void },
): Promise<Gaps> {
  if (deletes === undefined) {
    lost('no version of the tokens names it any more')
    return all
  }
  try {
    const header = await readShardHeader(store, shard, tokenizer)
    if (!deletes) return none
    const deleted = await readDeletionVector(store, { file: { rows: header.documents }, deletes })
    const ends = decodeDocumentEnds(await store.get(shard.key, documentEndRange(header, 0, header.documents)))
    return gapsOf(ends, deleted)
  } catch (error) {
    const fault = ownFault(shard.key, error)
    if (!(fault instanceof OrreryError) || fault.code !== 'data_unreadable') throw error
    lost(fault.message)
    return all
  }
}

/** @param documents rising */
function gapsOf(ends: readonly number[], documents: Iterable<number>): Gaps {
  // Runs of tokens, neighbours joined: first token, token after the last, …
  const edges: number[] = []
  for (const document of documents) {
    const end = ends[document]
    if (end === undefined) break
    const start = document === 0 ? 0 : (ends[document - 1] ?? 0)
    if (edges.at(-1) === start) edges[edges.length - 1] = end
    else edges.push(start, end)
  }
  const sorted = Float64Array.from(edges)
  return {
    bytes: sorted.byteLength,
    meet(start, tokens) {
      // The first edge beyond `start`: odd, when `start` lies in a gap.
      let [low, high] = [0, sorted.length]
      while (low < high) {
        const middle = (low + high) >>> 1
        if ((sorted[middle] ?? 0) <= start) low = middle + 1
        else high = middle
      }
      return low % 2 === 1 || (sorted[low] ?? Infinity) < start + tokens
    },
  }
}

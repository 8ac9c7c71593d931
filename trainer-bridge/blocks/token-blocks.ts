import { recentValues } from '#infra/recent-values.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { GenerationShard, TokenizerRef } from '#schemas/token-list.ts'
import { decodeTokens, tokenRange, type TokenShardHeader } from '#schemas/token-shard.ts'
import type { PlannedBatch, PlannedBatches } from '../plan/batches.ts'
import type { Piece } from '../plan/generation.ts'
import { ownFault, readShardHeader, unreadable } from './shard-header.ts'

/** The tokens of one batch. */
export interface TokenBlock {
  label: string
  /** rows × sequence_tokens u32, little-endian, row after row. */
  bytes: Uint8Array
  /** Of `bytes`, lower-case hex. */
  sha256: string
}

export interface TokenBlocks {
  /** @throws OrreryError `not_found` (no such batch), `data_unreadable` (a shard is not what its manifest says), what the store throws */
  block(batch: number): Promise<TokenBlock>
}

/** Blocks kept, in bytes: the first and the last layer of a pipeline fetch the same block minutes apart. */
const cacheBytesMax = 32 * 2 ** 20
/** Shard headers kept, in bytes. */
const headersBytesMax = 2 ** 20
/** What one takes, its promise included. */
const headerBytes = 400

/** Reads the blocks of a plan from its token shards, by byte ranges, never a whole shard. */
export function openTokenBlocks(batches: Pick<PlannedBatches, 'batch'>, tokenizer: TokenizerRef, store: Pick<ObjectStore, 'get'>): TokenBlocks {
  const headers = recentValues<string, Promise<TokenShardHeader>>({ bytesMax: headersBytesMax, bytesOf: () => headerBytes })
  const cache = recentValues<number, TokenBlock>({ bytesMax: cacheBytesMax, bytesOf: ({ bytes }) => bytes.length })

  function headerOf(shard: GenerationShard): Promise<TokenShardHeader> {
    const known = headers.get(shard.key)
    if (known) return known
    const reading = readShardHeader(store, shard, tokenizer)
    headers.keep(shard.key, reading)
    // A store that was away for a moment is asked again the next time.
    reading.catch(() => headers.drop(shard.key))
    return reading
  }

  async function readPiece({ shard, start, tokens: count }: Piece): Promise<Uint32Array> {
    const header = await headerOf(shard)
    const range = tokenRange(header, start, count)
    const bytes = await store.get(shard.key, range).catch((error: unknown) => {
      throw ownFault(shard.key, error)
    })
    if (bytes.length !== range.end - range.start) throw unreadable(shard.key, `it ends before token ${start + count}`)
    const ids = decodeTokens(header, bytes)
    if (ids.some((id) => id >= tokenizer.vocabulary)) throw unreadable(shard.key, `a token at ${start} or after is outside the vocabulary`)
    return ids
  }

  return {
    async block(batch) {
      const kept = cache.get(batch)
      if (kept) return kept
      const planned = batches.batch(batch)
      const pieces = await Promise.all(planned.windows.flatMap((window) => window.pieces.map(readPiece)))
      const block = joinPieces(planned, pieces)
      cache.keep(batch, block)
      return block
    },
  }
}

function joinPieces({ label }: PlannedBatch, pieces: readonly Uint32Array[]): TokenBlock {
  const bytes = new Uint8Array(4 * pieces.reduce((sum, piece) => sum + piece.length, 0))
  const view = new DataView(bytes.buffer)
  let offset = 0
  for (const piece of pieces) {
    for (const token of piece) {
      view.setUint32(offset, token, true)
      offset += 4
    }
  }
  return { label, bytes, sha256: sha256Hex(bytes) }
}

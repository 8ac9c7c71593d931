import { recentValues } from '#infra/recent-values.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { PlanManifest, TokensManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { decodeTokens, parseTokenShardHeader, tokenRange, tokenShardHeaderBytes, type TokenShardHeader } from '#schemas/token-shard.ts'
import { plannedBatches, type Piece, type PlannedBatch, type PlannedBatches } from '../plan/batches.ts'

/** The tokens of one batch. */
export interface TokenBlock {
  label: string
  /** rows × sequence_tokens u32, little-endian, row after row. */
  bytes: Uint8Array
  /** Of `bytes`, lower-case hex. */
  sha256: string
}

export interface TokenBlocks {
  readonly plan: PlanManifest
  readonly batches: PlannedBatches
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
export function openTokenBlocks(plan: PlanManifest, tokens: TokensManifest, store: Pick<ObjectStore, 'get'>): TokenBlocks {
  const batches = plannedBatches(plan, tokens)
  const headers = recentValues<string, Promise<TokenShardHeader>>({ bytesMax: headersBytesMax, bytesOf: () => headerBytes })
  const shards = new Map(tokens.shards.map((shard) => [shard.key, shard]))
  const cache = recentValues<number, TokenBlock>({ bytesMax: cacheBytesMax, bytesOf: ({ bytes }) => bytes.length })

  function headerOf(key: string): Promise<TokenShardHeader> {
    const known = headers.get(key)
    if (known) return known
    const reading = readHeader(store, key, shards.get(key), tokens).catch((error: unknown) => {
      throw faultOf(key, error)
    })
    headers.keep(key, reading)
    // A store that was away for a moment is asked again the next time.
    reading.catch(() => headers.drop(key))
    return reading
  }

  async function readPiece({ key, start, tokens: count }: Piece): Promise<Uint32Array> {
    const header = await headerOf(key)
    const range = tokenRange(header, start, count)
    const bytes = await store.get(key, range)
    if (bytes.length !== range.end - range.start) throw unreadable(key, `it ends before token ${start + count}`)
    const ids = decodeTokens(header, bytes)
    if (ids.some((id) => id >= tokens.tokenizer.vocabulary)) throw unreadable(key, `a token at ${start} or after is outside the vocabulary`)
    return ids
  }

  return {
    plan,
    batches,
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

async function readHeader(
  store: Pick<ObjectStore, 'get'>,
  key: string,
  shard: TokensManifest['shards'][number] | undefined,
  { tokenizer }: TokensManifest,
): Promise<TokenShardHeader> {
  const bytes = await store.get(key, { start: 0, end: tokenShardHeaderBytes })
  const header = parseTokenShardHeader(bytes, shard?.bytes)
  if (header.tokens !== shard?.tokens) throw unreadable(key, `it has ${header.tokens} tokens, not ${shard?.tokens}`)
  if (header.fingerprint !== tokenizer.fingerprint) throw unreadable(key, `its tokenizer is not ${tokenizer.name}`)
  return header
}

const unreadable = (key: string, problem: string, cause?: unknown): OrreryError =>
  new OrreryError('data_unreadable', `The token shard "${key}" is not what its manifest says: ${problem}; tokenize the dataset again.`, { key }, cause)

/** A shard that is gone or malformed is this side's fault, never that of who asks for a block: a 5xx. */
function faultOf(key: string, error: unknown): unknown {
  const own = error instanceof OrreryError && (error.code === 'not_found' || error.code === 'invalid_record')
  return own ? unreadable(key, error.message, error) : error
}

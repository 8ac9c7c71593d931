import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { GenerationShard, TokenizerRef } from '#schemas/token-list.ts'
import { parseTokenShardHeader, tokenShardHeaderBytes, type TokenShardHeader } from '#schemas/token-shard.ts'

/** The header of a token shard. @throws OrreryError `data_unreadable` when the shard is gone, or not what is said of it; what the store throws */
export async function readShardHeader(store: Pick<ObjectStore, 'get'>, shard: GenerationShard, tokenizer: TokenizerRef): Promise<TokenShardHeader> {
  try {
    const bytes = await store.get(shard.key, { start: 0, end: tokenShardHeaderBytes })
    const header = parseTokenShardHeader(bytes, shard.bytes)
    requireAsListed(header, shard)
    if (header.fingerprint !== tokenizer.fingerprint) throw unreadable(shard.key, `its tokenizer is not ${tokenizer.name}`)
    return header
  } catch (error) {
    throw ownFault(shard.key, error)
  }
}

/** @throws OrreryError `data_unreadable` when the header is not that of the shard of a list */
export function requireAsListed(header: TokenShardHeader, { key, tokens, documents }: GenerationShard): void {
  if (header.tokens !== tokens) throw unreadable(key, `it has ${header.tokens} tokens, not ${tokens}`)
  if (header.documents !== documents) throw unreadable(key, `it has ${header.documents} documents, not ${documents}`)
}

export const unreadable = (key: string, problem: string, cause?: unknown): OrreryError =>
  new OrreryError('data_unreadable', `The token shard "${key}" is not what its manifest says: ${problem}; restore it from a backup.`, { key }, cause)

/** A shard that is gone or malformed is this side's fault, never that of who asks for a block: a 5xx. */
export function ownFault(key: string, error: unknown): unknown {
  const own = error instanceof OrreryError && (error.code === 'not_found' || error.code === 'invalid_record')
  return own ? unreadable(key, error.message, error) : error
}

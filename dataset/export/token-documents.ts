import { setImmediate as nextTurn } from 'node:timers/promises'
import { readDeletionVector } from '#infra/corpus/deletion-vector.ts'
import { readTokensGroups } from '#infra/corpus/groups.ts'
import { readList } from '#infra/corpus/list-object.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { TokenVersionManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { TokenizedFile, type ListedTokenShard } from '#schemas/token-list.ts'
import { decodeTokenShard } from '#schemas/token-shard.ts'

/** A document of a token version. */
export interface TokenDocument {
  id: string
  /** With the separator at its end. Good until the next document is asked for, and longer if copied. */
  tokens: Uint32Array
}

/**
 * The documents of a version of tokens that are not deleted, by miner, job, file and shard; one shard in memory at a time.
 * @throws OrreryError `data_unreadable` for a shard that is not what its list says; the signal's reason
 */
export async function* tokenDocuments(
  store: Pick<ObjectStore, 'get'>,
  manifest: Pick<TokenVersionManifest, 'groups' | 'tokenizer'>,
  signal: AbortSignal,
): AsyncGenerator<TokenDocument> {
  for (const group of (await readTokensGroups(store, manifest)).items)
    for (const { shards } of await readList(store, group.list, TokenizedFile))
      for (const listed of shards) {
        if (listed.deletes?.rows === listed.shard.documents) continue
        signal.throwIfAborted()
        yield* shardDocuments(store, listed, manifest.tokenizer.fingerprint)
        await nextTurn()
      }
}

async function* shardDocuments(store: Pick<ObjectStore, 'get'>, listed: ListedTokenShard, fingerprint: string): AsyncGenerator<TokenDocument> {
  const { shard } = listed
  const gone = await readDeletionVector(store, { file: { rows: shard.documents }, deletes: listed.deletes })
  const bytes = await store.get(shard.key)
  const decoded = sha256Hex(bytes) === shard.sha256 ? decodeTokenShard(bytes) : undefined
  if (decoded?.fingerprint !== fingerprint)
    throw new OrreryError('data_unreadable', `The token shard ${shard.key} is not what its manifest says; restore it from a backup.`, { key: shard.key })
  for (const [n, id] of decoded.documentIds.entries())
    if (!gone.has(n)) yield { id, tokens: decoded.tokenIds.subarray(decoded.documentEnds[n - 1] ?? 0, decoded.documentEnds[n]) }
}

import { readDeletionVector } from '#infra/corpus/deletion-vector.ts'
import { readTokensGroups } from '#infra/corpus/groups.ts'
import { readList } from '#infra/corpus/list-object.ts'
import type { TokenVersionManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { TokenizedFile, type ListedTokenShard } from '#schemas/token-list.ts'
import {
  decodeDocumentEnds,
  decodeDocumentIds,
  decodeTokens,
  documentEndRange,
  documentIdRange,
  parseTokenShardHeader,
  tokenRange,
  tokenShardHeaderBytes,
} from '#schemas/token-shard.ts'

/** A row of a training batch: so many tokens of documents that follow each other, each with the separator at its end. */
export interface TokenWindow {
  tokens: number[]
  /** Which tokens of it are of which document: [start, end). */
  documents: { id: string; start: number; end: number }[]
}

/** Documents of a shard that are looked at. */
const documentsMax = 2000

/**
 * The first windows of a version of tokens, in the order of its shards: what stands there is read and no more. The last may be shorter.
 * @throws OrreryError `invalid_record`, `not_found` for a shard that is not what its list says; the signal's reason
 */
export async function tokenWindows(
  store: Pick<ObjectStore, 'get'>,
  manifest: Pick<TokenVersionManifest, 'groups'>,
  { rows, sequenceTokens, signal }: { rows: number; sequenceTokens: number; signal: AbortSignal },
): Promise<TokenWindow[]> {
  const windows: TokenWindow[] = []
  let left = rows * sequenceTokens
  for await (const { id, tokens } of firstDocuments(store, manifest, () => left)) {
    signal.throwIfAborted()
    left -= tokens.length
    for (let at = 0; at < tokens.length;) {
      let window = windows.at(-1)
      if (!window || window.tokens.length === sequenceTokens) windows.push((window = { tokens: [], documents: [] }))
      const start = window.tokens.length
      for (; at < tokens.length && window.tokens.length < sequenceTokens; at++) window.tokens.push(tokens[at] as number)
      window.documents.push({ id, start, end: window.tokens.length })
    }
    if (left <= 0) break
  }
  return windows
}

async function* firstDocuments(store: Pick<ObjectStore, 'get'>, manifest: Pick<TokenVersionManifest, 'groups'>, left: () => number) {
  for (const group of (await readTokensGroups(store, manifest)).items)
    for (const { shards } of await readList(store, group.list, TokenizedFile)) for (const listed of shards) yield* firstOfShard(store, listed, left)
}

async function* firstOfShard(store: Pick<ObjectStore, 'get'>, { shard, deletes }: ListedTokenShard, left: () => number) {
  const header = parseTokenShardHeader(await store.get(shard.key, { start: 0, end: tokenShardHeaderBytes }), shard.bytes)
  const gone = await readDeletionVector(store, { file: { rows: shard.documents }, deletes })
  const looked = Math.min(header.documents, documentsMax)
  const ends = decodeDocumentEnds(await store.get(shard.key, documentEndRange(header, 0, looked)))
  const ids = decodeDocumentIds(await store.get(shard.key, documentIdRange(header, 0, looked)))
  for (const [n, id] of ids.entries()) {
    if (gone.has(n)) continue
    const start = ends[n - 1] ?? 0
    const count = Math.min((ends[n] as number) - start, left())
    yield { id, tokens: decodeTokens(header, await store.get(shard.key, tokenRange(header, start, count))) }
  }
}

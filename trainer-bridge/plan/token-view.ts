import { readTokensGroups } from '#infra/corpus/groups.ts'
import type { CatalogEntry } from '#schemas/catalog.ts'
import type { DeletionVector } from '#schemas/data-file.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { ListedTokenShard, TokenizedFile, type TokenizerRef } from '#schemas/token-list.ts'
import type { ReadLists } from './lists.ts'

/** A version of the tokens, its lists read. */
export interface TokenView {
  sha256: string
  /** Number of the version in its line. */
  version: number
  tokenizer: TokenizerRef
  /** Shards of the files there are, in the order of their groups and files. */
  current: readonly ListedTokenShard[]
  /** What is deleted of a shard, null for nothing; undefined for one that the version has not. */
  deletesOf(sha256: string): DeletionVector | null | undefined
}

/** With what the next one need not read. */
export interface ReadTokenView extends TokenView {
  /** `current` by the sha256 of the list of their job. */
  lists: ReadonlyMap<string, readonly ListedTokenShard[]>
}

interface TokenLists {
  store: Pick<ObjectStore, 'get'>
  readList: ReadLists
  /** The view before this one: of what both have nothing is read. */
  former?: ReadTokenView | undefined
}

/** @throws OrreryError `data_unreadable`, `not_found` when a list is missing or other than its manifest says */
export async function readTokenView(
  { store, readList, former }: TokenLists,
  { sha256, version, manifest }: CatalogEntry<'token-version'>,
): Promise<ReadTokenView> {
  const current: ListedTokenShard[] = []
  const lists = new Map<string, readonly ListedTokenShard[]>()
  for (const { list } of (await readTokensGroups(store, manifest)).items) {
    const listed = former?.lists.get(list.sha256) ?? (await readList(list, TokenizedFile)).flatMap(({ shards }) => shards)
    lists.set(list.sha256, listed)
    for (const shard of listed) current.push(shard)
  }
  const held = manifest.held ? await readList(manifest.held, ListedTokenShard) : []
  const deletes = new Map<string, DeletionVector | null>()
  for (const listed of held) deletes.set(listed.shard.sha256, listed.deletes)
  for (const listed of current) deletes.set(listed.shard.sha256, listed.deletes)
  return { sha256, version, tokenizer: manifest.tokenizer, current, lists, deletesOf: (shard) => deletes.get(shard) }
}

import { sha256Hex } from '#schemas/canonical-json.ts'
import { compareText } from '#schemas/compare-text.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { ListedTokenShard } from '#schemas/token-list.ts'
import { Stratum } from './stratum.ts'
import type { Vocabulary } from '#infra/tokenizer/vocabulary.ts'

/** Tokens of one shard, at most, unless a single document has more: small enough to make in memory, large enough that a window seldom meets an edge. */
export const shardTokensDefault = 4 * 2 ** 20

export interface FileShardsParts {
  store: Pick<ObjectStore, 'put'>
  /** Of the keys of shards. */
  prefix: string
  vocabulary: Vocabulary
  shardTokensMax: number
  /** sha256 of the data file. */
  file: string
  /** Number of the version of the tokens that has them first. */
  since: number
}

/** The token shards of one data file, as they are made: one for each label and for documents that moved apart from those that did not. */
export class FileShards {
  readonly #parts: FileShardsParts
  readonly #open = new Map<string, { stratum: Stratum; moved: boolean }>()
  readonly #made: ListedTokenShard[] = []
  #tokens = 0

  constructor(parts: FileShardsParts) {
    this.#parts = parts
  }

  async add({ id, label, row, moved }: { id: string; label: string; row: number; moved: boolean }, tokens: ArrayLike<number>): Promise<void> {
    const { vocabulary, shardTokensMax } = this.#parts
    const name = `${moved ? 'moved' : 'fresh'} ${label}`
    let open = this.#open.get(name)
    if (!open) this.#open.set(name, (open = { stratum: new Stratum(label, vocabulary), moved }))
    if (open.stratum.documents > 0 && open.stratum.tokens + tokens.length + 1 > shardTokensMax) await this.#flush(open)
    open.stratum.add(id, row, tokens)
    this.#tokens += tokens.length + 1
    // However many labels there are, two shards' worth is held in all.
    if (this.#tokens > 2 * shardTokensMax) await this.#flush(this.#largest())
  }

  /** All shards: those that became full in their order, then the others by label. */
  async finish(): Promise<ListedTokenShard[]> {
    const rest = [...this.#open].toSorted(([a], [b]) => compareText(a, b))
    for (const [, open] of rest) if (open.stratum.documents > 0) await this.#flush(open)
    return this.#made
  }

  #largest(): { stratum: Stratum; moved: boolean } {
    return this.#open.values().reduce((largest, open) => (open.stratum.tokens > largest.stratum.tokens ? open : largest))
  }

  async #flush({ stratum, moved }: { stratum: Stratum; moved: boolean }): Promise<void> {
    const { store, prefix, file, since } = this.#parts
    const { bytes, tokens, documents, blocksRoot } = stratum.take()
    this.#tokens -= tokens
    const sha256 = sha256Hex(bytes)
    const key = `${prefix}${sha256}.tok`
    await store.put(key, bytes)
    const shard = { key, sha256, bytes: bytes.length, label: stratum.label, tokens, documents, blocks_root: blocksRoot, file, since, moved }
    this.#made.push({ shard, deletes: null })
  }
}

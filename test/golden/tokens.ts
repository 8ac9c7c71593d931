import { canonicalJson, contentAddress, sha256Hex } from '#schemas/canonical-json.ts'
import type { DeletionVector, StoredObject } from '#schemas/data-file.ts'
import { DeletedRows, encodeDeletionVector } from '#schemas/deletion-vector.ts'
import type { TokenVersionManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { ListedTokenShard, TokenizedFile } from '#schemas/token-list.ts'
import { blockSumsRange, encodeTokenShard, parseTokenShardHeader, type TokenDtype } from '#schemas/token-shard.ts'
import { rootOfSums } from '#schemas/token-shard-sums.ts'

/** A shard of so many tokens, one document for every 64 of them. */
export interface GoldenShard {
  tokens: number
  /** Absent: 1. */
  since?: number
  moved?: boolean
  /** Places of documents that are gone. */
  deleted?: readonly number[]
  /** No file of the dataset has it any more. */
  held?: boolean
}

export interface TokenDatasetRequest {
  /** Shards of each label, or their tokens. */
  strata: Record<string, readonly (number | GoldenShard)[]>
  vocabulary?: number
  dtype?: TokenDtype
  seed?: number
  tokenizer?: string
}

export interface TokenDataset {
  /** `parent` is whoever's commits it. */
  manifest: TokenVersionManifest
  sha256: string
  /** Key → bytes of shards, lists and deletion vectors. */
  objects: Map<string, Uint8Array>
  /** All shards, in their order. */
  shards: ListedTokenShard[]
  /** label → all its tokens, shard after shard. */
  streams: Record<string, Uint32Array>
}

/** A small, real token dataset, the same for the same request: each label is a chain that a bigram model can learn, the first the best and the later ones less. */
export function tokenDataset({ strata, vocabulary = 1000, dtype = 'u16', seed = 1, tokenizer = 'golden' }: TokenDatasetRequest): TokenDataset {
  const objects = new Map<string, Uint8Array>()
  const put = (prefix: string, bytes: Uint8Array, ending: string): StoredObject => {
    const sha256 = sha256Hex(bytes)
    objects.set(`${prefix}${sha256}.${ending}`, bytes)
    return { key: `${prefix}${sha256}.${ending}`, sha256, bytes: bytes.length }
  }
  const deletionVector = (rows: readonly number[]): DeletionVector => ({
    ...put('tokens/golden/deletes/', encodeDeletionVector(DeletedRows.of(rows)), 'dv'),
    rows: rows.length,
  })
  const fingerprint = sha256Hex(`${tokenizer} tokenizer`)
  const streams: Record<string, Uint32Array> = {}
  const [shards, held, files]: [ListedTokenShard[], ListedTokenShard[], TokenizedFile[]] = [[], [], []]
  for (const [nth, [label, specs]] of Object.entries(strata).entries()) {
    const next = chain(seed * 31 + nth, vocabulary, Math.min(14, 2 + 5 * nth))
    const parts: Uint32Array[] = []
    for (const [part, spec] of specs.entries()) {
      const { tokens, since = 1, moved = false, deleted = [], held: isHeld = false } = typeof spec === 'number' ? { tokens: spec } : spec
      const tokenIds = Uint32Array.from({ length: tokens }, next)
      const documents = documentsOf(tokens, `${label}/${part}`)
      const bytes = encodeTokenShard({ dtype, separator: 0, fingerprint, tokenIds, ...documents })
      const sums = blockSumsRange(parseTokenShardHeader(bytes))
      const object = { ...put('tokens/golden/', bytes, 'tok'), blocks_root: rootOfSums(bytes.subarray(sums.start, sums.end)) }
      const file = sha256Hex(`golden file ${label}/${part}`)
      const shard = { ...object, label, tokens, documents: documents.documentIds.length, file, since, moved }
      const listed: ListedTokenShard = { shard, deletes: deleted.length > 0 ? deletionVector(deleted) : null }
      if (isHeld) held.push(listed)
      else files.push({ file, deletes: null, shards: [listed] })
      if (!isHeld) shards.push(listed)
      parts.push(tokenIds)
    }
    streams[label] = Uint32Array.from(parts.flatMap((part) => [...part]))
  }
  const list = (items: unknown[]): StoredObject => put('tokens/golden/lists/', Buffer.from(canonicalJson(items)), 'json')
  const manifest: TokenVersionManifest = {
    kind: 'token-version',
    parent: null,
    origin: { code_version: '0', config_sha256: sha256Hex('golden config') },
    dataset: sha256Hex(`golden dataset ${seed}`),
    tokenizer: { name: tokenizer, fingerprint, vocabulary },
    groups: [
      {
        hotkey: 'miner',
        job_id: 'job',
        source: sha256Hex('golden list'),
        list: list(files),
        shards: shards.length,
        tokens: shards.reduce((sum, { shard }) => sum + shard.tokens, 0),
        documents: shards.reduce((sum, { shard }) => sum + shard.documents, 0),
      },
    ],
    held: held.length > 0 ? list(held) : null,
  }
  return { manifest, sha256: contentAddress(manifest), objects, shards, streams }
}

export async function putTokens(store: Pick<ObjectStore, 'put'>, dataset: TokenDataset): Promise<void> {
  for (const [key, bytes] of dataset.objects) await store.put(key, bytes)
}

/** Each token has three likely successors; `surprises` of 16 tokens are any token at all. */
function chain(seed: number, vocabulary: number, surprises: number): () => number {
  let state = (seed * 2_654_435_761 + 1) >>> 0
  let token = state % vocabulary
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 8
  }
  return () => {
    const branch = random() % 16
    token = branch < surprises ? random() % vocabulary : (token * 7 + seed * 13 + (branch % 3)) % vocabulary
    return token
  }
}

function documentsOf(tokens: number, name: string): { documentEnds: number[]; documentIds: string[]; documentRows: number[] } {
  const documentEnds = Array.from({ length: Math.ceil(tokens / 64) }, (_, i) => Math.min(tokens, 64 * (i + 1)))
  return { documentEnds, documentIds: documentEnds.map((end) => sha256Hex(`${name}/${end}`)), documentRows: documentEnds.map((_, row) => row) }
}

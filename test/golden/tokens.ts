import { contentAddress, sha256Hex } from '#schemas/canonical-json.ts'
import type { TokensManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { encodeTokenShard, type TokenDtype } from '#schemas/token-shard.ts'

export interface TokenDatasetRequest {
  /** Tokens of each shard, by label; a shard is one document for every 64 tokens. */
  strata: Record<string, readonly number[]>
  vocabulary?: number
  dtype?: TokenDtype
  seed?: number
  parent?: string | null
}

export interface TokenDataset {
  manifest: TokensManifest
  sha256: string
  /** Key → bytes of the shard. */
  objects: Map<string, Uint8Array>
  /** label → all its tokens, shard after shard. */
  streams: Record<string, Uint32Array>
}

const fingerprint = sha256Hex('golden tokenizer')

/** A small, real token dataset, the same for the same request: each label is a chain that a bigram model can learn, the first the best and the later ones less. */
export function tokenDataset({ strata, vocabulary = 1000, dtype = 'u16', seed = 1, parent = null }: TokenDatasetRequest): TokenDataset {
  const objects = new Map<string, Uint8Array>()
  const streams: Record<string, Uint32Array> = {}
  const shards: TokensManifest['shards'] = []
  for (const [nth, [label, sizes]] of Object.entries(strata).entries()) {
    const next = chain(seed * 31 + nth, vocabulary, Math.min(14, 2 + 5 * nth))
    const parts = sizes.map((tokens) => Uint32Array.from({ length: tokens }, next))
    streams[label] = Uint32Array.from(parts.flatMap((part) => [...part]))
    for (const [part, tokenIds] of parts.entries()) {
      const documents = documentsOf(tokenIds.length, `${label}/${part}`)
      const bytes = encodeTokenShard({ dtype, separator: 0, fingerprint, tokenIds, ...documents })
      const key = `tokens/golden/${label}/${sha256Hex(bytes).slice(0, 16)}.tok`
      objects.set(key, bytes)
      const counts = { tokens: tokenIds.length, documents: documents.documentIds.length }
      shards.push({ label, key, sha256: sha256Hex(bytes), bytes: bytes.length, ...counts })
    }
  }
  const manifest: TokensManifest = {
    kind: 'tokens',
    parent,
    origin: { code_version: '0', config_sha256: sha256Hex('golden config') },
    dataset: sha256Hex(`golden dataset ${seed}`),
    tokenizer: { name: 'golden', fingerprint, vocabulary },
    shards,
  }
  return { manifest, sha256: contentAddress(manifest), objects, streams }
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

function documentsOf(tokens: number, name: string): { documentEnds: number[]; documentIds: string[] } {
  const documentEnds = Array.from({ length: Math.ceil(tokens / 64) }, (_, i) => Math.min(tokens, 64 * (i + 1)))
  return { documentEnds, documentIds: documentEnds.map((end) => sha256Hex(`${name}/${end}`)) }
}

import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { compareText } from '#schemas/compare-text.ts'
import type { TokensManifest } from '#schemas/manifest.ts'
import { lineage } from '#schemas/lineage.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { readDocuments } from '#dataset/documents.ts'
import { takingTurns } from '#dataset/turns.ts'
import { commitTokens, type AnyVersion, type Outcome, type TokensEntry } from '#dataset/versions.ts'
import { createEncoder } from './encoder.ts'
import { Stratum } from './stratum.ts'
import { loadVocabulary, type Vocabulary, type VocabularyName } from './vocabulary.ts'

export interface TokenizeRequest {
  catalog: Catalog
  store: ObjectStore
  /** Name of the dataset, and of its line of tokens. */
  name: string
  tokenizer: VocabularyName
  origin: TokensManifest['origin']
  telemetry: Telemetry
  signal: AbortSignal
  /** Tokens of one shard, at most, unless a single document has more. */
  shardTokensMax?: number
}

type Shard = TokensManifest['shards'][number]

/** 16 MiB of u32: small enough to hold one for each label, large enough that a window seldom meets an edge. */
const shardTokensDefault = 4 * 2 ** 20

/**
 * Tokenizes the head of a dataset: `<|endoftext|>` after each document, a label's documents sorted by id in shards of their own, each under the
 * sha256 of its bytes (`tokens/{name}/{sha256}.tok`), so that an unchanged label costs no new object. Tokens of the same dataset version and
 * vocabulary exist → nothing is done. The same dataset gives the same bytes.
 * @throws OrreryError `conflict` when another process committed in between (retryable)
 */
export async function tokenize(request: TokenizeRequest): Promise<Outcome<TokensEntry>> {
  const { catalog, name, origin, telemetry } = request
  const [dataset, head] = await Promise.all([catalog.head(lineage.dataset(name)), catalog.head(lineage.tokens(name))])
  if (!dataset) return { changed: false, entry: head }
  const vocabulary = await loadVocabulary(request.tokenizer)
  if (head?.manifest.dataset === dataset.sha256 && head.manifest.tokenizer.fingerprint === vocabulary.fingerprint) return { changed: false, entry: head }

  const shards = await writeShards(request, dataset.manifest, vocabulary)
  const tokenizer = { name: vocabulary.name, fingerprint: vocabulary.fingerprint, vocabulary: vocabulary.size }
  const entry = await commitTokens(catalog, name, head, { origin, dataset: dataset.sha256, tokenizer, shards })
  const tokens = shards.reduce((sum, shard) => sum + shard.tokens, 0)
  const documents = shards.reduce((sum, shard) => sum + shard.documents, 0)
  telemetry.count('tokens.written', tokens)
  telemetry.event('tokens.version', {
    name,
    version: entry.version,
    sha256: entry.sha256,
    tokenizer: vocabulary.name,
    documents,
    tokens,
    shards: shards.length,
  })
  return { changed: true, entry }
}

/** Shards by label, then in the order of their documents. */
async function writeShards(request: TokenizeRequest, manifest: AnyVersion, vocabulary: Vocabulary): Promise<Shard[]> {
  const { store, name, signal, shardTokensMax = shardTokensDefault } = request
  const encode = createEncoder(vocabulary)
  const strata = new Map<string, Stratum>()
  const shards: Shard[] = []
  const flush = async (stratum: Stratum): Promise<void> => {
    const { bytes, tokens, documents } = stratum.take()
    const sha256 = sha256Hex(bytes)
    const key = `tokens/${name}/${sha256}.tok`
    await store.put(key, bytes)
    shards.push({ label: stratum.label, key, sha256, bytes: bytes.length, tokens, documents })
  }
  const turn = takingTurns(signal)
  for await (const { id, label, text } of readDocuments(store, manifest, signal)) {
    await turn(text.length)
    const tokens = encode(text)
    const stratum = strata.get(label) ?? new Stratum(label, vocabulary)
    strata.set(label, stratum)
    if (stratum.documents > 0 && stratum.tokens + tokens.length + 1 > shardTokensMax) await flush(stratum)
    stratum.add(id, tokens)
  }
  for (const stratum of strata.values()) if (stratum.documents > 0) await flush(stratum)
  return shards.toSorted((a, b) => compareText(a.label, b.label))
}

import { blockSumsRange, dtypeOfVocabulary, encodeTokenShard, parseTokenShardHeader } from '#schemas/token-shard.ts'
import { rootOfSums } from '#schemas/token-shard-sums.ts'
import type { Vocabulary } from '#infra/tokenizer/vocabulary.ts'

/** A token shard that grows, of one label. */
export class Stratum {
  readonly label: string
  readonly #vocabulary: Vocabulary
  #tokenIds = new Uint32Array(256)
  #tokens = 0
  #documentEnds: number[] = []
  #documentIds: string[] = []
  #documentRows: number[] = []

  constructor(label: string, vocabulary: Vocabulary) {
    this.label = label
    this.#vocabulary = vocabulary
  }

  get tokens(): number {
    return this.#tokens
  }

  get documents(): number {
    return this.#documentIds.length
  }

  /** Appends one document and its separator. @param row of it in its data file */
  add(id: string, row: number, tokens: ArrayLike<number>): void {
    const end = this.#tokens + tokens.length + 1
    this.#reserve(end)
    this.#tokenIds.set(tokens, this.#tokens)
    this.#tokenIds[end - 1] = this.#vocabulary.endOfText
    this.#tokens = end
    this.#documentEnds.push(end)
    this.#documentIds.push(id)
    this.#documentRows.push(row)
  }

  /** The shard of what was added since the last call. */
  take(): { bytes: Uint8Array; tokens: number; documents: number; blocksRoot: string } {
    const { tokens, documents } = this
    const bytes = encodeTokenShard({
      dtype: dtypeOfVocabulary(this.#vocabulary.size),
      separator: this.#vocabulary.endOfText,
      fingerprint: this.#vocabulary.fingerprint,
      tokenIds: this.#tokenIds.subarray(0, tokens),
      documentEnds: this.#documentEnds,
      documentIds: this.#documentIds,
      documentRows: this.#documentRows,
    })
    this.#tokens = 0
    this.#documentEnds = []
    this.#documentIds = []
    this.#documentRows = []
    const sums = blockSumsRange(parseTokenShardHeader(bytes))
    return { bytes, tokens, documents, blocksRoot: rootOfSums(bytes.subarray(sums.start, sums.end)) }
  }

  #reserve(tokens: number): void {
    if (tokens <= this.#tokenIds.length) return
    const larger = new Uint32Array(Math.max(tokens, this.#tokenIds.length * 2))
    larger.set(this.#tokenIds.subarray(0, this.#tokens))
    this.#tokenIds = larger
  }
}

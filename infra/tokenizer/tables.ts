import { OrreryError } from '#schemas/errors.ts'
import { joined, pairIdsMax, pairTable } from './pair-table.ts'
import { TokenIndex, tokenBytesOf, type TokenBytes } from './token-bytes.ts'

/** A byte-level BPE vocabulary as it is published. */
export interface TokenList {
  /** Bytes of each token, by its number; no special ones. */
  tokens: TokenBytes
  /**
   * Pairs of tokens that may become one, the first first, left and right in turn. Absent: any two whose bytes together are a token, the one of lowest number first
   * (tiktoken).
   */
  merges?: Uint32Array
  /** A piece that is a token as it stands becomes that token, whatever merging would make of it. */
  takesWhole: boolean
}

/**
 * What an encoder reads, made once of a vocabulary. Tokens that merging can make have an inner number: bytes are 0..255, the others follow in the order in which they
 * are merged, so that the lowest number goes first.
 */
export interface Tables {
  /** Number of each token in its vocabulary, by its inner number. */
  outer: Uint32Array
  /** `pairTable` of inner numbers. */
  pairs: Uint32Array
  /**
   * Lowest inner number of what becomes of something that ends in a byte with another byte behind it, and of a byte with something behind it that begins with another;
   * all ones = of nothing. By the first byte << 8 | the second.
   */
  before: Uint32Array
  after: Uint32Array
  /** Bytes of the tokens that merging makes, by their inner numbers. */
  made: TokenBytes
  /** Tokens that merging never makes, but a whole piece may be; with their numbers, and their `TokenIndex`. */
  wholes: TokenBytes & { ids: Uint32Array; slots: Uint32Array }
}

/**
 * Of a token's bytes by themselves merging makes the same steps as inside any text, as long as nothing of it was merged with what stands beside it: so each token
 * has one last pair only, and the table needs no other.
 * @throws OrreryError `data_unreadable` when a byte is no token, or there are more tokens than fit
 */
export function makeTables({ tokens, merges, takesWhole }: TokenList): Tables {
  const index = new TokenIndex(tokens)
  const bytes = Uint32Array.from({ length: 256 }, (_, byte) => index.find(Uint8Array.of(byte), 0, 1))
  const missing = bytes.indexOf(0xffffffff)
  if (missing >= 0) throw new OrreryError('data_unreadable', `The vocabulary has no token for the byte ${missing}, so it is not one of byte-level BPE.`, {})
  const count = tokens.starts.length - 1
  if (count > pairIdsMax) throw new OrreryError('data_unreadable', `The vocabulary has ${count} tokens; at most ${pairIdsMax} fit.`, { count })

  const merger = new TokenMerger(tokens, merges ? listedPairs(tokens, index, merges) : anyPairs(tokens, index), bytes)
  const made: { token: number; left: number; right: number; rank: number }[] = []
  const unmade: number[] = []
  for (let token = 0; token < count; token++) {
    const length = tokens.starts[token + 1]! - tokens.starts[token]!
    if (length < 2) continue
    const last = merger.lastPair(token)
    if (last) made.push({ token, ...last })
    else unmade.push(token)
  }
  made.sort((a, b) => a.rank - b.rank)

  const inner = new Uint32Array(count).fill(0xffffffff)
  const outer = new Uint32Array(256 + made.length)
  for (let byte = 0; byte < 256; byte++) inner[(outer[byte] = bytes[byte]!)] = byte
  for (const [n, { token }] of made.entries()) inner[(outer[256 + n] = token)] = 256 + n
  const [before, after] = [new Uint32Array(65_536).fill(0xffffffff), new Uint32Array(65_536).fill(0xffffffff)]
  for (const [n, { left, right }] of made.entries()) {
    const [first, second] = [inner[left]!, inner[right]!]
    const [last, next] = [tokens.bytes[tokens.starts[left + 1]! - 1]!, tokens.bytes[tokens.starts[right]!]!]
    if (second < 256) before[(last << 8) | second] = Math.min(before[(last << 8) | second]!, 256 + n)
    if (first < 256) after[(first << 8) | next] = Math.min(after[(first << 8) | next]!, 256 + n)
  }
  return {
    outer,
    before,
    after,
    made: tokenBytesOf(Array.from(outer, (token) => tokens.bytes.subarray(tokens.starts[token], tokens.starts[token + 1]))),
    pairs: pairTable({
      left: Uint32Array.from(made, ({ left }) => inner[left]!),
      right: Uint32Array.from(made, ({ right }) => inner[right]!),
      become: Uint32Array.from(made, (_, n) => 256 + n),
    }),
    wholes: wholesOf(tokens, takesWhole ? unmade : []),
  }
}

function wholesOf({ bytes, starts }: TokenBytes, ids: readonly number[]): Tables['wholes'] {
  const some = tokenBytesOf(ids.map((id) => bytes.subarray(starts[id], starts[id + 1])))
  return { ...some, ids: Uint32Array.from(ids), slots: new TokenIndex(some).slots }
}

/** What two tokens become, and when; undefined: they stay apart. The bytes of both stand at [start, end). */
type Pairs = (left: number, right: number, start: number, end: number) => { rank: number; token: number } | undefined

function anyPairs({ bytes }: TokenBytes, index: TokenIndex): Pairs {
  return (_left, _right, start, end) => {
    const token = index.find(bytes, start, end)
    return token < 0 ? undefined : { rank: token, token }
  }
}

function listedPairs({ bytes }: TokenBytes, index: TokenIndex, merges: Uint32Array): Pairs {
  // Of a pair that stands twice the last counts, as in Hugging Face's tokenizers: it is found first.
  const last = merges.length / 2 - 1
  const [left, right] = [0, 1].map((side) => Uint32Array.from({ length: last + 1 }, (_, n) => merges[2 * (last - n) + side]!)) as [Uint32Array, Uint32Array]
  const ranks = pairTable({ left, right, become: Uint32Array.from(left, (_, n) => last - n) })
  return (a, b, start, end) => {
    const rank = joined(ranks, a, b)
    return rank < 0 ? undefined : { rank, token: index.find(bytes, start, end) }
  }
}

/** Merges the bytes of one token. */
class TokenMerger {
  readonly #tokens: TokenBytes
  readonly #pairs: Pairs
  readonly #byteTokens: Uint32Array

  constructor(tokens: TokenBytes, pairs: Pairs, byteTokens: Uint32Array) {
    this.#tokens = tokens
    this.#pairs = pairs
    this.#byteTokens = byteTokens
  }

  /** The pair that becomes this token in the end; undefined when its bytes become others. */
  lastPair(token: number): { left: number; right: number; rank: number } | undefined {
    const { bytes, starts } = this.#tokens
    const end = starts[token + 1]!
    const ids: number[] = []
    const places: number[] = []
    for (let at = starts[token]!; at < end; at++) {
      ids.push(this.#byteTokens[bytes[at]!]!)
      places.push(at)
    }
    const pairs = places.slice(1).map((_, n) => this.#pairs(ids[n]!, ids[n + 1]!, places[n]!, places[n + 2] ?? end))
    for (;;) {
      let best = -1
      for (let n = 0; n < pairs.length; n++) if (pairs[n] && (best < 0 || pairs[n]!.rank < pairs[best]!.rank)) best = n
      if (best < 0) return undefined
      const { rank, token: become } = pairs[best]!
      const [left, right] = [ids[best]!, ids[best + 1]!]
      if (ids.length === 2) return become === token ? { left, right, rank } : undefined
      ids.splice(best, 2, become)
      places.splice(best + 1, 1)
      pairs.splice(best, 1)
      const rankAt = (n: number): void => void (pairs[n] = this.#pairs(ids[n]!, ids[n + 1]!, places[n]!, places[n + 2] ?? end))
      if (best > 0) rankAt(best - 1)
      if (best < pairs.length) rankAt(best)
    }
  }
}

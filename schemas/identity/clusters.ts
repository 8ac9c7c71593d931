import { compareText } from '../compare-text.ts'
import { OrreryError } from '../errors.ts'
import { Links } from './links.ts'
import { ordinalsMax, PostingTable } from './posting-table.ts'
import { bandHashes, bandKeys, nearDuplicateMin, similarity } from './signature.ts'

/** One document as duplicate search sees it. */
export interface Fingerprint {
  /** Names the document; unique in the set. */
  key: string
  /** identity/minhash.ts */
  signature: Uint8Array
  /** ms since epoch, null = not known. */
  publishedAt: number | null
  textBytes: number
  uri: string
  /** Whether its address names the language of its text (address-language.ts): 1; another: −1; none, or not known: 0. */
  addressFit?: -1 | 0 | 1
}

export interface Cluster {
  /** The best copy. */
  kept: string
  /** The others, best first; at least one. */
  dropped: string[]
}

/**
 * Finds near-duplicates: documents that share a key of signature.ts and whose estimated similarity reaches the threshold, and what is linked through them.
 * The set alone decides, not its order. The best copy is kept: the oldest published (unknown last), then the one whose address names its
 * language, and not another; then the longest text, then the smallest uri by UTF-16 code unit, then the smallest key.
 *
 * @returns clusters of two and more, by their kept copy, best first
 * @throws OrreryError `too_large` beyond 16.7 million documents
 */
export function nearDuplicates(items: readonly Fingerprint[]): Cluster[] {
  if (items.length > ordinalsMax)
    throw new OrreryError('too_large', `Near-duplicates are sought among ${items.length} documents at once; ${ordinalsMax} is the most. Take them in parts.`)
  const ranked = items.toSorted(compareCopies)
  const near = new NearLinks(ranked.length, (at) => (ranked[at] as Fingerprint).signature)
  for (const { signature } of ranked) near.add(signature)
  return clustersOf(ranked, near.links)
}

/** Documents by the order they come in, each linked with those before it that it is like. */
export class NearLinks {
  readonly links = new Links()
  readonly #table: PostingTable
  readonly #signatureOf: (at: number) => Uint8Array

  /** @param count how many may come, `ordinalsMax` at most */
  constructor(count: number, signatureOf: (at: number) => Uint8Array) {
    this.#table = new PostingTable(count * bandKeys)
    this.#signatureOf = signatureOf
  }

  /** @returns the keys (bits, as in `bandHashes`) that it is known under: none when one of the very same signature is, and not those whose bucket is full */
  add(signature: Uint8Array): number {
    const { links } = this
    const at = links.add()
    const hashes = bandHashes(signature)
    let isKnown = false
    const met = (other: number): boolean => {
      if (links.root(other) === links.root(at)) return false
      const alike = similarity(signature, this.#signatureOf(other))
      if (alike >= nearDuplicateMin) links.join(other, at)
      // Whatever is like the one is like the other: a thousand copies stand in the table once.
      return (isKnown = alike === 1)
    }
    for (const hash of hashes) {
      this.#table.find(hash, met)
      if (isKnown) return 0
    }
    return hashes.reduce((known, hash, key) => (this.#table.add(hash, at) ? known | (1 << key) : known), 0)
  }

  /** One that is a copy of another before it. */
  addCopy(of: number): void {
    this.links.join(of, this.links.add())
  }
}

/** Negative when `a` is the better copy. */
export const compareCopies = (a: Omit<Fingerprint, 'signature'>, b: Omit<Fingerprint, 'signature'>): number => compareMerits(a, b) || compareText(a.key, b.key)

/** The same, but for equals. Two unknown dates subtract to NaN, which is no decision either. */
export function compareMerits(a: Omit<Fingerprint, 'signature' | 'key'>, b: Omit<Fingerprint, 'signature' | 'key'>): number {
  return (
    (a.publishedAt ?? Infinity) - (b.publishedAt ?? Infinity) ||
    (b.addressFit ?? 0) - (a.addressFit ?? 0) ||
    b.textBytes - a.textBytes ||
    compareText(a.uri, b.uri)
  )
}

function clustersOf(ranked: readonly Fingerprint[], links: Links): Cluster[] {
  const clusters = new Map<number, Cluster>()
  ranked.forEach(({ key }, rank) => {
    const root = links.root(rank)
    if (root === rank) clusters.set(rank, { kept: key, dropped: [] })
    else clusters.get(root)?.dropped.push(key)
  })
  return [...clusters.values()].filter(({ dropped }) => dropped.length > 0)
}

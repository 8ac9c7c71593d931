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
 * @param threshold estimated Jaccard similarity, 0..1
 * @returns clusters of two and more, by their kept copy, best first
 * @throws OrreryError `too_large` beyond 16.7 million documents
 */
export function nearDuplicates(items: readonly Fingerprint[], threshold = nearDuplicateMin): Cluster[] {
  if (items.length > ordinalsMax)
    throw new OrreryError('too_large', `Near-duplicates are sought among ${items.length} documents at once; ${ordinalsMax} is the most. Take them in parts.`)
  const ranked = items.toSorted(compareCopies)
  const links = new Links()
  const table = new PostingTable(ranked.length * bandKeys)
  for (const { signature } of ranked) {
    linkNext(links.add(), signature, { links, table, threshold, signatureOf: (ordinal) => (ranked[ordinal] as Fingerprint).signature })
  }
  return clustersOf(ranked, links)
}

export interface Linking {
  links: Links
  table: PostingTable
  threshold: number
  signatureOf(ordinal: number): Uint8Array
  /** Told before two sets become one. */
  onJoin?(a: number, b: number): void
}

/**
 * Links a document to what it is like among those before it, and makes it known to those after it.
 * @returns the keys (bits, as in `bandHashes`) that it is known under: none when one of the very same signature is, and not those whose bucket is full
 */
export function linkNext(ordinal: number, signature: Uint8Array, { links, table, threshold, signatureOf, onJoin }: Linking): number {
  const hashes = bandHashes(signature)
  let isKnown = false
  const met = (other: number): boolean => {
    if (links.root(other) === links.root(ordinal)) return false
    const alike = similarity(signature, signatureOf(other))
    if (alike >= threshold) {
      onJoin?.(other, ordinal)
      links.join(other, ordinal)
    }
    // Whatever is like the one is like the other: a thousand copies stand in the table once.
    return (isKnown = alike === 1)
  }
  for (const hash of hashes) {
    table.find(hash, met)
    if (isKnown) return 0
  }
  return hashes.reduce((known, hash, key) => (table.add(hash, ordinal) ? known | (1 << key) : known), 0)
}

/** Negative when `a` is the better copy. Two unknown dates subtract to NaN, which is no decision either. */
export function compareCopies(a: Omit<Fingerprint, 'signature'>, b: Omit<Fingerprint, 'signature'>): number {
  return (
    (a.publishedAt ?? Infinity) - (b.publishedAt ?? Infinity) ||
    (b.addressFit ?? 0) - (a.addressFit ?? 0) ||
    b.textBytes - a.textBytes ||
    compareText(a.uri, b.uri) ||
    compareText(a.key, b.key)
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

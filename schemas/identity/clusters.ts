import { bandKeys, similarity } from './minhash.ts'

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
}

export interface Cluster {
  /** The best copy. */
  kept: string
  /** The others, best first; at least one. */
  dropped: string[]
}

/** A member of a full bucket is compared with at most this many others, so that a crafted bucket costs no quadratic time. */
const comparisonsMax = 256

/**
 * Finds near-duplicates: documents that share a MinHash band and whose estimated similarity reaches the threshold, and what is linked through them.
 * The set alone decides, not its order. The best copy is kept: the oldest published (unknown last), then the longest text, then the smallest
 * uri by UTF-16 code unit, then the smallest key.
 *
 * @param threshold estimated Jaccard similarity, 0..1
 * @returns clusters of two and more, by their kept copy, best first
 */
export function nearDuplicates(items: readonly Fingerprint[], threshold = 0.8): Cluster[] {
  const ranked = items.toSorted(compareCopies)
  const links = new Links(ranked.length)
  const distinct = linkEqualSignatures(ranked, links)
  for (const bucket of bucketsOf(ranked, distinct)) linkBucket(bucket, ranked, links, threshold)
  return clustersOf(ranked, links)
}

/** Negative when `a` is the better copy. Two unknown dates subtract to NaN, which is no decision either. */
function compareCopies(a: Fingerprint, b: Fingerprint): number {
  return (a.publishedAt ?? Infinity) - (b.publishedAt ?? Infinity) || b.textBytes - a.textBytes || compareText(a.uri, b.uri) || compareText(a.key, b.key)
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Union-find whose root is always the smallest rank: the best copy of its cluster. */
class Links {
  readonly #parents: Uint32Array

  constructor(size: number) {
    this.#parents = Uint32Array.from({ length: size }, (_, rank) => rank)
  }

  root(rank: number): number {
    let at = rank
    while (this.#parents[at] !== at) {
      this.#parents[at] = this.#parents[this.#parents[at] as number] as number
      at = this.#parents[at] as number
    }
    return at
  }

  join(a: number, b: number): void {
    const [low, high] = [this.root(a), this.root(b)].toSorted((x, y) => x - y) as [number, number]
    this.#parents[high] = low
  }
}

/** @returns one rank for each distinct signature, ascending */
function linkEqualSignatures(ranked: readonly Fingerprint[], links: Links): number[] {
  const first = new Map<string, number>()
  ranked.forEach(({ signature }, rank) => {
    const spelled = Buffer.from(signature).toString('latin1')
    const known = first.get(spelled)
    if (known === undefined) first.set(spelled, rank)
    else links.join(known, rank)
  })
  return [...first.values()]
}

function bucketsOf(ranked: readonly Fingerprint[], ranks: readonly number[]): Iterable<number[]> {
  const buckets = new Map<string, number[]>()
  for (const rank of ranks) {
    for (const key of bandKeys((ranked[rank] as Fingerprint).signature)) {
      const bucket = buckets.get(key)
      if (bucket) bucket.push(rank)
      else buckets.set(key, [rank])
    }
  }
  return buckets.values().filter((bucket) => bucket.length > 1)
}

function linkBucket(bucket: readonly number[], ranked: readonly Fingerprint[], links: Links, threshold: number): void {
  bucket.forEach((rank, place) => {
    const { signature } = ranked[rank] as Fingerprint
    for (const other of bucket.slice(0, Math.min(place, comparisonsMax))) {
      if (links.root(other) === links.root(rank)) continue
      if (similarity(signature, (ranked[other] as Fingerprint).signature) >= threshold) links.join(other, rank)
    }
  })
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

import type { Fingerprint } from './identity/clusters.ts'

/** A document that is known, and how like it is to the one that was asked about (estimated Jaccard similarity, 0..1). */
export interface Neighbour extends Omit<Fingerprint, 'signature'> {
  similarity: number
}

interface NearDuplicateStats {
  documents: number
  clusters: number
  memoryBytes: number
  diskBytes: number
}

/**
 * What was ever seen, and what of it is nearly the same (identity/clusters.ts): documents that share a band and are similar enough, and what is linked through
 * them. Nothing is forgotten; a cluster only grows.
 *
 * Contract: what `add` was given is durable when it resolves; after a crash before that, some of its documents are there, each whole. Clusters are a
 * function of the set of documents, whatever the order and the batches they came in, but for more than 128 that share a band.
 * Keys are 64 lower-case hex digits. A key that is known keeps its signature; of two sets of facts it keeps those of the better copy.
 */
export interface NearDuplicates {
  /** @returns how many keys were new. @throws OrreryError `invalid_argument`, `too_large`, `store_unavailable` */
  add(batch: readonly Fingerprint[]): Promise<number>
  /** For each key that of the best copy of its cluster, which names it (oldest published, of fitting address, longest, smallest uri, smallest key); undefined for one not known. */
  heads(keys: readonly string[]): Promise<(string | undefined)[]>
  /** All of the key's cluster, best first; empty for one not known. */
  members(key: string): Promise<Omit<Fingerprint, 'signature'>[]>
  /** What is near each signature, most similar first, of one uri the most similar; at most `limit` (20). */
  near(signatures: readonly Uint8Array[], limit?: number): Promise<Neighbour[][]>
  stats(): Promise<NearDuplicateStats>
}

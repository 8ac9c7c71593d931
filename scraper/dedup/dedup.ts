import type { Document } from '#schemas/document.ts'
import { nearDuplicates } from '#schemas/identity/clusters.ts'
import type { Reject } from '#schemas/stage.ts'
import { compareDocuments } from './order.ts'

export interface DuplicateCounts {
  /** Documents dropped for the same uri or the same text. */
  exact: number
  /** Documents dropped for nearly the same text. */
  near: number
  /** Near-duplicate clusters met. */
  clusters: number
}

export interface Deduplicated {
  /** What stays, sorted by order.ts. */
  kept: Document[]
  /** What does not, each with the id of the document kept in its place. */
  rejects: Reject[]
  /** By job: a dropped document counts for its own, a cluster for the kept one's. */
  counts: Map<string, DuplicateCounts>
}

/**
 * Leaves one document per uri (the newest version), one per text and one per near-duplicate cluster (the best copy: oldest published, then longest,
 * then smallest uri), over all documents given, whatever their job. The set decides, not its order; the very same document twice is no duplicate.
 */
export function deduplicate(documents: readonly Document[]): Deduplicated {
  const drops: Drop[] = []
  const ofUri = keepOnePer(documents, ({ uri }) => uri, compareVersions, drops)
  const ofText = keepOnePer(ofUri, ({ id }) => id, compareCopies, drops)
  const clusters = nearDuplicates(ofText.map(toFingerprint))
  const byId = new Map(ofText.map((document) => [document.id, document]))
  const clusterHeads: Document[] = []
  for (const cluster of clusters) {
    const kept = byId.get(cluster.kept) as Document
    clusterHeads.push(kept)
    for (const id of cluster.dropped) {
      drops.push({ dropped: byId.get(id) as Document, kept, reason: 'duplicate_near' })
      byId.delete(id)
    }
  }
  return { kept: [...byId.values()].toSorted(compareDocuments), rejects: drops.map(toReject), counts: countByJob(drops, clusterHeads) }
}

interface Drop {
  dropped: Document
  kept: Document
  reason: 'duplicate_exact' | 'duplicate_near'
}

type Order = (a: Document, b: Document) => number

function keepOnePer(documents: readonly Document[], key: (document: Document) => string, order: Order, drops: Drop[]): Document[] {
  const groups = Map.groupBy(documents, key)
  return [...groups.values()].map((group) => {
    const [kept, ...others] = group.toSorted(order) as [Document, ...Document[]]
    for (const dropped of others) if (!isSameFetch(dropped, kept)) drops.push({ dropped, kept, reason: 'duplicate_exact' })
    return kept
  })
}

/** A document delivered twice (a crash between writing and acknowledging). */
const isSameFetch = (a: Document, b: Document): boolean => a.uri === b.uri && a.version === b.version && a.id === b.id && a.job_id === b.job_id

/** Newest first. */
const compareVersions: Order = (a, b) =>
  b.version - a.version || b.fetched_at.getTime() - a.fetched_at.getTime() || compareText(a.id, b.id) || compareText(a.job_id, b.job_id)

/** Best copy first; see identity/clusters.ts. */
const compareCopies: Order = (a, b) => publishedAt(a) - publishedAt(b) || compareText(a.uri, b.uri)

/** An unknown date is later than any; one that JavaScript can subtract from itself. */
const publishedAt = ({ published_at }: Document): number => published_at?.getTime() ?? Number.MAX_SAFE_INTEGER

const toFingerprint = ({ id, minhash, published_at, text_bytes, uri }: Document) => ({
  key: id,
  signature: minhash,
  publishedAt: published_at?.getTime() ?? null,
  textBytes: text_bytes,
  uri,
})

const toReject = ({ dropped, kept, reason }: Drop): Reject => ({
  subject: dropped.uri,
  reason,
  stage: 'dedup',
  details: { id: dropped.id, version: dropped.version, kept_id: kept.id, kept_uri: kept.uri },
})

function countByJob(drops: readonly Drop[], clusterHeads: readonly Document[]): Map<string, DuplicateCounts> {
  const counts = new Map<string, DuplicateCounts>()
  const of = ({ job_id }: Document): DuplicateCounts => {
    const found = counts.get(job_id) ?? { exact: 0, near: 0, clusters: 0 }
    counts.set(job_id, found)
    return found
  }
  for (const { dropped, reason } of drops) of(dropped)[reason === 'duplicate_near' ? 'near' : 'exact']++
  for (const head of clusterHeads) of(head).clusters++
  return counts
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

import { compareText } from '#schemas/compare-text.ts'
import type { RowFacts } from '#schemas/corpus-index.ts'
import { compareCopies } from '#schemas/identity/clusters.ts'
import type { Reject } from '#schemas/stage.ts'

export type Order = (a: RowFacts, b: RowFacts) => number

/** Of the versions of a page, newest first. */
export const compareVersions: Order = (a, b) => b.version - a.version || b.fetchedAt - a.fetchedAt || compareText(a.id, b.id) || compareText(a.jobId, b.jobId)

/** Of pages with the same text, best copy first. */
export const compareTwins: Order = (a, b) => publishedOf(a) - publishedOf(b) || (b.addressFit ?? 0) - (a.addressFit ?? 0) || compareText(a.uri, b.uri)

/** Of pages with nearly the same text, best copy first. */
export const compareNear: Order = (a, b) => compareCopies({ ...a, key: a.id }, { ...b, key: b.id })

/** Of pages with the same paragraph, the one that keeps it first; by nothing that cutting changes. */
export const compareKeepers: Order = (a, b) => publishedOf(a) - publishedOf(b) || compareText(a.uri, b.uri)

/** An unknown date is later than any; one that JavaScript can subtract from itself. */
const publishedOf = ({ publishedAt }: RowFacts): number => publishedAt ?? Number.MAX_SAFE_INTEGER

/** A document delivered twice (a crash between writing and acknowledging); what was cut from it meanwhile makes no other of it. */
export const isSameFetch = (a: RowFacts, b: RowFacts): boolean =>
  a.uri === b.uri && a.version === b.version && a.htmlSha256 === b.htmlSha256 && a.jobId === b.jobId

export interface DuplicateCounts {
  /** Documents dropped for the same uri or the same text. */
  exact: number
  /** Documents dropped for nearly the same text. */
  near: number
  /** Near-duplicate clusters met. */
  clusters: number
}

export const noDuplicates: DuplicateCounts = { exact: 0, near: 0, clusters: 0 }

export const addCounts = (a: DuplicateCounts, b: DuplicateCounts): DuplicateCounts => ({
  exact: a.exact + b.exact,
  near: a.near + b.near,
  clusters: a.clusters + b.clusters,
})

/** A copy that leaves, or never comes in, and the one that is kept in its place. */
export interface Drop {
  dropped: RowFacts
  kept: RowFacts
  reason: 'duplicate_exact' | 'duplicate_near'
}

export const dropReject = ({ dropped, kept, reason }: Drop): Reject => ({
  subject: dropped.uri,
  reason,
  stage: 'dedup',
  details: { label: dropped.label, id: dropped.id, version: dropped.version, kept_id: kept.id, kept_uri: kept.uri },
})

/** Nothing of its own is left of a page. */
export const emptyReject = ({ uri, label, id, version }: RowFacts): Reject => ({
  subject: uri,
  reason: 'boilerplate',
  stage: 'dedup',
  details: { label, id, version },
})

/** By job: a dropped document counts for its own, a cluster for the kept one's. */
export function countByJob(drops: readonly Drop[], clusterHeads: readonly RowFacts[]): Map<string, DuplicateCounts> {
  const counts = new Map<string, DuplicateCounts>()
  const of = ({ jobId }: RowFacts): DuplicateCounts => {
    const found = counts.get(jobId) ?? { ...noDuplicates }
    counts.set(jobId, found)
    return found
  }
  for (const { dropped, reason } of drops) of(dropped)[reason === 'duplicate_near' ? 'near' : 'exact']++
  for (const head of clusterHeads) of(head).clusters++
  return counts
}

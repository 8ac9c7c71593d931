import { compareText } from '#schemas/compare-text.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Document } from '#schemas/document.ts'
import { addressFit } from '#schemas/identity/address-language.ts'
import { compareCopies as compareFingerprints, nearDuplicates, type Fingerprint } from '#schemas/identity/clusters.ts'
import { Links } from '#schemas/identity/links.ts'
import type { Reject } from '#schemas/stage.ts'
import { cutBoilerplate } from './whole-corpus-boilerplate.ts'
import { compareDocuments } from '#scraper/dedup/order.ts'
import { placeOf } from '#scraper/dedup/paragraphs.ts'

interface DuplicateCounts {
  /** Documents dropped for the same uri or the same text. */
  exact: number
  /** Documents dropped for nearly the same text. */
  near: number
  /** Near-duplicate clusters met. */
  clusters: number
}

interface Deduplication {
  /** What stood in the shards already, as this left it. */
  former: readonly Document[]
  arrivals: readonly Document[]
  /** All that was ever seen. What is here and not there is added. */
  index: SeenDocuments
  /** Names of paragraphs known to be boilerplate (boilerplate.ts). */
  boilerplate: ReadonlySet<string>
}

interface Deduplicated {
  /** What stays, sorted by order.ts. */
  kept: Document[]
  /** What does not, each with the id of the document kept in its place; `boilerplate`: nothing of its own was left. */
  rejects: Reject[]
  /** By job: a dropped document counts for its own, a cluster for the kept one's. */
  counts: Map<string, DuplicateCounts>
  /** Names of paragraphs newly found to be boilerplate. */
  boilerplate: string[]
}

/** What was ever seen, and the best copy of the cluster of each: all of it looked at anew each time. */
export class SeenDocuments {
  readonly #seen = new Map<string, Fingerprint>()

  add(batch: readonly Fingerprint[]): void {
    for (const each of batch) {
      const known = this.#seen.get(each.key)
      if (!known) this.#seen.set(each.key, each)
      else if (compareFingerprints(each, known) < 0) this.#seen.set(each.key, { ...each, signature: known.signature })
    }
  }

  heads(keys: readonly string[]): (string | undefined)[] {
    const heads = new Map<string, string>()
    for (const { kept, dropped } of nearDuplicates([...this.#seen.values()])) for (const key of [kept, ...dropped]) heads.set(key, kept)
    return keys.map((key) => (this.#seen.has(key) ? (heads.get(key) ?? key) : undefined))
  }
}

/**
 * How duplicates were found when each turn looked at the whole corpus: the model that what is found by adding is held against (increments.test.ts).
 *
 * Leaves one document per uri (the newest version), one per text and one per near-duplicate cluster (the best copy: oldest published, then the one
 * whose address names its language, then longest, then smallest uri), over all documents given, whatever their job; then cuts what pages of one host repeat, and looks at what is left once more.
 *
 * Near-duplicates over time: the index remembers the signature of each fetch as it was extracted and of each row as it was cut, so that neither cutting
 * nor dropping changes what a later page is compared with, and only what is new is looked up. The set decides, not its order; the very same document
 * twice is no duplicate, and doing it all again, after a crash at any point, comes to the same.
 */
export function deduplicate({ former, arrivals, index, boilerplate: known }: Deduplication): Deduplicated {
  const drops: Drop[] = []
  const clusterHeads: Document[] = []
  const ofUri = keepOnePer([...former, ...arrivals], ({ uri }) => uri, compareVersions, drops)
  const ofText = keepOnePer(ofUri, ({ id }) => id, compareCopies, drops)
  index.add(ofText.map((document) => fingerprintOf(document, pageKey(document))))
  const pages = keepOnePerCluster(ofText, index, drops, clusterHeads)

  const { documents, emptied, found } = cutBoilerplate(pages, new Set(arrivals.map(placeOf)), known)
  const before = new Set(pages)
  const changed = documents.filter((document) => !before.has(document))
  const ofCutText = keepOnePer(documents, ({ id }) => id, compareCopies, drops)
  index.add(changed.map((document) => fingerprintOf(document, document.id)))
  const kept = changed.length === 0 ? ofCutText : keepOnePerCluster(ofCutText, index, drops, clusterHeads)
  return {
    kept: kept.toSorted(compareDocuments),
    rejects: [...drops.map(toReject), ...emptied.map(toEmptyReject)],
    counts: countByJob(drops, clusterHeads),
    boilerplate: found,
  }
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

/** A fetch is in one cluster as a page and, when it was cut, in one as a row: documents that meet in either are copies. */
function keepOnePerCluster(documents: readonly Document[], index: SeenDocuments, drops: Drop[], clusterHeads: Document[]): Document[] {
  const ranked = documents.toSorted((a, b) => compareFingerprints(factsOf(a, a.id), factsOf(b, b.id)))
  const asPages = index.heads(ranked.map(pageKey))
  const asRows = index.heads(ranked.map(({ id }) => id))
  const links = new Links()
  const first = new Map<string, number>()
  for (const at of ranked.keys()) {
    links.add()
    for (const name of [asPages[at], asRows[at]]) {
      if (name === undefined) continue
      links.join(first.get(name) ?? at, at)
      first.set(name, first.get(name) ?? at)
    }
  }
  // A root is the smallest of its set, which is the best copy.
  const groups = [...Map.groupBy(ranked.keys(), (at) => links.root(at)).values()].map((group) => group.map((at) => ranked[at] as Document))
  for (const [kept, ...others] of groups as [Document, ...Document[]][]) {
    for (const dropped of others) drops.push({ dropped, kept, reason: 'duplicate_near' })
    if (others.length > 0) clusterHeads.push(kept)
  }
  return groups.map(([kept]) => kept as Document)
}

/** A document delivered twice (a crash between writing and acknowledging); what was cut from it meanwhile makes no other of it. */
const isSameFetch = (a: Document, b: Document): boolean =>
  a.uri === b.uri && a.version === b.version && a.html_sha256 === b.html_sha256 && a.job_id === b.job_id

/** Newest first. */
const compareVersions: Order = (a, b) =>
  b.version - a.version || b.fetched_at.getTime() - a.fetched_at.getTime() || compareText(a.id, b.id) || compareText(a.job_id, b.job_id)

/** Best copy first; see identity/clusters.ts. */
const compareCopies: Order = (a, b) => publishedAt(a) - publishedAt(b) || addressFit(b.uri, b.lang) - addressFit(a.uri, a.lang) || compareText(a.uri, b.uri)

/** An unknown date is later than any; one that JavaScript can subtract from itself. */
const publishedAt = ({ published_at }: Document): number => published_at?.getTime() ?? Number.MAX_SAFE_INTEGER

/** Of a fetch: the row that comes of it has it too, whatever was cut. */
const pageKey = ({ uri, html_sha256 }: Document): string => sha256Hex(`${uri} ${html_sha256}`)

const factsOf = ({ published_at, text_bytes, uri, lang }: Document, key: string) => ({
  key,
  publishedAt: published_at?.getTime() ?? null,
  textBytes: text_bytes,
  uri,
  addressFit: addressFit(uri, lang),
})

const fingerprintOf = (document: Document, key: string): Fingerprint => ({ ...factsOf(document, key), signature: document.minhash })

const toReject = ({ dropped, kept, reason }: Drop): Reject => ({
  subject: dropped.uri,
  reason,
  stage: 'dedup',
  details: { label: dropped.label, id: dropped.id, version: dropped.version, kept_id: kept.id, kept_uri: kept.uri },
})

const toEmptyReject = ({ uri, label, id, version }: Document): Reject => ({
  subject: uri,
  reason: 'boilerplate',
  stage: 'dedup',
  details: { label, id, version },
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

import { sha256Hex } from './canonical-json.ts'
import type { Fingerprint } from './identity/clusters.ts'

/** What is compared of a document when copies meet. */
export interface RowFacts extends Omit<Fingerprint, 'signature' | 'key'> {
  /** sha256 of the normalized text, 64 lower-case hex digits. */
  id: string
  hotkey: string
  jobId: string
  label: string
  /** n-th fetch of the uri. */
  version: number
  /** ms since epoch */
  fetchedAt: number
  htmlSha256: string
  /** Number of the sight at which a dataset saw it first (manifest.ts); 0 where none are counted. */
  seen: number
}

/** Where a row stands: sha256 of its data file, and its position there. */
export interface RowPlace {
  file: string
  row: number
}

/**
 * `live`: in the corpus. `shadowed`: stands in a file, but another copy is kept in its place. `remembered`: stands nowhere any more; what is like it is still
 * linked through it.
 */
export type RowState = 'live' | 'shadowed' | 'remembered'

/** A row that the index knows. */
export interface KnownRow extends RowFacts {
  /** Number of the row in this index, for good. */
  ordinal: number
  state: RowState
  /** null of a remembered one. */
  place: RowPlace | null
}

interface ExactMatches {
  /** The live row of the uri; of several the one that became it last. */
  uri: KnownRow | undefined
  /** The version up to which the uri was withdrawn. */
  withdrawn: number | undefined
  /** The live row of the text. */
  text: KnownRow | undefined
}

/** Rows that are nearly the same, or linked through others that are: identity/clusters.ts. */
export interface NearGroup {
  /** Places in the batch that was asked about; none where a cluster, or a part of one, only lost rows. */
  members: number[]
  /** The live rows of all the clusters that these belong to. */
  live: KnownRow[]
  /** Who is like nobody before. */
  firsts: {
    /** Members that are near to no row that is known, and to no signature before theirs in the batch. */
    members: number[]
    /** Of a cluster that lost rows: those that are near to none before them (`compareRows`). Else none. */
    rows: KnownRow[]
  }
}

/** A paragraph of a page (scraper/dedup/paragraphs.ts) by 64 bits of its name, 16 hex digits. */
export interface ParagraphFacts {
  /** `pageTag` of the pages that had it, `paragraphPagesMax` at most. */
  pages: readonly number[]
  /** The live row that holds it for all others; undefined when that one is live no more. */
  keeper: KnownRow | undefined
}
export const paragraphPagesMax = 8

/** 16 bits of a page's uri, 1..65535: two pages have the same one time in 65,535. */
export const pageTag = (uri: string): number => (Number.parseInt(sha256Hex(uri).slice(0, 8), 16) % 65_535) + 1

export interface AddedRow {
  facts: RowFacts
  signature: Uint8Array
  state: RowState
  place: RowPlace | null
  /** Rows that it is a copy of, whatever its signature says: what it was before something was cut from it. */
  joins?: readonly RowName[]
  /** Paragraphs it has; of one that is kept it becomes the keeper. */
  paragraphs?: readonly { name: string; isKept: boolean }[]
}

/** A row by its ordinal, or by its place in the `add` of the same change. */
export type RowName = { ordinal: number } | { added: number }

/** What one flush, compaction or ingest does to the index, all of it or nothing. */
export interface IndexChange {
  add?: readonly AddedRow[]
  /** Rows that stand elsewhere now, or come to another state: `shadowed` to `live`, `live` to `remembered`. */
  change?: readonly { ordinal: number; state: RowState; place: RowPlace | null }[]
  /** Rows that were never to have been known: whoever was linked through them alone is linked no more. */
  forget?: readonly number[]
  /** Pages taken back, up to a version. */
  withdrawn?: readonly { uri: string; version: number }[]
  /** Keepers of paragraphs that changed. */
  keepers?: readonly { paragraph: string; keeper: RowName }[]
  /** Files that the index has from now on, also when no row of theirs is worth knowing. A file that a row is placed in is had without this. */
  addFiles?: readonly string[]
  /** Files that the index has no longer; none of their rows has a place there after the change. */
  dropFiles?: readonly string[]
  /** What must be done after this change, as its owner spells it: given back by `pending` until it is replaced or cleared (null). Absent: stays. */
  pending?: string | null
}

interface IndexStats {
  /** Rows by state. */
  live: number
  shadowed: number
  remembered: number
  /** sha256 of the files that were placed in or added, and not dropped since. */
  files: string[]
  memoryBytes: number
  diskBytes: number
}

/**
 * What is known of a corpus: uri → row, text → row, near-duplicates, paragraphs. On disk in sorted runs, with filters in memory; a look costs what is asked
 * about, whatever is there.
 *
 * Contract: a change is durable when `commit` resolves, and after a crash it has happened whole or not at all. Looks change nothing. One process writes; a
 * second is refused with `conflict`. Nothing here decides which copy is kept: states are what `commit` was given.
 */
export interface CorpusIndex {
  /** For each document what is exactly the same. */
  exact(documents: readonly Pick<RowFacts, 'uri' | 'id'>[]): Promise<ExactMatches[]>
  /**
   * Groups what is near: the documents among each other and the rows there are, as if the documents were added and the rows `without` (ordinals) were forgotten.
   * Each document is in one group, and so is each part of a cluster that lost a row. @throws OrreryError `invalid_argument`
   */
  near(signatures: readonly Uint8Array[], without?: readonly number[]): Promise<NearGroup[]>
  /** For each name what is known, undefined for one that was never seen. */
  paragraphs(names: readonly string[]): Promise<(ParagraphFacts | undefined)[]>
  /** Rows that stand in a file, by position, live and shadowed; of `rows` only those at these positions. */
  rows(file: string, rows?: readonly number[]): Promise<KnownRow[]>
  /** @returns the ordinals given to what was added, in its order. @throws OrreryError `invalid_argument`, `store_unavailable`, `too_large` */
  commit(change: IndexChange): Promise<number[]>
  pending(): Promise<string | undefined>
  stats(): Promise<IndexStats>
}

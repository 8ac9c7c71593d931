import type { Document } from '#schemas/document.ts'
import type { SelectOptions, SqlSelection } from '#schemas/sql.ts'
import type { DatasetEntry } from '../versions.ts'

/** Which documents are meant; all conditions hold. What is compared is what the index keeps: hosts as canonical URLs have them, labels and languages in lower case. */
export interface Filters {
  label?: string | undefined
  /** Any spelling of it; without a port it means every port. */
  host?: string | undefined
  lang?: string | undefined
  /** Any spelling of a page's URL. */
  uri?: string | undefined
  source?: string | undefined
  licence?: string | undefined
  /** Least quality, 0..1. */
  minQuality?: number | undefined
  /** First `datetime`, inclusive, ms since epoch. */
  from?: number | undefined
  /** Last `datetime`, exclusive, ms since epoch. */
  to?: number | undefined
  /** Words that all stand in the title or text, in any order; in "quotes" one after the other. */
  q?: string | undefined
}

/** Order of a page; a `-` means falling. Ties go by id. `relevance` (BM25) needs `q`. */
export type Sort = 'id' | 'datetime' | '-datetime' | 'text_bytes' | '-text_bytes' | '-quality' | 'relevance'

export interface Question {
  filters: Filters
  sort: Sort
  /** 1..1000 */
  limit: number
  /** `next` of the page before, of the same question. */
  after?: string | undefined
}

/** A document as it is shown: all of it but its signature. */
export type ReadDocument = Omit<Document, 'minhash'>

/** A document as lists have it: without its texts and its signature. `excerpt`: the first 280 characters of its text. */
export interface FoundDocument {
  document: Omit<ReadDocument, 'text' | 'markdown'>
  excerpt: string
  /** BM25, higher is better; null where nothing was sought. */
  score: number | null
  /** Where it stands. */
  file: string
  row: number
}

/** Why a filter matches nothing: no document of the version has that value, whatever else is asked. `nearest`: values there are, likest first, 3 at most. */
export interface NoMatch {
  field: keyof Filters
  value: string
  nearest: string[]
}

export interface Page {
  documents: FoundDocument[]
  /** Goes on behind the last; null at the end. */
  next: string | null
  total: { documents: number; isExact: boolean }
  noMatch: NoMatch[]
  /** The indexes cover less than the version yet: of so many of its documents the answer was made. null: of all. */
  partial: { documents: number } | null
}

export type FacetField = 'label' | 'host' | 'lang' | 'source' | 'licence'
/** The most frequent values, most frequent first. */
export interface Facet {
  field: FacetField
  values: { value: string; documents: number }[]
  /** Distinct values there are. */
  distinct: number
}

/** Where a document stands: the key of its file, its row in there. */
export type Place = Pick<FoundDocument, 'file' | 'row'>

export interface ReadOptions {
  /** Of all texts that are read together (text and markdown), bytes: those behind are cut at a character, the last of them to nothing. A document's `text_bytes` says how long its text is. */
  textBytesMax: number
  signal?: AbortSignal | undefined
}

/**
 * What people ask of the datasets of a service: indexes of rows and words that follow its versions, and one DuckDB in a process of its own. Bounded: more than
 * `queue` questions at a time are refused.
 * @throws OrreryError `rate_limited` (503 or 429 with `retry_after_seconds` in its details) when the queue is full, `timed_out`
 */
export interface DatasetQuery extends AsyncDisposable {
  /** Takes in what a version has that the indexes have not, and what it has no more. What was asked meanwhile is answered from before. */
  follow(entry: DatasetEntry, signal: AbortSignal): Promise<void>
  /** @throws OrreryError `invalid_argument` (filters, sort, `after` of another question) */
  page(entry: DatasetEntry, question: Question, signal?: AbortSignal): Promise<Page>
  facets(entry: DatasetEntry, filters: Filters, fields: readonly FacetField[], limit: number, signal?: AbortSignal): Promise<Facet[]>
  /** With its texts; undefined where the version has none of that id. */
  document(entry: DatasetEntry, id: string, signal?: AbortSignal): Promise<{ document: ReadDocument; file: string; row: number } | undefined>
  /** The texts of documents of a page, in its order. */
  texts(entry: DatasetEntry, places: readonly Place[], options: ReadOptions): Promise<{ text: string; markdown: string | null }[]>
  /** Whole documents where they stand, in the order asked. @throws OrreryError `invalid_argument` for a place that is none of the version */
  documentsAt(entry: DatasetEntry, places: readonly Place[], options: ReadOptions): Promise<ReadDocument[]>
  /** Documents by their number in the version: files in its order, rows in theirs, deleted ones left out. `offset` 0-based. */
  rowsAt(entry: DatasetEntry, offset: number, limit: number, options: ReadOptions): Promise<ReadDocument[]>
  /** The numbers by which `rowsAt` finds what stands at places, in the order asked. */
  rowNumbers(entry: DatasetEntry, places: readonly Place[], signal?: AbortSignal): Promise<number[]>
  /**
   * One SELECT of a stranger over the view `documents` (and `train`, the same): the live rows of a version, all columns but the signature, and where each stands:
   * `object_index` (which file of the version, from 0), `object_key`, `object_row`. No file, no network, no setting.
   * @throws OrreryError `invalid_argument` (no SELECT, bad SQL), `too_large`, `timed_out`
   */
  statement(entry: DatasetEntry, script: string, options: SelectOptions): Promise<SqlSelection>
}

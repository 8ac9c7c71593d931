import type { Document } from './document.ts'
import type { Reject } from './stage.ts'

/** A text of somebody's data, and what is said of it. */
export interface ForeignText {
  text: string
  /** Canonical. Not asked. */
  url: string
  title: string
  author: string | null
  /** BCP 47; undefined: not said. */
  lang: string | undefined
  /** SPDX id, name or address. */
  licence: string | undefined
  /** Whether the quality rules in force refuse it; they measure in any case. */
  isJudged: boolean
}

/** What the text is found to be: normalized, without personal data. `licence`: SPDX id, null where none is known by what was said. */
export type ReadText = Pick<
  Document,
  'id' | 'text' | 'title' | 'author' | 'lang' | 'lang_score' | 'languages' | 'text_bytes' | 'minhash' | 'quality' | 'personal_data'
> & { licence: string | null }

/** A page of an archive as a document, without what its importer adds. */
export type ArchivedDocument = Omit<Document, 'label' | 'job_id' | 'hotkey' | 'version'>

/** The n-th record of an archive, from 0: what became of it, or why not, as a stable code. Those that hold no page come as `passed`. */
export interface ArchivedRecord {
  index: number
  subject: string
  document: ArchivedDocument | string
}

/** Reads what others have as a miner reads pages: the same rules, languages and placeholders. */
export interface ImportReader extends AsyncDisposable {
  /** @returns why it becomes no document, as a stable code @throws the signal's reason */
  readText(text: ForeignText, signal: AbortSignal): Promise<ReadText | string>
  /**
   * The pages of a WARC, in its order, some read at the same time.
   * @param chunks its bytes, packed or not
   * @param from first record
   * @throws OrreryError `invalid_record` where it cannot be read on; the signal's reason
   */
  readArchive(chunks: AsyncIterable<Uint8Array>, from: number, signal: AbortSignal): AsyncIterable<ArchivedRecord>
  /** Keeps what was dropped, where `orrery scraper rejects` lists it. */
  reject(reject: Reject): Promise<void>
}

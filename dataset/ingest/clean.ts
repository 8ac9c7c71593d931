import { compareText } from '#schemas/compare-text.ts'
import type { Document } from '#schemas/document.ts'
import { columnTable, cutCell } from '#schemas/document-columns.ts'
import { addressFit } from '#schemas/identity/address-language.ts'
import { contentId, normalizeText } from '#schemas/identity/content-id.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import type { ShardManifest } from '#schemas/manifest.ts'
import { ownerRefusal } from '#schemas/rights.ts'
import { fitsBytes } from '#schemas/text-bytes.ts'
import { documentBytes } from './batches.ts'

/** Raised when the rules below give another document for the same row, so that what was cleaned before is cleaned again. */
export const cleaningVersion = 3

/** Twice the largest page a miner takes by default. */
const documentBytesMax = 8 * 2 ** 20

/**
 * One row of a shard as the dataset takes it, or why it does not. Nothing the miner computed is believed: the text is normalized again, and id,
 * size and signature are made from it, since a false id or signature would push another miner's page out as a duplicate.
 */
export function cleanDocument(document: Document, { hotkey, job_id }: Pick<ShardManifest, 'hotkey' | 'job_id'>): Document | string {
  if (document.hotkey !== hotkey || document.job_id !== job_id) return 'not_its_miner'
  const refusal = ownerRefusal(document.rights)
  if (refusal !== undefined) return refusal
  if (documentBytes(document) > documentBytesMax || document.text.length > documentBytesMax) return 'too_large'
  const text = normalizeText(document.text)
  if (text === '') return 'empty'
  if (!fitsBytes(text, columnTable.text.bytesMax)) return 'too_large'
  if (contentId(text) !== document.id) return 'id_mismatch'
  const signature = minhash(text)
  if (signature.every((byte) => byte === 0xff)) return 'no_words'
  return { ...document, title: cutCell('title', normalizeText(document.title)), text, text_bytes: Buffer.byteLength(text), minhash: signature }
}

/**
 * Order of documents in a dataset, and of copies of one text from best to worst: the oldest published (unknown last), the one whose
 * address names its language, the smallest uri, the first fetched, the lowest version. Among miners the smallest hotkey and job decide at last (duplicates.ts has the same in SQL).
 */
export function compareDocuments(a: Document, b: Document): number {
  return (
    compareText(a.id, b.id) ||
    (a.published_at?.getTime() ?? Infinity) - (b.published_at?.getTime() ?? Infinity) ||
    addressFit(b.uri, b.lang) - addressFit(a.uri, a.lang) ||
    compareText(a.uri, b.uri) ||
    a.fetched_at.getTime() - b.fetched_at.getTime() ||
    a.version - b.version
  )
}

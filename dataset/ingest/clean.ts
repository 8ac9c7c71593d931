import type { Document } from '#schemas/document.ts'
import { columnTable } from '#schemas/document-columns.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { normalizeText } from '#schemas/identity/content-id.ts'
import { hostOf } from '#schemas/identity/url-parts.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import type { SnapshotManifest } from '#schemas/manifest.ts'
import { ownerRefusal } from '#schemas/rights.ts'
import { fitsBytes } from '#schemas/text-bytes.ts'

/** Raised when the rules below say something else of the same row, so that what was cleaned before is cleaned again. */
export const cleaningVersion = 6

const webAddress = /^https?:\/\/[^/?#\s]+\//

/**
 * Whether a row of a miner's file may be a document of the dataset. The files are taken as they are, so what the miner computed must be right: the text
 * normalized, its id, size and signature made from it, its host that of its address. A false id or signature would push another miner's page out as a duplicate.
 * @param isKnown a document of this id was clean before: then a text that has this id is normalized
 * @returns the signature that was made here, or why not, as a stable code
 */
export function cleanDocument(document: Document, { hotkey, job_id }: Pick<SnapshotManifest, 'hotkey' | 'job_id'>, isKnown = false): Uint8Array | string {
  if (document.hotkey !== hotkey || document.job_id !== job_id) return 'not_its_miner'
  // Readers follow it, and count by its host.
  if (!webAddress.test(document.uri)) return 'uri_invalid'
  if (hostOf(document.uri) !== document.host) return 'host_mismatch'
  const refusal = ownerRefusal(document.rights)
  if (refusal !== undefined) return refusal
  if (!fitsBytes(document.text, columnTable.text.bytesMax)) return 'too_large'
  const text = isKnown ? document.text : normalizeText(document.text)
  if (text === '') return 'empty'
  if (text !== document.text) return 'not_normalized'
  if (sha256Hex(text) !== document.id) return 'id_mismatch'
  if (Buffer.byteLength(text) !== document.text_bytes) return 'size_mismatch'
  const signature = minhash(text)
  if (signature.every((byte) => byte === 0xff)) return 'no_words'
  return Buffer.compare(signature, document.minhash) === 0 ? signature : 'signature_mismatch'
}

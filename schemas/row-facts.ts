import type { RowFacts } from './corpus-index.ts'
import type { Document } from './document.ts'
import { addressFit } from './identity/address-language.ts'

/** What an index knows of a document. */
export const rowFacts = (document: Document): RowFacts => ({
  id: document.id,
  uri: document.uri,
  hotkey: document.hotkey,
  jobId: document.job_id,
  label: document.label,
  version: document.version,
  fetchedAt: document.fetched_at.getTime(),
  htmlSha256: document.html_sha256,
  publishedAt: document.published_at?.getTime() ?? null,
  textBytes: document.text_bytes,
  addressFit: addressFit(document.uri, document.lang),
})

import { compareText } from './compare-text.ts'
import type { RowFacts } from './corpus-index.ts'
import type { Document } from './document.ts'
import { addressFit } from './identity/address-language.ts'
import { compareMerits } from './identity/clusters.ts'

/**
 * Order of the copies of a dataset, best first: who was seen first, whatever a miner says of its rows. Of one sight, which is of one miner or of those that a dataset
 * knows for its own: as identity/clusters.ts
 * has it between texts (oldest published, fitting address, longest, smallest uri, smallest id); of one text also the first fetched, the lowest version, the
 * smallest hotkey and job (dataset/ingest/duplicates.ts has the same in SQL). It is total.
 */
export function compareRows(a: RowFacts, b: RowFacts): number {
  return (
    a.seen - b.seen ||
    compareMerits(a, b) ||
    compareText(a.id, b.id) ||
    a.fetchedAt - b.fetchedAt ||
    a.version - b.version ||
    compareText(a.hotkey, b.hotkey) ||
    compareText(a.jobId, b.jobId)
  )
}

/** What an index knows of a document. */
export const rowFacts = (document: Document, seen = 0): RowFacts => ({
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
  seen,
})

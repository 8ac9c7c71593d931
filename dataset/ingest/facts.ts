import { contentAddress } from '#schemas/canonical-json.ts'
import { compareText } from '#schemas/compare-text.ts'
import type { RowFacts } from '#schemas/corpus-index.ts'
import { compareCopies } from '#schemas/identity/clusters.ts'

/**
 * Order of copies, best first: as identity/clusters.ts has it between texts (oldest published, fitting address, longest, smallest uri, smallest id); of one
 * text also the first fetched, the lowest version, the smallest hotkey and job (duplicates.ts has the same in SQL). It is total, so that the best of all is
 * the best of the best.
 */
export function compareRows(a: RowFacts, b: RowFacts): number {
  return (
    compareCopies({ ...a, key: a.id }, { ...b, key: b.id }) ||
    a.fetchedAt - b.fetchedAt ||
    a.version - b.version ||
    compareText(a.hotkey, b.hotkey) ||
    compareText(a.jobId, b.jobId)
  )
}

/** The same for two rows only when they are the same fetch with the same text, and are told of in the same way. */
export const fetchName = ({ hotkey, jobId, uri, version, htmlSha256, id, label, publishedAt, addressFit, textBytes, fetchedAt }: RowFacts): string =>
  contentAddress([hotkey, jobId, uri, version, htmlSha256, id, label, publishedAt, addressFit ?? 0, textBytes, fetchedAt])

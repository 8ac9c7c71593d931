import { contentAddress } from '#schemas/canonical-json.ts'
import type { RowFacts } from '#schemas/corpus-index.ts'

/** The same for two rows only when they are the same fetch with the same text, and are told of in the same way. */
export const fetchName = ({
  hotkey,
  jobId,
  uri,
  version,
  htmlSha256,
  id,
  label,
  publishedAt,
  addressFit,
  textBytes,
  fetchedAt,
}: Omit<RowFacts, 'seen'>): string => contentAddress([hotkey, jobId, uri, version, htmlSha256, id, label, publishedAt, addressFit ?? 0, textBytes, fetchedAt])

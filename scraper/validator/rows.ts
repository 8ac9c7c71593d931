import { sha256Hex } from '#schemas/canonical-json.ts'
import { bucketableTime } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import { askedUrl } from '#schemas/frontier.ts'
import { linkedUrl, pageUrl } from '#schemas/identity/canonical-url.ts'
import { contentId } from '#schemas/identity/content-id.ts'
import type { ClaimedFile } from './claim.ts'
import { failure, type Failure } from './failure.ts'

/** Data Universe, "Validation of stored files". */
const matchShareMin = 0.95
const duplicateShareMax = 0.01
const emptyShareMax = 0.1
/** Clocks of two machines differ. */
const clockSkewMs = 5 * 60_000

/** One fetch of one page, 48 bits: two miners cannot have the same by themselves. */
export const fetchOf = ({ fetched_at, html_sha256, uri }: Pick<Document, 'fetched_at' | 'html_sha256' | 'uri'>): number =>
  Number.parseInt(sha256Hex(`${fetched_at.getTime()} ${html_sha256} ${uri}`).slice(0, 12), 16)

/** A text without a word. */
export const isEmpty = ({ text }: Pick<Document, 'text'>): boolean => !/[\p{L}\p{N}]/u.test(text)

/** Where a row stands, and whose it is said to be. */
export interface RowOwner extends ClaimedFile {
  hotkey: string
}

/** One row by itself: that its parts agree with each other and with the shard it stands in. @returns the first disagreement */
export function checkRow(row: Document, owner: RowOwner, nowMs: number): Failure | undefined {
  const where = `${row.uri} in ${owner.file.key}`
  if (row.hotkey !== owner.hotkey || row.job_id !== owner.jobId) return failure('row_owner', `${where} is a row of ${row.hotkey}, job ${row.job_id}`)
  if (pageUrl(row.uri) !== row.uri || new URL(row.uri).host !== row.host) return failure('row_url', `${where} is no canonical address of its host`)
  // It is asked for: what is no spelling of this very page would lead us elsewhere.
  const linked = linkedUrl(row.url)
  if (linked?.url !== row.uri || askedUrl(linked) !== row.url) return failure('row_url', `${where} was fetched from ${row.url.slice(0, 200)}, another page`)
  if (Buffer.byteLength(row.text) !== row.text_bytes)
    return failure('text_bytes', `${where} declares ${row.text_bytes} bytes of ${Buffer.byteLength(row.text)}`)
  if (contentId(row.text) !== row.id) return failure('content_id', `the id of ${where} is not that of its text`)
  return checkTimes(row, owner, nowMs, where)
}

function checkTimes(row: Document, { file: { written_at } }: RowOwner, nowMs: number, where: string): Failure | undefined {
  const [at, published, fetched] = [row.datetime.getTime(), row.published_at?.getTime(), row.fetched_at.getTime()]
  if (at > nowMs + clockSkewMs || fetched > nowMs + clockSkewMs) return failure('datetime', `${where} lies in the future`)
  // A shard's name knows whole seconds.
  if (fetched > Date.parse(written_at) + 1000) return failure('datetime', `${where} was fetched after its shard was written`)
  if (published !== undefined && bucketableTime(published) !== at) return failure('datetime', `the datetime of ${where} is not its publication`)
  if (at > fetched || (row.modified_at?.getTime() ?? 0) > fetched + clockSkewMs)
    return failure('datetime', `${where} was fetched before it was published or changed`)
  return undefined
}

/** What is counted of the rows of one file that are left. */
export interface FileCounts {
  rows: number
  strangers: number
  empty: number
}

/** Shares over one file: rows that are not of its job, rows without a word. */
export function checkShares({ rows, strangers, empty }: FileCounts, { file, jobId }: ClaimedFile): Failure[] {
  const failures: Failure[] = []
  if (strangers > rows * (1 - matchShareMin)) failures.push(failure('job_match', `${strangers} of ${rows} rows of ${file.key} are not of job ${jobId}`))
  if (empty > rows * emptyShareMax) failures.push(failure('empty', `${empty} of ${rows} rows of ${file.key} have no word`))
  return failures
}

/** Rows of a miner that repeat others: the same page under another spelling of its address, the same text, nearly the same text. */
export function checkRepeats(repeats: number, rows: number): Failure[] {
  if (repeats <= rows * duplicateShareMax) return []
  return [failure('duplicates', `${repeats} of ${rows} rows are the page, the text or nearly the text of another row`)]
}

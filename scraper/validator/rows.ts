import { bucketableTime } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import { askedUrl } from '#schemas/frontier.ts'
import { linkedUrl, pageUrl } from '#schemas/identity/canonical-url.ts'
import { contentId } from '#schemas/identity/content-id.ts'
import { failure, type Failure } from './failure.ts'
import type { BookTotals } from './row-book/row-book.ts'

/** Data Universe, "Validation of stored files". */
const matchShareMin = 0.95
const duplicateShareMax = 0.01
const emptyShareMax = 0.1
/** Clocks of two machines differ. */
const clockSkewMs = 5 * 60_000

/** Where a row stands, and whose it is said to be. */
export interface RowOwner {
  hotkey: string
  jobId: string
  /** Of its file. */
  key: string
  writtenAt: string
}

/** One row by itself: that its parts agree with each other and with the shard it stands in. @returns the first disagreement */
export function checkRow(row: Document, owner: RowOwner, nowMs: number): Failure | undefined {
  const where = `${row.uri} in ${owner.key}`
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

function checkTimes(row: Document, { writtenAt }: RowOwner, nowMs: number, where: string): Failure | undefined {
  const [at, published, fetched] = [row.datetime.getTime(), row.published_at?.getTime(), row.fetched_at.getTime()]
  if (at > nowMs + clockSkewMs || fetched > nowMs + clockSkewMs) return failure('datetime', `${where} lies in the future`)
  // A shard's name knows whole seconds.
  if (fetched > Date.parse(writtenAt) + 1000) return failure('datetime', `${where} was fetched after its shard was written`)
  if (published !== undefined && bucketableTime(published) !== at) return failure('datetime', `the datetime of ${where} is not its publication`)
  if (at > fetched || (row.modified_at?.getTime() ?? 0) > fetched + clockSkewMs)
    return failure('datetime', `${where} was fetched before it was published or changed`)
  return undefined
}

/** Shares over all rows of a miner: those that say what another of them says, those without a word. */
export function checkTotals({ rows, repeats, wordless }: BookTotals): Failure[] {
  const failures: Failure[] = []
  if (repeats > rows * duplicateShareMax) failures.push(failure('duplicates', `${repeats} of ${rows} rows have the text of another row, or nearly`))
  if (wordless > rows * emptyShareMax) failures.push(failure('empty', `${wordless} of ${rows} rows have no word`))
  return failures
}

/** Share of the rows that were looked at: one alone may be of a list that nobody knows of here. */
export function checkStrangers(strangers: readonly string[], looked: number): Failure[] {
  if (strangers.length < 2 || strangers.length <= looked * (1 - matchShareMin)) return []
  return [failure('job_match', `${strangers.length} of ${looked} rows are not of their job when they were fetched: ${strangers.slice(0, 3).join(', ')}`)]
}

/** A miner that deduplicates as scraper/dedup does has no two such rows; one pair may be of two flushes that did not know of each other. */
export function checkAlike(alike: readonly string[], looked: number): Failure[] {
  if (alike.length < 2) return []
  return [failure('duplicates', `${alike.length} of ${looked} rows have nearly the text of another of them: ${alike.slice(0, 3).join(', ')}`)]
}

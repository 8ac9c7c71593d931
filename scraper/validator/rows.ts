import { sha256Hex } from '#schemas/canonical-json.ts'
import { bucketableTime } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import { askedUrl } from '#schemas/frontier.ts'
import { linkedUrl, pageUrl } from '#schemas/identity/canonical-url.ts'
import { nearDuplicates } from '#schemas/identity/clusters.ts'
import { contentId } from '#schemas/identity/content-id.ts'
import type { ShardManifest } from '#schemas/manifest.ts'
import type { JobMatch } from '../jobs/job-match.ts'
import { failure, type Failure } from './failure.ts'

/** Data Universe, "Validation of stored files". */
const matchShareMin = 0.95
const duplicateShareMax = 0.01
const emptyShareMax = 0.1
/** Clocks of two machines differ. */
const clockSkewMs = 5 * 60_000

/** What is kept of a row for the whole round: the score is made of this, and copies are found by it. */
export interface RowFacts {
  textBytes: number
  label: string
  jobId: string
  datetimeMs: number
  /** One fetch of one page (64 bits, hex): two miners cannot have the same by themselves. */
  fetch: string
}

/** And until all rows of its miner are read: by this duplicates are found. */
export interface RowIdentity extends RowFacts {
  uri: string
  id: string
  publishedMs: number | null
  minhash: Uint8Array
}

export const rowIdentity = (row: Document): RowIdentity => ({
  uri: row.uri,
  id: row.id,
  textBytes: row.text_bytes,
  label: row.label,
  jobId: row.job_id,
  datetimeMs: row.datetime.getTime(),
  publishedMs: row.published_at?.getTime() ?? null,
  minhash: row.minhash,
  fetch: fetchOf(row),
})

export const factsOf = ({ textBytes, label, jobId, datetimeMs, fetch }: RowIdentity): RowFacts => ({ textBytes, label, jobId, datetimeMs, fetch })

export const fetchOf = (row: Document): string => sha256Hex(`${row.fetched_at.getTime()} ${row.html_sha256} ${row.uri}`).slice(0, 16)

/** One row by itself: that its parts agree with each other and with the shard it stands in. @returns the first disagreement */
export function checkRow(row: Document, manifest: ShardManifest, nowMs: number): Failure | undefined {
  const where = `${row.uri} in ${manifest.file.key}`
  if (row.hotkey !== manifest.hotkey || row.job_id !== manifest.job_id) return failure('row_owner', `${where} is a row of ${row.hotkey}, job ${row.job_id}`)
  if (pageUrl(row.uri) !== row.uri || new URL(row.uri).host !== row.host) return failure('row_url', `${where} is no canonical address of its host`)
  // It is asked for: what is no spelling of this very page would lead us elsewhere.
  const linked = linkedUrl(row.url)
  if (linked?.url !== row.uri || askedUrl(linked) !== row.url) return failure('row_url', `${where} was fetched from ${row.url.slice(0, 200)}, another page`)
  if (Buffer.byteLength(row.text) !== row.text_bytes)
    return failure('text_bytes', `${where} declares ${row.text_bytes} bytes of ${Buffer.byteLength(row.text)}`)
  if (contentId(row.text) !== row.id) return failure('content_id', `the id of ${where} is not that of its text`)
  return checkTimes(row, manifest, nowMs, where)
}

function checkTimes(row: Document, { written_at }: ShardManifest, nowMs: number, where: string): Failure | undefined {
  const [at, published, fetched] = [row.datetime.getTime(), row.published_at?.getTime(), row.fetched_at.getTime()]
  if (at > nowMs + clockSkewMs || fetched > nowMs + clockSkewMs) return failure('datetime', `${where} lies in the future`)
  // A shard's name knows whole seconds.
  if (fetched > Date.parse(written_at) + 1000) return failure('datetime', `${where} was fetched after its shard was written`)
  if (published !== undefined && bucketableTime(published) !== at) return failure('datetime', `the datetime of ${where} is not its publication`)
  if (at > fetched || (row.modified_at?.getTime() ?? 0) > fetched + clockSkewMs)
    return failure('datetime', `${where} was fetched before it was published or changed`)
  return undefined
}

/** Shares over one shard: rows that are not of its job, rows without a word. */
export class ShardShares {
  #rows = 0
  #mismatches = new Map<string, number>()
  #empty = 0

  add(row: Document, matches: JobMatch): void {
    this.#rows++
    const mismatch = matches(row, row.job_id)
    if (mismatch) this.#mismatches.set(mismatch, (this.#mismatches.get(mismatch) ?? 0) + 1)
    if (!/[\p{L}\p{N}]/u.test(row.text)) this.#empty++
  }

  failures({ file, job_id: jobId }: ShardManifest): Failure[] {
    const strangers = this.#mismatches.values().reduce((a, b) => a + b, 0)
    const failures: Failure[] = []
    if (strangers > this.#rows * (1 - matchShareMin)) {
      const reasons = [...this.#mismatches].map(([reason, rows]) => `${reason} ${rows}`).join(', ')
      failures.push(failure('job_match', `${strangers} of ${this.#rows} rows of ${file.key} are not of job ${jobId} (${reasons})`))
    }
    if (this.#empty > this.#rows * emptyShareMax) failures.push(failure('empty', `${this.#empty} of ${this.#rows} rows of ${file.key} have no word`))
    return failures
  }
}

/**
 * Duplicates over all shards of one miner: the same page under another spelling of its address, the same text, nearly the same text.
 * A miner that deduplicates as scraper/dedup does has none.
 */
export function checkDuplicates(rows: readonly RowIdentity[]): Failure[] {
  const pages = new Set(rows.map(({ uri }) => uri.toLowerCase()))
  const texts = new Map(rows.map((row) => [row.id, row]))
  const fingerprints = [...texts.values()].map(({ id, minhash, uri, textBytes, publishedMs }) => ({
    key: id,
    signature: minhash,
    publishedAt: publishedMs,
    textBytes,
    uri,
  }))
  const near = nearDuplicates(fingerprints).reduce((count, { dropped }) => count + dropped.length, 0)
  const duplicates = Math.max(rows.length - pages.size, rows.length - texts.size + near)
  if (duplicates <= rows.length * duplicateShareMax) return []
  return [
    failure(
      'duplicates',
      `${duplicates} of ${rows.length} rows repeat others: ${rows.length - pages.size} by address, ${rows.length - texts.size} by text, ${near} nearly`,
    ),
  ]
}

import { readForeignFile } from '#infra/corpus/read-data-file.ts'
import type { Clock } from '#schemas/clock.ts'
import type { AddedRow, CorpusIndex } from '#schemas/corpus-index.ts'
import { timeBucketOf } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { RefusedRow } from '#schemas/parquet/decode.ts'
import { rowFacts } from '#schemas/row-facts.ts'
import { namedParagraphs } from '../dedup/paragraphs.ts'
import type { JobMatch } from '../jobs/job-match.ts'
import type { ClaimedFile } from './claim.ts'
import { failure, type Failure } from './failure.ts'
import { labelsMax, rowFlags, type RowFacts } from './file-facts.ts'
import { checkRow, fetchOf, isEmpty } from './rows.ts'

/** Rows that fail by themselves are listed up to this; one more, and the file fails. Of all files of a miner: after so many no more are read. */
export const wrongMax = 1000
/** Of one row; what stands in so many places is no page that anybody reads. */
const paragraphsMax = 500

export interface ReadParams {
  store: Pick<ObjectStore, 'get'>
  index: Pick<CorpusIndex, 'exact' | 'near' | 'commit'>
  facts: Clock
  matches: JobMatch
  signal: AbortSignal
}

export interface ReadFile {
  labels: string[]
  rows: RowFacts[]
  wrong: { row: number; failure: Failure }[]
  failures: Failure[]
}

/**
 * Reads the rows of a file that its deletion vector leaves, once: each is checked by itself, compared with all that its miner shows, and put into the index.
 * @throws OrreryError `invalid_record` for bytes that are no data file; `not_found`; the signal's reason
 */
export async function readClaimedFile(claimed: ClaimedFile, hotkey: string, params: ReadParams): Promise<ReadFile> {
  const { store, index, signal } = params
  const labels = new Map<string, number>()
  const read: ReadFile = { labels: [], rows: [], wrong: [], failures: [] }
  for await (const batch of readForeignFile(store, claimed, { signal })) {
    const sound: { row: number; document: Document }[] = []
    for (const found of batch) {
      const wrong = found instanceof RefusedRow ? refused(found, claimed) : checkRow(found.document, { hotkey, ...claimed }, params.facts.now())
      if (!wrong && !(found instanceof RefusedRow)) sound.push(found)
      if (wrong) read.wrong.push({ row: found.row, failure: wrong })
      // What fails is remembered as a row all the same: it is gone when it is deleted.
      if (wrong && read.wrong.length > wrongMax) return { ...read, wrong: [], labels: [...labels.keys()], failures: [tooMany(claimed)] }
    }
    const repeats = await rememberRows(sound, claimed.file.sha256, index)
    for (const [n, { row, document }] of sound.entries()) {
      const label = labels.get(document.label) ?? labels.size
      labels.set(document.label, label)
      if (label >= labelsMax) return { ...read, labels: [...labels.keys()].slice(0, labelsMax), failures: [tooManyLabels(claimed)] }
      const flags =
        (repeats.has(n) ? rowFlags.repeats : 0) | (params.matches(document, document.job_id) ? rowFlags.stranger : 0) | (isEmpty(document) ? rowFlags.empty : 0)
      const { datetime, text_bytes: textBytes } = document
      read.rows.push({ row, hour: timeBucketOf(datetime.getTime()), textBytes, label, fetch: fetchOf(document), flags })
    }
  }
  return { ...read, labels: [...labels.keys()] }
}

const refused = ({ row, column, what }: RefusedRow, { file }: ClaimedFile): Failure =>
  failure('row_malformed', `row ${row} of ${file.key} is no document: its ${column} is refused, ${what}`)
const tooMany = ({ file }: ClaimedFile): Failure => failure('row_malformed', `more than ${wrongMax} rows of ${file.key} are wrong`)
const tooManyLabels = ({ file }: ClaimedFile): Failure => failure('job_match', `the rows of ${file.key} have more than ${labelsMax} labels`)

/**
 * Puts rows into the index of their miner. @returns which of them are the page, the text or nearly the text of another row there, by their places: a miner that
 * deduplicates as scraper/dedup does has none
 */
async function rememberRows(rows: readonly { row: number; document: Document }[], file: string, index: ReadParams['index']): Promise<Set<number>> {
  if (rows.length === 0) return new Set()
  const repeats = new Set<number>()
  const added = rows.map(({ row, document }) => addedRow(document, { file, row }))
  const exact = await index.exact(added.map(({ facts }) => facts))
  const seen = new Set<string>()
  for (const [n, { facts }] of added.entries()) {
    if (exact[n]?.uri || exact[n]?.text || seen.has(facts.uri) || seen.has(facts.id)) repeats.add(n)
    seen.add(facts.uri).add(facts.id)
  }
  for (const { members, live } of await index.near(added.map(({ signature }) => signature)))
    for (const n of live.length > 0 ? members : members.toSorted((a, b) => a - b).slice(1)) repeats.add(n)
  await index.commit({ add: added })
  return repeats
}

function addedRow(document: Document, place: { file: string; row: number }): AddedRow {
  // Another spelling of a page is no other page.
  const facts = { ...rowFacts(document), uri: document.uri.toLowerCase() }
  const named = namedParagraphs(document).flatMap(({ name }) => name ?? [])
  const names = new Set(named.slice(0, paragraphsMax))
  return { facts, signature: document.minhash, state: 'live', place, paragraphs: [...names].map((name) => ({ name, isKept: false })) }
}

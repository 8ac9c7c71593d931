import { stackOf } from '#infra/telemetry/stack-of.ts'
import type { Clock } from '#schemas/clock.ts'
import type { Document } from '#schemas/document.ts'
import { OrreryError } from '#schemas/errors.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import type { ShardManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { decodeRowGroups, decodeRows, RefusedRow } from '#schemas/parquet/decode.ts'
import { paragraphName, paragraphsOf, placeOf } from '../dedup/paragraphs.ts'
import type { JobMatch } from '../jobs/job-match.ts'
import type { Claim } from './claim.ts'
import { failure, type Failure } from './failure.ts'
import { judgePage, lackedParagraphs, type JobWishes, type PageVerdict, type Refetch, type Refetched } from './refetch.ts'
import { checkDuplicates, checkRow, factsOf, rowIdentity, ShardShares, type RowFacts, type RowIdentity } from './rows.ts'
import { drawSample, sampleSeed, type SampledRow } from './sample.ts'
import { checkFooter, checkManifest, readShard } from './structure.ts'

/** Success a sample needs (Data Universe: re-scrape success). */
const sameShareMin = 0.8
/** One miner's operator needs to see what is wrong, not all of it. */
const failuresMax = 20

export interface EvaluationParams {
  store: ObjectStore
  facts: Clock
  matches: JobMatch
  refetch: Refetch
  /** What a job asks for, by its id. */
  wishesOf(jobId: string): JobWishes | undefined
  /** Of the block that seeds the sample. */
  blockHash: string
  samplePages: number
  telemetry: Telemetry
  signal: AbortSignal
}

export interface Evaluation {
  failures: readonly Failure[]
  rows: readonly RowFacts[]
  /** The sampled pages; none when the files already failed. */
  pages: readonly PageVerdict[]
}

/**
 * Checks everything a miner claims: each file, each row, all rows together, and a sample of pages on the web.
 * @throws OrreryError `store_unavailable`, or the signal's reason: no fault of the miner's
 */
export async function evaluateClaim(hotkey: string, claim: Claim, params: EvaluationParams): Promise<Evaluation> {
  const failures = [...claim.failures, ...claim.shards.flatMap((manifest) => checkManifest(manifest, hotkey))]
  if (failures.length > 0) return { failures: failures.slice(0, failuresMax), rows: [], pages: [] }
  const files = claim.shards.map(({ file }) => file)
  const wanted = Map.groupBy(drawSample(sampleSeed(params.blockHash, hotkey, files), files, params.samplePages), ({ key }) => key)
  const read: RowIdentity[] = []
  const sample: Document[] = []
  for (const manifest of claim.shards) {
    params.signal.throwIfAborted()
    const shard = await evaluateShard(manifest, wanted.get(manifest.file.key) ?? [], params)
    for (const found of shard.failures) failures.push(found)
    for (const row of shard.rows) read.push(row)
    for (const row of shard.sample) sample.push(row)
  }
  for (const found of checkDuplicates(read)) failures.push(found)
  const rows = read.map(factsOf)
  if (failures.length > 0) return { failures: failures.slice(0, failuresMax), rows, pages: [] }
  const looks: Look[] = []
  for (const row of sample) looks.push({ row, found: await lookAt(row, params) })
  const pages = await judgePages(looks, claim, params)
  return { failures: checkPages(pages), rows, pages }
}

/** What we threw at is neither the miner's nor the page's fault. @throws the signal's reason when aborted */
async function lookAt({ url, job_id }: Document, { refetch, wishesOf, telemetry, signal }: EvaluationParams): Promise<Refetched> {
  try {
    return await refetch(url, signal, wishesOf(job_id))
  } catch (error) {
    signal.throwIfAborted()
    telemetry.event('validator.page_failed', { url, error: stackOf(error) })
    return { state: 'unknown', reason: 'internal' }
  }
}

interface Look {
  row: Document
  found: Refetched
}

/** A page that differs is judged again when it is known which of the paragraphs its row lacks stand in others: the shard is read once more for that. */
async function judgePages(looks: readonly Look[], { shards }: Claim, { store, signal }: EvaluationParams): Promise<PageVerdict[]> {
  const isDoubtful = ({ row, found }: Look): boolean => found.state === 'found' && judgePage(row, found).outcome === 'different'
  const lacked = new Set(looks.filter(isDoubtful).flatMap(({ row, found }) => (found.state === 'found' ? [...lackedParagraphs(row, found.text)] : [])))
  const jobs = new Set(looks.filter(isDoubtful).map(({ row }) => row.job_id))
  const elsewhere = new Set<string>()
  for (const manifest of shards.filter(({ job_id }) => lacked.size > 0 && jobs.has(job_id))) {
    const bytes = await readShard(manifest, store)
    if (!(bytes instanceof Uint8Array)) continue
    for await (const group of decodeRowGroups(bytes)) {
      signal.throwIfAborted()
      for (const name of group.flatMap(namesOf)) if (lacked.has(name)) elsewhere.add(name)
    }
  }
  return looks.map(({ row, found }) => judgePage(row, found, (name) => elsewhere.has(name)))
}

const namesOf = (row: Document): string[] =>
  paragraphsOf(row.text)
    .map((paragraph) => paragraphName(placeOf(row), paragraph))
    .filter((name) => name !== undefined)

interface ShardEvaluation {
  failures: Failure[]
  /** Those whose parts agree; of the others nothing is bounded. */
  rows: RowIdentity[]
  sample: Document[]
}

/** One file from the outside in; what fails ends the look at it. */
async function evaluateShard(manifest: ShardManifest, wanted: readonly SampledRow[], { store, ...params }: EvaluationParams): Promise<ShardEvaluation> {
  const bytes = await readShard(manifest, store)
  if (!(bytes instanceof Uint8Array)) return { failures: [bytes], rows: [], sample: [] }
  const failures = await checkFooter(manifest, bytes)
  if (failures.length > 0) return { failures, rows: [], sample: [] }
  const read: ShardEvaluation = { failures, rows: [], sample: [] }
  try {
    await readRows(bytes, manifest, new Set(wanted.map(({ row }) => row)), params, read)
  } catch (error) {
    if (!(error instanceof OrreryError && error.code === 'invalid_record')) throw error
    failures.push(failure('row_malformed', `${manifest.file.key}: ${String(error.details['what'])}`))
  }
  return read
}

async function readRows(
  bytes: Uint8Array,
  manifest: ShardManifest,
  wanted: ReadonlySet<number>,
  { facts, matches, signal }: Pick<EvaluationParams, 'facts' | 'matches' | 'signal'>,
  into: ShardEvaluation,
): Promise<void> {
  const shares = new ShardShares()
  let at = 0
  for await (const group of decodeRows(bytes)) {
    signal.throwIfAborted()
    for (const row of group) {
      const isWanted = wanted.has(at++)
      if (row instanceof RefusedRow) {
        if (into.failures.length < failuresMax)
          into.failures.push(failure('row_malformed', `row ${row.row} of ${manifest.file.key} is no document: its ${row.column} is refused, ${row.what}`))
        continue
      }
      const wrong = checkRow(row, manifest, facts.now()) ?? (isWanted ? checkSignature(row, manifest) : undefined)
      if (wrong && into.failures.length < failuresMax) into.failures.push(wrong)
      if (!wrong) into.rows.push(rowIdentity(row))
      if (!wrong && isWanted) into.sample.push(row)
      shares.add(row, matches)
    }
  }
  for (const found of shares.failures(manifest)) into.failures.push(found)
}

function checkSignature(row: Document, { file }: ShardManifest): Failure | undefined {
  if (Buffer.compare(row.minhash, minhash(row.text)) === 0) return undefined
  return failure('minhash', `the signature of ${row.uri} in ${file.key} is not that of its text`)
}

function checkPages(pages: readonly PageVerdict[]): Failure[] {
  const judged = pages.filter(({ outcome }) => outcome !== 'unknown')
  const different = judged.filter((page) => page.outcome === 'different')
  if (judged.length - different.length >= judged.length * sameShareMin) return []
  const examples = different.slice(0, 3).map((page) => `${page.uri} (${'reason' in page ? page.reason : ''})`)
  return [failure('page_differs', `${different.length} of ${judged.length} sampled pages are not what the rows say: ${examples.join(', ')}`)]
}

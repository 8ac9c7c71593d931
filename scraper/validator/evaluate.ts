import { readForeignFile } from '#infra/corpus/read-data-file.ts'
import { stackOf } from '#infra/telemetry/stack-of.ts'
import type { Document } from '#schemas/document.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import { RefusedRow } from '#schemas/parquet/decode.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { Claim, ClaimedFile } from './claim.ts'
import { failure, type Failure } from './failure.ts'
import type { FoundBucket, KnownFile } from './found-files.ts'
import { judgePage, lackedParagraphs, type JobWishes, type PageVerdict, type Refetch, type Refetched } from './refetch.ts'
import { checkRepeats, checkShares } from './rows.ts'
import { drawSample, sampleSeed } from './sample.ts'
import { checkListed } from './structure.ts'
import { takeIn, type TakeInParams } from './take-in.ts'

/** Success a sample needs (Data Universe: re-scrape success). */
const sameShareMin = 0.8
/** One miner's operator needs to see what is wrong, not all of it. */
const failuresMax = 20

export interface EvaluationParams extends TakeInParams {
  refetch: Refetch
  /** What a job asks for, by its id. */
  wishesOf(jobId: string): JobWishes | undefined
  /** Of the block that seeds the sample. */
  blockHash: string
  samplePages: number
  telemetry: Telemetry
}

export interface Evaluation {
  failures: readonly Failure[]
  /** That are claimed and not deleted, as far as they could be read. */
  rows: number
  /** What the score is made of; none when anything failed. */
  buckets: readonly FoundBucket[]
  /** The sampled pages; none when the files already failed. */
  pages: readonly PageVerdict[]
}

const nothing = { rows: 0, buckets: [], pages: [] }

/**
 * Checks everything a miner claims: each file, each row, all rows together, and a sample of pages on the web. What it costs follows what is new: of a file that was
 * read before only what was found is looked up.
 * @throws OrreryError `store_unavailable`, or the signal's reason: no fault of the miner's
 */
export async function evaluateClaim(hotkey: string, claim: Claim, params: EvaluationParams): Promise<Evaluation> {
  const listed = [...claim.failures, ...claim.files.flatMap((file) => checkListed(file, hotkey) ?? [])]
  if (listed.length > 0) return { ...nothing, failures: listed.slice(0, failuresMax) }
  const refused = await takeIn(claim, hotkey, params)
  if (refused) return { ...nothing, failures: [refused] }
  const known = new Map((await params.found.files(hotkey)).map((file) => [file.sha256, file]))
  const rows = known.values().reduce((sum, { count, wrong }) => sum + count + wrong.length, 0)
  const failures = checkFound(claim, known, rows)
  if (failures.length > 0) return { ...nothing, rows, failures: failures.slice(0, failuresMax) }
  const sampled = await readSample(hotkey, claim, known, params)
  if ('code' in sampled) return { ...nothing, rows, failures: [sampled] }
  const looks: Look[] = []
  for (const row of sampled) looks.push({ row, found: await lookAt(row, params) })
  const pages = await judgePages(looks, params)
  return { failures: checkPages(pages), rows, buckets: await params.found.buckets(hotkey), pages }
}

/** What was found in the files, of the rows that are left. */
function checkFound(claim: Claim, known: ReadonlyMap<string, KnownFile>, rows: number): Failure[] {
  const failures: Failure[] = []
  let repeats = 0
  for (const claimed of claim.files) {
    const file = known.get(claimed.file.sha256)
    if (!file) continue
    for (const each of [...file.failures, ...file.wrong.map((row) => row.failure)].slice(0, failuresMax)) failures.push(each)
    repeats += file.repeats
    for (const each of checkShares({ rows: file.count, strangers: file.strangers, empty: file.empty }, claimed)) failures.push(each)
  }
  return [...failures, ...checkRepeats(repeats, rows)]
}

/** The drawn rows, as they stand in their files. */
async function readSample(hotkey: string, claim: Claim, known: ReadonlyMap<string, KnownFile>, params: EvaluationParams): Promise<Document[] | Failure> {
  const files = claim.files.map(({ file }) => ({ key: file.key, bytes: file.bytes, rows: known.get(file.sha256)?.count ?? 0 }))
  const drawn = Map.groupBy(drawSample(sampleSeed(params.blockHash, hotkey, files), files, params.samplePages), ({ key }) => key)
  const sample: Document[] = []
  for (const claimed of claim.files) {
    const wanted = drawn.get(claimed.file.key)
    const file = known.get(claimed.file.sha256)
    if (!wanted || !file) continue
    const positions = await params.found.positions(file.number)
    const rows = wanted.map(({ row }) => positions[row] as number)
    for (const row of await readRows(claimed, rows, params)) {
      if (Buffer.compare(row.minhash, minhash(row.text)) !== 0)
        return failure('minhash', `the signature of ${row.uri} in ${claimed.file.key} is not that of its text`)
      sample.push(row)
    }
  }
  return sample
}

async function readRows(claimed: ClaimedFile, rows: readonly number[], { store, signal }: EvaluationParams): Promise<Document[]> {
  const documents: Document[] = []
  for await (const batch of readForeignFile(store, claimed, { rows, signal }))
    for (const found of batch) if (!(found instanceof RefusedRow)) documents.push(found.document)
  return documents
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

/** A page that differs is judged again when it is known which of the paragraphs its row lacks stand in others of its miner. */
async function judgePages(looks: readonly Look[], { index }: EvaluationParams): Promise<PageVerdict[]> {
  const isDoubtful = ({ row, found }: Look): boolean => found.state === 'found' && judgePage(row, found).outcome === 'different'
  const lacked = new Set(looks.filter(isDoubtful).flatMap(({ row, found }) => (found.state === 'found' ? [...lackedParagraphs(row, found.text)] : [])))
  const names = [...lacked]
  const facts = await index.paragraphs(names)
  const elsewhere = new Set(names.filter((_, n) => (facts[n]?.pages.length ?? 0) > 0))
  return looks.map(({ row, found }) => judgePage(row, found, (name) => elsewhere.has(name)))
}

function checkPages(pages: readonly PageVerdict[]): Failure[] {
  const judged = pages.filter(({ outcome }) => outcome !== 'unknown')
  const different = judged.filter((page) => page.outcome === 'different')
  if (judged.length - different.length >= judged.length * sameShareMin) return []
  const examples = different.slice(0, 3).map((page) => `${page.uri} (${'reason' in page ? page.reason : ''})`)
  return [failure('page_differs', `${different.length} of ${judged.length} sampled pages are not what the rows say: ${examples.join(', ')}`)]
}

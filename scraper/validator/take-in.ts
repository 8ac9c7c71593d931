import { readDeletionVector } from '#infra/corpus/deletion-vector.ts'
import { contentAddress } from '#schemas/canonical-json.ts'
import type { Clock } from '#schemas/clock.ts'
import type { CorpusIndex } from '#schemas/corpus-index.ts'
import { DeletedRows } from '#schemas/deletion-vector.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { JobMatch } from '../jobs/job-match.ts'
import type { Claim, ClaimedFile } from './claim.ts'
import { failure, orMissing, type Failure } from './failure.ts'
import type { FoundFile, FoundFiles, KnownFile } from './found-files.ts'
import { readClaimedFile, wrongMax } from './read-file.ts'
import { checkFooter, checkObject } from './structure.ts'

export interface TakeInParams {
  store: Pick<ObjectStore, 'get' | 'head'>
  found: FoundFiles
  /** Of this miner alone. */
  index: CorpusIndex
  facts: Clock
  matches: JobMatch
  /** `jobsAddress` of the list that `matches` was made of. */
  jobs: string
  signal: AbortSignal
}

/** What the list of jobs says of a row (jobs/job-match.ts): what of it changes weights, seeds or how a page is asked for changes no verdict. */
export const jobsAddress = (jobs: readonly DesirabilityJob[]): string =>
  contentAddress(jobs.map(({ id, params, web: { include, exclude = [] } }) => ({ id, params, include, exclude })))

/** Positions that the index is asked about at once. */
const portion = 1000

/**
 * Brings what is remembered of a miner's files to what it claims now: files that are new are read, once; of one that lost rows by its deletion vector these are
 * forgotten; what is claimed no longer is forgotten. The first file that cannot be taken in ends it: it says why.
 *
 * What goes leaves the index before anything is compared, since a file that only merges others holds their rows; who showed a fetch is forgotten last, so that it
 * is still known whose it was. A crash between leaves a file to be read again.
 */
export async function takeIn(claim: Claim, hotkey: string, params: TakeInParams): Promise<Failure | undefined> {
  const { found, index, signal } = params
  const known = await found.files(hotkey)
  const indexed = new Set((await index.stats()).files)
  const claimed = new Map(claim.files.map((file) => [file.file.sha256, file]))
  const kept = new Map<string, KnownFile>()
  const shrunk: { file: KnownFile; deletes: string; gone: Uint32Array }[] = []
  const dropped: KnownFile[] = []
  for (const file of known) {
    signal.throwIfAborted()
    const now = claimed.get(file.sha256)
    const change = now && !kept.has(file.sha256) && isOf(file, now, params) && indexed.has(file.sha256) ? await changeOf(file, now, params) : 'gone'
    if (typeof change === 'object' && 'code' in change) return change
    if (change === 'gone') dropped.push(file)
    else kept.set(file.sha256, file)
    if (typeof change === 'object') shrunk.push({ file, deletes: now?.deletes?.sha256 ?? '', gone: change.gone })
  }
  for (const { file, gone } of shrunk) await forgetRows(index, file.sha256, gone)
  for (const sha256 of indexed) if (!kept.has(sha256)) await forgetFile(index, sha256, signal)
  let wrongRows = countWrong(kept.values()) - shrunk.reduce((sum, { file, gone }) => sum + wrongGone(file, gone), 0)
  for (const file of claim.files) {
    if (kept.has(file.file.sha256)) continue
    // What is remembered of a miner that is wrong everywhere is bounded by what one file may have.
    if (wrongRows > wrongMax) return failure('row_malformed', `${wrongRows} rows of files that were read are wrong; the others are not read`)
    const read = await readNew(file, claim.block, hotkey, params)
    if (typeof read !== 'number') return read
    wrongRows += read
  }
  for (const { file, deletes, gone } of shrunk) await found.shrink(file.number, deletes, gone)
  for (const file of dropped) await found.drop(file.number)
  return undefined
}

const countWrong = (files: Iterable<KnownFile>): number => [...files].reduce((sum, { wrong }) => sum + wrong.length, 0)

function wrongGone({ wrong }: KnownFile, gone: Uint32Array): number {
  const rows = new Set(gone)
  return wrong.reduce((sum, { row }) => sum + (rows.has(row) ? 1 : 0), 0)
}

const isOf = (file: KnownFile, { jobId }: ClaimedFile, { jobs }: TakeInParams): boolean => file.jobId === jobId && file.jobs === jobs

/** Rows that its deletion vector took since; `gone` for a file that must be read anew, as rows of it came back. */
async function changeOf(file: KnownFile, claimed: ClaimedFile, { store, found }: TakeInParams): Promise<{ gone: Uint32Array } | 'none' | 'gone' | Failure> {
  const sha256 = claimed.deletes?.sha256 ?? null
  if (file.deletes === sha256 || file.failures.length > 0) return 'none'
  if (sha256 === null) return 'gone'
  const deletes = await vectorOf(claimed, store)
  if (!(deletes instanceof DeletedRows)) return deletes
  const positions = await found.positions(file.number)
  const gone = new Set([...positions, ...file.wrong.map(({ row }) => row)].filter((row) => deletes.has(row)))
  const left = file.count + file.wrong.length - gone.size
  return left === claimed.file.rows - deletes.size ? { gone: Uint32Array.from(gone) } : 'gone'
}

async function vectorOf(claimed: ClaimedFile, store: Pick<ObjectStore, 'get'>): Promise<DeletedRows | Failure> {
  try {
    return (await orMissing(readDeletionVector(store, claimed))) ?? failure('deletes_missing', `there is no object ${claimed.deletes?.key}`)
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'invalid_record') return failure('deletes_malformed', error.message)
    throw error
  }
}

async function forgetRows(index: CorpusIndex, file: string, rows: Iterable<number>): Promise<void> {
  const all = [...rows]
  for (let at = 0; at < all.length; at += portion) {
    const standing = await index.rows(file, all.slice(at, at + portion))
    await index.commit({ forget: standing.map(({ ordinal }) => ordinal) })
  }
}

async function forgetFile(index: CorpusIndex, sha256: string, signal: AbortSignal): Promise<void> {
  const standing = await index.rows(sha256)
  for (let at = 0; at < standing.length; at += portion) {
    signal.throwIfAborted()
    await index.commit({ forget: standing.slice(at, at + portion).map(({ ordinal }) => ordinal) })
  }
  await index.commit({ dropFiles: [sha256] })
}

/** Reads a file and remembers what was found; what the object is not, it may be the next time. @returns how many rows of it are wrong */
async function readNew(claimed: ClaimedFile, block: number, hotkey: string, params: TakeInParams): Promise<Failure | number> {
  const { store, found, index, jobs, signal } = params
  const { file, deletes, jobId } = claimed
  const wrong = (await checkObject(claimed, store, signal)) ?? (deletes && (await vectorFailure(claimed, store)))
  if (wrong) return wrong
  const remember = async (read: Pick<FoundFile, 'labels' | 'failures' | 'wrong' | 'rows'>) => {
    await index.commit({ addFiles: [file.sha256] })
    await found.add(hotkey, { sha256: file.sha256, jobId, deletes: deletes?.sha256 ?? null, jobs, ...read }, block)
    return read.wrong.length
  }
  const fault = await checkFooter(claimed, store, signal)
  if (fault) return remember({ labels: [], rows: [], wrong: [], failures: [fault] })
  try {
    return await remember(await readClaimedFile(claimed, hotkey, params))
  } catch (error) {
    if (!(error instanceof OrreryError && error.code === 'invalid_record')) throw error
    await forgetFile(index, file.sha256, signal)
    const what = typeof error.details['what'] === 'string' ? error.details['what'] : error.message
    return remember({ labels: [], rows: [], wrong: [], failures: [failure('row_malformed', `${file.key}: ${what}`)] })
  }
}

const vectorFailure = async (claimed: ClaimedFile, store: Pick<ObjectStore, 'get'>): Promise<Failure | undefined> => {
  const vector = await vectorOf(claimed, store)
  return vector instanceof DeletedRows ? undefined : vector
}

import type { AddedRow, CorpusIndex, KnownRow } from '#schemas/corpus-index.ts'
import type { DataFile } from '#schemas/data-file.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import type { Document } from '#schemas/document.ts'
import { compareText } from '#schemas/compare-text.ts'
import { OrreryError } from '#schemas/errors.ts'
import { sieve, type Reject, type Telemetry } from '#schemas/stage.ts'
import { decide, type Incoming } from '../dedup/arrivals.ts'
import type { DuplicateCounts } from '../dedup/copies.ts'
import { compareDocuments } from '../dedup/order.ts'
import { jobMatcher } from '../jobs/job-match.ts'
import type { Arrivals } from './arrivals.ts'
import type { ShardLayout } from './compaction.ts'
import type { Corpus } from './corpus.ts'
import { noChange, type JobChange } from './snapshot-heads.ts'
import { tellWritten, writeRows, type ShardParts } from './write-rows.ts'

export interface FlushParts extends ShardParts {
  index: CorpusIndex
  layout: ShardLayout
  /** The desirability list in force: what belongs to none of its jobs is refused. */
  jobs: readonly DesirabilityJob[]
  rejects(reject: Reject): void | Promise<void>
}

export interface Flushed {
  /** Documents that went because their pages took them back. */
  taken: number
  written: { jobId: string; file: DataFile }[]
  counts: ReadonlyMap<string, DuplicateCounts>
}

/** Takes in what was claimed: decides, writes new shards by job, and changes index and snapshots. Doing it again, after a crash at any point, changes nothing more. */
export async function flush(parts: FlushParts, corpus: Corpus, arrivals: Arrivals, signal: AbortSignal): Promise<Flushed> {
  await corpus.heads(signal)
  const welcome = await refuseStrangers(parts, arrivals, signal)
  const decision = await decide(parts.index, welcome, arrivals.withdrawals)
  await arrivals.hold()
  for (const reject of decision.rejects) await parts.rejects(reject)
  const jobs = jobChanges(decision.counts)
  const written: Flushed['written'] = []
  const placed: AddedRow[] = []
  for (const [jobId, rows] of [...Map.groupBy(decision.incoming, ({ document }) => document.job_id)].toSorted(([a], [b]) => compareText(a, b))) {
    for (const part of partsOf(rows, parts.layout.rowsMax)) {
      await arrivals.hold()
      signal.throwIfAborted()
      const file = await writeRows(
        parts,
        jobId,
        part.map(({ document }) => document),
      )
      part.forEach(({ row }, at) => placed.push({ ...row, place: { file: file.sha256, row: at } }))
      jobs.of(jobId).came.push(file)
      written.push({ jobId, file })
    }
  }
  deleteRows(jobs, decision.gone)
  const { remembered: former, withdrawn, gone, taken, counts } = decision
  await arrivals.hold()
  if (former.length + placed.length + withdrawn.length + gone.length > 0) {
    const change = gone.map(({ ordinal }) => ({ ordinal, state: 'remembered' as const, place: null }))
    await corpus.commit({ jobs: jobs.changed(), index: { add: [...former, ...placed], change, withdrawn } }, signal)
  }
  for (const { jobId, file } of written) tellWritten(parts, jobId, file)
  return { taken, written, counts }
}

/** In the order of a shard, no more together than it may have. */
function partsOf(rows: readonly Incoming[], rowsMax: number): Incoming[][] {
  const sorted = rows.toSorted((a, b) => compareDocuments(a.document, b.document))
  return Array.from({ length: Math.ceil(sorted.length / rowsMax) }, (_, n) => sorted.slice(n * rowsMax, (n + 1) * rowsMax))
}

interface JobChanges {
  of(jobId: string): JobChange
  /** Those that something comes to, or leaves. */
  changed(): Map<string, JobChange>
}

export function jobChanges(counts: ReadonlyMap<string, DuplicateCounts>): JobChanges {
  const changes = new Map<string, JobChange>()
  return {
    of(jobId) {
      const change = changes.get(jobId) ?? { ...noChange(), ...(counts.has(jobId) && { duplicates: counts.get(jobId) as DuplicateCounts }) }
      changes.set(jobId, change)
      return change
    },
    changed: () => changes,
  }
}

/** Marks rows as gone where they stand. */
export function deleteRows(jobs: JobChanges, rows: readonly KnownRow[]): void {
  for (const { jobId, place } of rows) {
    if (place === null) continue
    const { deleted } = jobs.of(jobId)
    const ofFile = deleted.get(place.file) ?? []
    ofFile.push(place.row)
    deleted.set(place.file, ofFile)
  }
}

/** Refuses what is no document or belongs to no job, and what another hotkey stamped. */
async function refuseStrangers(
  { jobs, signer, rejects, telemetry }: FlushParts,
  { documents, malformed }: Pick<Arrivals, 'documents' | 'malformed'>,
  signal: AbortSignal,
): Promise<Document[]> {
  const matches = jobMatcher(jobs)
  for (const { key, cause } of malformed) await rejects({ subject: key, reason: 'invalid_record', stage: 'shard', details: { cause: String(cause) } })
  const welcome = sieve(
    'shard',
    (document: Document) => (document.hotkey === signer.address ? matches(document, document.job_id) : 'hotkey') ?? document,
    ({ uri, id, job_id }, mismatch) => rejects({ subject: uri, reason: 'job_mismatch', stage: 'shard', details: { id, job_id, mismatch } }),
  )
  return Array.fromAsync(welcome(documents, { signal, telemetry }))
}

export async function acknowledge(arrivals: Arrivals, telemetry: Telemetry): Promise<void> {
  await arrivals.acknowledge().catch((error: unknown) => {
    // Lent to another meanwhile: it finds the documents in the snapshot and acknowledges them itself.
    if (!(error instanceof OrreryError && error.code === 'lease_lost')) throw error
    telemetry.event('shard.lease_lost', { documents: arrivals.documents.length })
  })
}

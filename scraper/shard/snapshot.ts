import type { Catalog } from '#schemas/catalog.ts'
import { compareText } from '#schemas/compare-text.ts'
import type { Chain, Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import type { Document } from '#schemas/document.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ShardManifest } from '#schemas/manifest.ts'
import type { NearDuplicates } from '#schemas/near-duplicates.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { ShardCodec } from '#schemas/parquet/encode.ts'
import { longestLeaseMs, type Queue } from '#schemas/queue.ts'
import { sieve, type Reject, type Telemetry } from '#schemas/stage.ts'
import { readBoilerplate, rememberBoilerplate } from '../dedup/boilerplate-memory.ts'
import { deduplicate, type Deduplicated, type DuplicateCounts } from '../dedup/dedup.ts'
import { jobMatcher } from '../jobs/job-match.ts'
import { claimArrivals, waitForOthers, type Arrivals, type PortionLimits } from './arrivals.ts'
import { isSameRows, readFormer, shardHeads, type JobRows } from './former-shards.ts'
import { publishIndex } from './index-manifest.ts'
import { keepOffered, withdrawnOf } from './withdrawn.ts'
import { writeShard } from './write-shard.ts'

export interface SnapshotParams {
  signer: Signer
  /** The desirability list in force: what belongs to none of its jobs is refused. */
  jobs: readonly DesirabilityJob[]
  /** Of this miner alone. */
  nearDuplicates: NearDuplicates
  /** Documents and withdrawals (arrival.ts), one per message. */
  documents: Queue
  /** How much of the queue is taken at once. */
  portion?: PortionLimits
  store: ObjectStore
  catalog: Catalog
  chain: Chain
  /** Runs the leases of `documents`. */
  pace: Clock
  /** Stamps the shards. */
  facts: Clock
  codec: ShardCodec
  /** What the shards' manifests say they were made by. */
  origin: ShardManifest['origin']
  telemetry: Telemetry
  rejects: (reject: Reject) => void | Promise<void>
  signal: AbortSignal
}

export interface SnapshotReport {
  /** Documents taken off the queue. */
  arrived: number
  /** Documents in the current snapshots. */
  kept: number
  /** Documents that left, or never came in, because their pages took them back. */
  withdrawn: number
  /** Shards written now, the last of each job, by job. */
  written: ShardManifest[]
  duplicates: DuplicateCounts
  /** Content address of the index manifest; undefined while no shard is large enough to be shown. */
  index: string | undefined
  /** Whether the chain's commitment names that index. */
  committed: boolean
}

const defaultPortion: PortionLimits = { messages: 20_000, bytes: 128 << 20 }
/** Time to live of a lease, and what is added for each row that there will be: no step between two prolongations takes a tenth of that. */
const leaseMsMin = 30_000
const leaseMsPerRow = 2

/**
 * Turns all queued documents into whole-job snapshots: one Parquet file per job that holds its former rows and the new ones, without duplicates over
 * all jobs of the miner, without what the pages of a host repeat, and without what was withdrawn. Then the index of all shards, and its commitment on chain.
 * A long queue is worked off in portions, each of which is a snapshot.
 *
 * The order of work makes a crash harmless: what is known of duplicates and boilerplate, shard object, catalog head, …, and only then the acknowledgement;
 * index and commitment at last, which the next snapshot makes up for. What was not acknowledged comes again and finds itself already there. The same
 * documents in any order give the same bytes; a job whose rows are the same is not written again.
 * @throws OrreryError `conflict` when another process works with the same hotkey, `invalid_record` for a former shard that cannot be read
 */
export async function snapshotShards(params: SnapshotParams): Promise<SnapshotReport> {
  const { signer, catalog, documents: queue, pace, signal, portion: limits = defaultPortion } = params
  const { waiting, leased } = await queue.stats()
  const rows = rowsOf(await shardHeads(catalog, signer.address)) + waiting + leased
  const source = { queue, pace, limits, signal, leaseMs: Math.min(longestLeaseMs, leaseMsMin + leaseMsPerRow * rows) }
  const report: Progress = { arrived: 0, withdrawn: 0, written: new Map(), duplicates: nothing }
  let former: Map<string, JobRows> | undefined
  await waitForOthers(source)
  for (;;) {
    const arrivals = await claimArrivals(source)
    if (!arrivals) break
    const welcome = await refuseStrangers(params, arrivals)
    // Where nothing came, nothing changes: the rows are not read again.
    if (welcome.length + arrivals.withdrawals.length > 0) {
      former ??= await readFormer({ ...params, hold: arrivals.hold })
      await takeIn(params, { arrivals, welcome, former, report })
    }
    report.arrived += arrivals.documents.length
    await acknowledge(arrivals, params.telemetry)
  }
  const heads = await shardHeads(catalog, signer.address)
  const { index, committed } = await publishIndex({ ...params, heads })
  const { arrived, withdrawn, duplicates } = report
  const written = [...report.written].toSorted(([a], [b]) => compareText(a, b)).map(([, manifest]) => manifest)
  return { arrived, withdrawn, kept: rowsOf(heads), written, duplicates, index, committed }
}

/** What is told of the portions so far. */
interface Progress extends Pick<SnapshotReport, 'arrived' | 'withdrawn' | 'duplicates'> {
  written: Map<string, ShardManifest>
}

const rowsOf = (heads: readonly { manifest: ShardManifest }[]): number => heads.reduce((sum, { manifest }) => sum + manifest.file.rows, 0)

interface Portion {
  arrivals: Arrivals
  welcome: readonly Document[]
  /** Becomes what the portion makes of it. */
  former: Map<string, JobRows>
  report: Progress
}

/** Makes a snapshot of the former rows and a portion, job by job. */
async function takeIn(params: SnapshotParams, { arrivals, welcome, former, report }: Portion): Promise<void> {
  const withdrawn = withdrawnOf(arrivals.withdrawals)
  const gone = (reject: Reject) => {
    report.withdrawn++
    return params.rejects(reject)
  }
  const stored = [...former.values()].flatMap(({ documents }) => documents)
  const rows = await keepOffered(stored, withdrawn, gone)
  const offered = await keepOffered(welcome, withdrawn, gone)
  await arrivals.hold()
  const { kept, rejects, counts } = await deduplicateRemembering(params, rows, offered)
  for (const reject of rejects) await params.rejects(reject)

  const byJob = Map.groupBy(kept, ({ job_id }) => job_id)
  for (const jobId of [...new Set([...former.keys(), ...byJob.keys()])].toSorted()) {
    await arrivals.hold()
    const documents = byJob.get(jobId) ?? []
    const previous = former.get(jobId)
    if (previous && isSameRows(previous.documents, documents)) continue
    const { sha256, manifest } = await writeShard({ ...params, jobId, documents, duplicates: counts.get(jobId) ?? nothing, parent: previous?.sha256 })
    former.set(jobId, { sha256, documents })
    report.written.set(jobId, manifest)
    const { key, bytes } = manifest.file
    params.telemetry.event('shard.written', { hotkey: params.signer.address, job_id: jobId, key, rows: documents.length, bytes })
  }
  report.duplicates = sumOf([report.duplicates, ...counts.values()])
}

/** Refuses what is no document or belongs to no job, and what another hotkey stamped. */
async function refuseStrangers(params: SnapshotParams, { documents, malformed }: Arrivals): Promise<Document[]> {
  const { jobs, signer, rejects } = params
  const matches = jobMatcher(jobs)
  for (const { key, cause } of malformed) await rejects({ subject: key, reason: 'invalid_record', stage: 'shard', details: { cause: String(cause) } })
  const welcome = sieve(
    'shard',
    (document: Document) => (document.hotkey === signer.address ? matches(document, document.job_id) : 'hotkey') ?? document,
    ({ uri, id, job_id }, mismatch) => rejects({ subject: uri, reason: 'job_mismatch', stage: 'shard', details: { id, job_id, mismatch } }),
  )
  return Array.fromAsync(welcome(documents, params))
}

async function deduplicateRemembering(
  { store, signer, nearDuplicates }: SnapshotParams,
  former: readonly Document[],
  arrivals: readonly Document[],
): Promise<Deduplicated> {
  const boilerplate = await readBoilerplate(store, signer.address)
  const result = await deduplicate({ former, arrivals, index: nearDuplicates, boilerplate })
  await rememberBoilerplate(store, signer.address, result.boilerplate, boilerplate)
  return result
}

async function acknowledge(arrivals: Arrivals, telemetry: Telemetry): Promise<void> {
  await arrivals.acknowledge().catch((error: unknown) => {
    // Lent to another meanwhile: it finds the documents in the snapshot and acknowledges them itself.
    if (!(error instanceof OrreryError && error.code === 'lease_lost')) throw error
    telemetry.event('shard.lease_lost', { documents: arrivals.documents.length })
  })
}

const nothing: DuplicateCounts = { exact: 0, near: 0, clusters: 0 }

const sumOf = (counts: readonly DuplicateCounts[]): DuplicateCounts =>
  counts.reduce((a, b) => ({ exact: a.exact + b.exact, near: a.near + b.near, clusters: a.clusters + b.clusters }), nothing)

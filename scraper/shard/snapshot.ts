import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Chain, Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import type { Document } from '#schemas/document.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage, type ShardManifest } from '#schemas/manifest.ts'
import type { NearDuplicates } from '#schemas/near-duplicates.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { decodeDocuments } from '#schemas/parquet/decode.ts'
import type { ShardCodec } from '#schemas/parquet/encode.ts'
import type { Queue } from '#schemas/queue.ts'
import { sieve, type Reject, type Telemetry } from '#schemas/stage.ts'
import { readBoilerplate, rememberBoilerplate } from '../dedup/boilerplate-memory.ts'
import { deduplicate, type Deduplicated, type DuplicateCounts } from '../dedup/dedup.ts'
import { claimArrivals, type Arrivals } from './arrivals.ts'
import { publishIndex } from './index-manifest.ts'
import { jobMatcher } from '../jobs/job-match.ts'
import { writeShard } from './write-shard.ts'

export interface SnapshotParams {
  signer: Signer
  /** The desirability list in force: what belongs to none of its jobs is refused. */
  jobs: readonly DesirabilityJob[]
  /** Of this miner alone. */
  nearDuplicates: NearDuplicates
  /** Documents as JSON (`encodeDocument`), one per message. */
  documents: Queue
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
  /** Shards written now, by job. */
  written: ShardManifest[]
  duplicates: DuplicateCounts
  /** Content address of the index manifest; undefined while no shard is large enough to be shown. */
  index: string | undefined
  /** Whether the chain's commitment names that index. */
  committed: boolean
}

/**
 * Turns all queued documents into whole-job snapshots: one Parquet file per job that holds its former rows and the new ones, without duplicates over
 * all jobs of the miner, and without what the pages of a host repeat. Then the index of all shards, and its commitment on chain.
 *
 * The order of work makes a crash harmless: what is known of duplicates and boilerplate, shard object, catalog head, …, index, commitment, and only then
 * the acknowledgement. What was not acknowledged comes again and finds itself already there. The same documents in any order give the same bytes; a job
 * whose rows are the same is not written again.
 * @throws OrreryError `conflict` when another process works with the same hotkey, `invalid_record` for a former shard that cannot be read
 */
export async function snapshotShards(params: SnapshotParams): Promise<SnapshotReport> {
  const { signer, catalog, telemetry } = params
  const arrivals = await claimArrivals(params.documents, params.pace, params.signal)
  const welcome = await refuseStrangers(params, arrivals)
  // Where nothing came, nothing changes: the rows are not read again.
  const former = welcome.length > 0 ? await readFormer(params) : new Map<string, FormerShard>()
  const { kept, rejects, counts } = await deduplicateRemembering(params, former, welcome)
  for (const reject of rejects) await params.rejects(reject)

  const byJob = Map.groupBy(kept, ({ job_id }) => job_id)
  const written: ShardManifest[] = []
  for (const jobId of [...new Set([...former.keys(), ...byJob.keys()])].toSorted()) {
    await arrivals.hold()
    const documents = byJob.get(jobId) ?? []
    const previous = former.get(jobId)
    if (previous && isSameRows(previous.documents, documents)) continue
    const manifest = await writeShard({ ...params, jobId, documents, duplicates: counts.get(jobId) ?? nothing, parent: previous?.sha256 })
    written.push(manifest)
    telemetry.event('shard.written', { hotkey: signer.address, job_id: jobId, key: manifest.file.key, rows: documents.length, bytes: manifest.file.bytes })
  }
  await arrivals.hold()
  const heads = await shardHeads(catalog, signer.address)
  const { index, committed } = await publishIndex({ ...params, heads })
  await acknowledge(arrivals, telemetry)
  const rows = heads.reduce((sum, { manifest }) => sum + manifest.file.rows, 0)
  return { arrived: arrivals.documents.length, kept: rows, written, duplicates: sumOf(counts), index, committed }
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
  former: ReadonlyMap<string, FormerShard>,
  arrivals: readonly Document[],
): Promise<Deduplicated> {
  const boilerplate = await readBoilerplate(store, signer.address)
  const rows = [...former.values()].flatMap(({ documents }) => documents)
  const result = await deduplicate({ former: rows, arrivals, index: nearDuplicates, boilerplate })
  await rememberBoilerplate(store, signer.address, result.boilerplate, boilerplate)
  return result
}

interface FormerShard {
  sha256: string
  documents: Document[]
}

async function readFormer({ signer, catalog, store, signal }: SnapshotParams): Promise<Map<string, FormerShard>> {
  const former = new Map<string, FormerShard>()
  for (const { sha256, manifest } of await shardHeads(catalog, signer.address)) {
    signal.throwIfAborted()
    const { key, sha256: expected } = manifest.file
    const bytes = await store.get(key)
    if (sha256Hex(bytes) !== expected) {
      throw new OrreryError('invalid_record', `The stored shard ${key} is not what its manifest says; restore the object, then run the miner again.`, {
        key,
        expected,
      })
    }
    former.set(manifest.job_id, { sha256, documents: await decodeDocuments(bytes) })
  }
  return former
}

/** The current shards of a hotkey, by job. */
async function shardHeads(catalog: Catalog, hotkey: string): Promise<{ sha256: string; manifest: ShardManifest }[]> {
  const heads = []
  for (const name of await catalog.names(lineage.shard(hotkey, ''))) {
    const head = await catalog.head(name)
    if (head?.manifest.kind === 'shard') heads.push({ sha256: head.sha256, manifest: head.manifest })
  }
  return heads
}

/** Within one job a fetch of a page is one row: the same fetches are the same rows. */
function isSameRows(a: readonly Document[], b: readonly Document[]): boolean {
  return a.length === b.length && a.every((row, at) => row.uri === b[at]?.uri && row.version === b[at]?.version && row.id === b[at]?.id)
}

async function acknowledge(arrivals: Arrivals, telemetry: Telemetry): Promise<void> {
  await arrivals.acknowledge().catch((error: unknown) => {
    // Lent to another meanwhile: it finds the documents in the snapshot and acknowledges them itself.
    if (!(error instanceof OrreryError && error.code === 'lease_lost')) throw error
    telemetry.event('shard.lease_lost', { documents: arrivals.documents.length })
  })
}

const nothing: DuplicateCounts = { exact: 0, near: 0, clusters: 0 }

const sumOf = (counts: ReadonlyMap<string, DuplicateCounts>): DuplicateCounts =>
  counts.values().reduce((a, b) => ({ exact: a.exact + b.exact, near: a.near + b.near, clusters: a.clusters + b.clusters }), nothing)

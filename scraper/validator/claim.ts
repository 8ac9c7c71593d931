import { setImmediate as turn } from 'node:timers/promises'
import { z } from 'zod'
import { isSameNetwork } from '#infra/chain/network.ts'
import { verifyManifestBytes } from '#infra/chain/signed-manifest.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Neuron } from '#schemas/chain.ts'
import { compareText } from '#schemas/compare-text.ts'
import type { ListedFile } from '#schemas/data-file.ts'
import { limits } from '#schemas/data-universe.ts'
import { SnapshotIndexManifest, SnapshotManifest } from '#schemas/manifest.ts'
import type { Network } from '#schemas/network.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { isShown } from '../shard/index-manifest.ts'
import { manifestKey } from '../shard/snapshot-heads.ts'
import { failure, orMissing, type Failure } from './failure.ts'

/** Read as JSON, held against its schema and verified in turns of the event loop of their own: each takes some dozen ms of such a one. */
const manifestBytesMax = 4 * 2 ** 20
/** Of all snapshots of a claim: what is made of them in memory is some times as much. */
const snapshotBytesMax = 24 * 2 ** 20
const jobsMax = 2000
/** Compaction leaves some dozen files of a job. */
const filesPerJobMax = 2000
const filesMax = 10_000
/** What is kept of each row are some dozen bytes (row-book/). */
const rowsMax = 20_000_000
/** An index was written at most so long before its commitment. */
const writtenMs = 3_600_000

/** One file that a miner claims, as it is listed. */
export interface ClaimedFile extends ListedFile {
  jobId: string
}

/** Where a claim is committed: the chain, and the block that has it. */
export interface ClaimPlace {
  network: Network
  /** ms, of the block of the commitment; undefined where the chain does not know it any more. */
  committedAt: number | undefined
}

/** What a miner says it has: the snapshots of the index its commitment points to. */
export interface Claim {
  /** Content address; null when the commitment names none. */
  index: string | null
  /** Of the commitment. */
  block: number
  /** The snapshots of the index, by job. Empty when anything failed. */
  snapshots: SnapshotIndexManifest['snapshots']
  /** By key. Empty when anything failed. */
  files: readonly ClaimedFile[]
  failures: readonly Failure[]
}

/** What is claimed by a commitment. */
export type Commitment = Pick<Neuron, 'commitment' | 'commitmentBlock' | 'hotkey'>

/**
 * Follows a neuron's commitment (32 bytes of sha256) to its index object, and that to the snapshots, and proves that the hotkey signed the index for this network,
 * and them all.
 * @throws OrreryError `store_unavailable`: our trouble, not the miner's
 */
export async function readClaim({ commitment, commitmentBlock: block, hotkey }: Commitment, store: Reading, place: ClaimPlace): Promise<Claim> {
  const none = (index: string | null, failed: Failure): Claim => ({ index, block, snapshots: [], files: [], failures: [failed] })
  if (commitment === undefined) return none(null, failure('no_commitment', 'the hotkey has committed no index'))
  if (commitment.length !== 32) return none(null, failure('commitment_malformed', `the commitment is ${commitment.length} bytes, not 32 of sha256`))
  const index = Buffer.from(commitment).toString('hex')
  const claimed = await readAll(index, hotkey, store, place)
  if ('code' in claimed) return none(index, claimed)
  return { index, block, ...claimed, files: claimed.files.toSorted((a, b) => compareText(a.file.key, b.file.key)), failures: [] }
}

type Reading = Pick<ObjectStore, 'get' | 'head'>

async function readAll(index: string, hotkey: string, store: Reading, place: ClaimPlace): Promise<Failure | Pick<Claim, 'snapshots' | 'files'>> {
  const read = await readIndex(index, hotkey, store, place)
  if ('code' in read) return read
  const files = await snapshotFiles(read, hotkey, store)
  if ('code' in files) return files
  const names = new Set(files.map(({ file }) => file.sha256))
  if (names.size < files.length) return failure('file_twice', `${files.length - names.size} files are listed more than once`)
  const rows = files.reduce((sum, { file }) => sum + file.rows, 0)
  if (files.length > filesMax || rows > rowsMax)
    return failure('index_too_large', `the index claims ${rows} rows in ${files.length} files; ${rowsMax} in ${filesMax} are the most`)
  return { files, snapshots: read.snapshots }
}

async function readIndex(index: string, hotkey: string, store: Reading, { network, committedAt }: ClaimPlace): Promise<SnapshotIndexManifest | Failure> {
  const key = manifestKey(hotkey, index)
  const bytes = await readManifest(key, index, store)
  if (!bytes) return failure('index_missing', `there is no object ${key}`)
  if ('code' in bytes) return failure(`index_${bytes.code}`, bytes.detail)
  const manifest = await parse(SnapshotIndexManifest, bytes)
  if (!manifest) return failure('index_malformed', `${key} is no index manifest`)
  if (manifest.hotkey !== hotkey) return failure('index_hotkey', `${key} is the index of ${manifest.hotkey}`)
  if (!manifest.network) return failure('index_network', `${key} does not say of which subnet it is: a miner of this version does`)
  if (!isSameNetwork(manifest.network, network)) return failure('index_network', `${key} is of another subnet (${JSON.stringify(manifest.network)})`)
  if (!verifyManifestBytes(manifest, bytes)) return failure('index_signature', `${key} is not signed by its hotkey`)
  const { snapshots, written_at: writtenAt } = manifest
  if (writtenAt === undefined || (committedAt !== undefined && !isOfCommitment(Date.parse(writtenAt), committedAt)))
    return failure('index_written_at', `${key} says it was written ${writtenAt ?? 'at no time'}, not within the hour before its commitment`)
  if (snapshots.length > jobsMax) return failure('index_too_large', `${key} names ${snapshots.length} jobs, more than ${jobsMax}`)
  if (new Set(snapshots.map(({ job_id }) => job_id)).size !== snapshots.length) return failure('index_jobs', `${key} names one job twice`)
  return manifest
}

const isOfCommitment = (writtenMsAt: number, committedAt: number): boolean => writtenMsAt <= committedAt && writtenMsAt >= committedAt - writtenMs

async function snapshotFiles({ snapshots }: SnapshotIndexManifest, hotkey: string, store: Reading): Promise<ClaimedFile[] | Failure> {
  const files: ClaimedFile[] = []
  let bytesLeft = snapshotBytesMax
  for (const { job_id: jobId, sha256 } of snapshots) {
    const key = manifestKey(hotkey, sha256)
    const bytes = await readManifest(key, sha256, store)
    if (!bytes) return failure('snapshot_missing', `there is no object ${key}`)
    if ('code' in bytes) return failure(`snapshot_${bytes.code}`, bytes.detail)
    bytesLeft -= bytes.length
    if (bytesLeft < 0) return failure('index_too_large', `its snapshots have more than ${snapshotBytesMax} bytes`)
    const snapshot = await parse(SnapshotManifest, bytes)
    if (!snapshot) return failure('snapshot_malformed', `${key} is no snapshot manifest`)
    if (snapshot.hotkey !== hotkey || snapshot.job_id !== jobId) return failure('snapshot_hotkey', `${key} is of ${snapshot.hotkey}, job ${snapshot.job_id}`)
    if (!verifyManifestBytes(snapshot, bytes)) return failure('snapshot_signature', `${key} is not signed by its hotkey`)
    const failed = checkFiles(snapshot.files, jobId)
    if (failed) return failed
    for (const listed of snapshot.files) files.push({ ...listed, jobId })
  }
  return files
}

/** A shard may be small, as it holds what came between two flushes; what is shown of a job may not, nor may it be all small ones. */
function checkFiles(files: readonly ListedFile[], jobId: string): Failure | undefined {
  if (!isShown({ files: [...files] })) return failure('file_too_small', `what is left of job ${jobId} is less than ${limits.shardBytesMin} bytes of its files`)
  if (files.length > filesPerJobMax) return failure('too_many_files', `job ${jobId} is in ${files.length} files, more than ${filesPerJobMax}: compact them`)
  return undefined
}

/** The bytes of a manifest, proved to be those that were named. */
async function readManifest(key: string, sha256: string, store: Reading): Promise<Uint8Array | { code: 'too_large' | 'hash'; detail: string } | undefined> {
  const found = await orMissing(store.head(key))
  if (!found) return undefined
  if (found.bytes > manifestBytesMax) return { code: 'too_large', detail: `${key} has ${found.bytes} bytes, more than ${manifestBytesMax}` }
  const bytes = await orMissing(store.get(key))
  if (!bytes) return undefined
  return sha256Hex(bytes) === sha256 ? bytes : { code: 'hash', detail: `the bytes of ${key} are not what was committed` }
}

async function parse<T>(schema: z.ZodType<T>, bytes: Uint8Array): Promise<T | undefined> {
  try {
    const said: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
    await turn()
    const manifest = schema.safeParse(said).data
    await turn()
    return manifest
  } catch {
    return undefined
  }
}

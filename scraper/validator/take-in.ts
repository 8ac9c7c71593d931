import { hash } from 'node:crypto'
import { networkOf } from '#infra/chain/network.ts'
import { readDeletionVector } from '#infra/corpus/deletion-vector.ts'
import { provedFile } from '#infra/corpus/proved-file.ts'
import { storeFailure } from '#infra/store/failure.ts'
import { stackOf } from '#infra/telemetry/stack-of.ts'
import type { Chain, Neuron } from '#schemas/chain.ts'
import { timeBucketOf } from '#schemas/data-universe.ts'
import { encodeDeletionVector } from '#schemas/deletion-vector.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { digestsIn } from '#schemas/row-list.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { readClaim, type Claim, type ClaimedFile, type ClaimPlace, type Commitment } from './claim.ts'
import { failure, orMissing, type Failure } from './failure.ts'
import { formerCommitments } from './former-commitments.ts'
import type { Look } from './look.ts'
import type { ListedRows, RowBook } from './row-book/row-book.ts'
import { checkFooter, checkListed, checkObject } from './structure.ts'

/** One miner's operator needs to see what is wrong, not all of it. */
const failuresMax = 20
/** What one claim may take, whatever it is. */
const claimMs = 15 * 60_000

export interface TakeInParams {
  chain: Pick<Chain, 'block' | 'metagraph'>
  store: Pick<ObjectStore, 'get' | 'head'>
  book: RowBook
  telemetry: Telemetry
  signal: AbortSignal
}

/** A claim that was read, all of it where there are no failures. */
export interface ReadClaim extends Pick<Claim, 'index' | 'block' | 'snapshots'> {
  failures: readonly Failure[]
}

/** Why a miner could not be judged. `isLate`: it took all the time there is for one, which is its own doing as much as ours; else it is our trouble. */
export interface Skipped {
  skipped: string
  isLate: boolean
}

/** What became of a miner's claim. */
export type TakenIn = ReadClaim | Skipped

/**
 * Brings what is known of all miners' rows to what they claimed at a look: claim after claim in the order of the blocks in which they were committed. Of claims that were
 * replaced since the last look those files count, from their block on, that are still claimed: no draw meets what was withdrawn before the look, so nobody is the first to
 * show that. So who was the first to show a row is the same for everybody, whoever is judged first. Each claim is taken in by itself: what is
 * wrong with one costs its miner alone. What it costs follows what is new: of a claim that is known nothing is read, of a file that is known nothing again.
 * @param neurons as they were at the look
 * @returns by hotkey
 * @throws the signal's reason; OrreryError of the chain
 */
export async function takeInAll(neurons: readonly Neuron[], { block }: Look, params: TakeInParams): Promise<Map<string, TakenIn>> {
  const { chain, book, telemetry, signal } = params
  const network = await networkOf(chain)
  const former = await formerCommitments(chain, neurons, await book.lastLook(), signal)
  const current = new Set<Commitment>(neurons)
  const uids = new Map(neurons.map(({ hotkey, uid }) => [hotkey, uid]))
  const uidOf = ({ hotkey }: Commitment): number => uids.get(hotkey) ?? 0
  const taken = new Map<string, TakenIn>()
  const standing = new StandingFiles(neurons, { chain, store: params.store, network })
  let isWhole = true
  const takeFormer = async (commitment: Commitment, within: AbortSignal): Promise<TakenIn> =>
    takeIn(commitment, { ...params, signal: within }, network, await standing.of(commitment.hotkey))
  for (const commitment of [...former, ...neurons].toSorted((a, b) => a.commitmentBlock - b.commitmentBlock || uidOf(a) - uidOf(b))) {
    const within = AbortSignal.any([signal, AbortSignal.timeout(claimMs)])
    const taking = current.has(commitment) ? takeIn(commitment, { ...params, signal: within }, network) : takeFormer(commitment, within)
    const result = await taking.catch((error: unknown) => {
      signal.throwIfAborted()
      return costOf(error, commitment, { telemetry, isLate: within.aborted })
    })
    if ('skipped' in result) isWhole = false
    if (current.has(commitment)) taken.set(commitment.hotkey, result)
  }
  if (isWhole) await book.setLook(block)
  return taken
}

/** @param only the files that are taken in, by their sha256; undefined: all */
async function takeIn(commitment: Commitment, params: TakeInParams, network: ClaimPlace['network'], only?: ReadonlySet<string>): Promise<TakenIn> {
  const { hotkey, commitmentBlock: block } = commitment
  const { chain, store, book } = params
  const index = commitment.commitment?.length === 32 ? Buffer.from(commitment.commitment).toString('hex') : null
  const known = await book.taken(hotkey)
  if (known && (known.block > block || (known.block === block && known.index === index)))
    return { index: known.index, block: known.block, snapshots: known.snapshots, failures: [] }
  const committedAt = await timeOf(chain, block)
  const read = await readClaim(commitment, store, { network, committedAt })
  const claim = only ? { ...read, files: read.files.filter(({ file }) => only.has(file.sha256)) } : read
  const failed = [...claim.failures, ...claim.files.flatMap((file) => checkListed(file, hotkey) ?? [])]
  const failures = failed.length > 0 ? failed.slice(0, failuresMax) : await takeFiles(claim, hotkey, params)
  if (failures.length === 0 && index !== null) await book.take(hotkey, { index, block, committedAt: committedAt ?? 0, snapshots: claim.snapshots })
  return { index, block, snapshots: claim.snapshots, failures }
}

/** The files that miners claim at a look, of those whose former claims are taken in before it. */
class StandingFiles {
  readonly #commitments: ReadonlyMap<string, Commitment>
  readonly #params: Pick<TakeInParams, 'chain' | 'store'> & Pick<ClaimPlace, 'network'>
  #last: { hotkey: string; files: Promise<ReadonlySet<string>> } | undefined

  constructor(neurons: readonly Neuron[], params: Pick<TakeInParams, 'chain' | 'store'> & Pick<ClaimPlace, 'network'>) {
    this.#commitments = new Map(neurons.map((neuron) => [neuron.hotkey, neuron]))
    this.#params = params
  }

  /** By their sha256; none of a claim that is none. @throws OrreryError `store_unavailable` */
  of(hotkey: string): Promise<ReadonlySet<string>> {
    if (this.#last?.hotkey !== hotkey) this.#last = { hotkey, files: this.#read(hotkey) }
    return this.#last.files
  }

  async #read(hotkey: string): Promise<ReadonlySet<string>> {
    const { chain, store, network } = this.#params
    const commitment = this.#commitments.get(hotkey)
    if (!commitment) return new Set()
    const { files } = await readClaim(commitment, store, { network, committedAt: await timeOf(chain, commitment.commitmentBlock) })
    return new Set(files.map(({ file }) => file.sha256))
  }
}

async function timeOf(chain: TakeInParams['chain'], block: number): Promise<number | undefined> {
  try {
    return (await chain.block(block)).timestamp
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'not_found') return undefined
    throw error
  }
}

/** Forgets the files that are claimed no more, before those that are new come: they may hold the same rows. The first that cannot be taken in ends it. */
async function takeFiles({ files, block }: Claim, hotkey: string, params: TakeInParams): Promise<Failure[]> {
  const { book, signal } = params
  const claimed = new Map(files.map((file) => [file.file.sha256, file]))
  const [kept, gone] = [new Set<string>(), [] as string[]]
  for (const { sha256, jobId, key, deletes } of await book.files(hotkey)) {
    const now = claimed.get(sha256)
    const isSame = now !== undefined && now.jobId === jobId && now.file.key === key
    if (isSame && (now.deletes?.sha256 ?? null) !== deletes) {
      const vector = await vectorOf(now, params)
      if (vector && 'code' in vector) return [vector]
      if (await book.setDeletes(hotkey, sha256, vector)) kept.add(sha256)
      else gone.push(sha256)
    } else if (isSame) kept.add(sha256)
    else gone.push(sha256)
  }
  await book.drop(hotkey, gone)
  const fresh = files.filter(({ file }) => !kept.has(file.sha256))
  for (const file of fresh) {
    signal.throwIfAborted()
    const missing = await checkObject(file, params.store)
    if (missing) return [missing]
  }
  for (const file of fresh) {
    signal.throwIfAborted()
    const failed = await takeFile(file, hotkey, block, params)
    if (!failed) continue
    // No draw would meet what was taken in of it.
    await book.disown(hotkey)
    return [failed]
  }
  return []
}

async function takeFile(claimed: ClaimedFile, hotkey: string, block: number, params: TakeInParams): Promise<Failure | undefined> {
  const { store, book, signal } = params
  const { file, jobId } = claimed
  const list = await listOf(claimed, store)
  if ('code' in list) return list
  const digests = digestsIn(list, file)
  const fault = digests ? await checkFooter(claimed, provedFile(store, file, digests, signal)) : failure('list_malformed', `the list of ${file.key} is cut off`)
  if (fault) return fault
  const deletes = await vectorOf(claimed, params)
  if (deletes && 'code' in deletes) return deletes
  const { sha256, key, bytes, rows, text_bytes: textBytes, labels, row_groups: groups = [], written_at: writtenAt, datetime_range: range } = file
  const hours = range && { first: timeBucketOf(Date.parse(range.first)), last: timeBucketOf(Date.parse(range.last)) }
  const refused = await book.add(hotkey, { sha256, key, jobId, bytes, rows, textBytes, labels, groups, hours, writtenAt, list, deletes }, block)
  return refused === undefined ? undefined : failure('list_malformed', `the list of ${key}: ${refused}`)
}

/** The bytes of the list of a file, proved to be those that were named. */
async function listOf({ file }: ClaimedFile, store: TakeInParams['store']): Promise<Uint8Array | Failure> {
  const named = file.row_list as NonNullable<typeof file.row_list>
  // One byte more would show that it is longer.
  const bytes = await orMissing(store.get(named.key, { start: 0, end: named.bytes + 1 }))
  if (!bytes) return failure('list_missing', `there is no object ${named.key}`)
  if (bytes.length !== named.bytes || hash('sha256', bytes) !== named.sha256)
    return failure('list_malformed', `the bytes of ${named.key} are not those of its snapshot`)
  return bytes
}

async function vectorOf(claimed: ClaimedFile, { store }: Pick<TakeInParams, 'store'>): Promise<ListedRows['deletes'] | Failure> {
  if (!claimed.deletes) return null
  try {
    const rows = await orMissing(readDeletionVector(store, claimed))
    return rows ? { sha256: claimed.deletes.sha256, blob: encodeDeletionVector(rows) } : failure('deletes_missing', `there is no object ${claimed.deletes.key}`)
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'invalid_record') return failure('deletes_malformed', error.message)
    throw error
  }
}

/** A store that fails is our trouble. Whatever else was met on the way through a miner's data, that data led there: it costs that miner, not the look. */
export function costOf(
  error: unknown,
  { hotkey, commitment, commitmentBlock: block }: Commitment,
  { telemetry, isLate }: Pick<Skipped, 'isLate'> & Pick<TakeInParams, 'telemetry'>,
): TakenIn {
  const isOurs = storeFailure(error) ?? ((error instanceof OrreryError && error.retryable) || (error as Error).name === 'TimeoutError')
  if (isOurs) {
    telemetry.event('validator.miner_skipped', { miner: hotkey, reason: (error as Error).message })
    return { skipped: (error as Error).message, isLate }
  }
  telemetry.event('validator.miner_failed', { miner: hotkey, error: stackOf(error) })
  const index = commitment?.length === 32 ? Buffer.from(commitment).toString('hex') : null
  return { index, block, snapshots: [], failures: [failure('unreadable', `what the hotkey claims cannot be read (${stackOf(error).split('\n', 1)[0]})`)] }
}

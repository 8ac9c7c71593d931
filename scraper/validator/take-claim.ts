import { hash } from 'node:crypto'
import { readDeletionVector } from '#infra/corpus/deletion-vector.ts'
import { provedFile } from '#infra/corpus/proved-file.ts'
import type { Chain } from '#schemas/chain.ts'
import { timeBucketOf } from '#schemas/data-universe.ts'
import { encodeDeletionVector } from '#schemas/deletion-vector.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Network } from '#schemas/network.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { digestsIn } from '#schemas/row-list.ts'
import { readClaim, type Claim, type ClaimedFile, type Commitment } from './claim.ts'
import { failure, orMissing, type Failure } from './failure.ts'
import type { ListedRows, RowBook } from './row-book/row-book.ts'
import { checkFooter, checkListed, checkObject } from './structure.ts'
import type { TakeTurn } from './take-turn.ts'

/** One miner's operator needs to see what is wrong, not all of it. */
const failuresMax = 20

/** A claim that was read, all of it where there are no failures. */
export interface ReadClaim extends Pick<Claim, 'index' | 'block' | 'snapshots'> {
  failures: readonly Failure[]
}

type Reading = Pick<ObjectStore, 'get' | 'head'>

export interface TakeClaimParams {
  chain: Pick<Chain, 'block'>
  store: Reading
  /** What manifests are read from. */
  claims: Reading
  book: RowBook
  network: Network
  turn: Pick<TakeTurn, 'goOn'>
  signal: AbortSignal
}

/**
 * Takes in what a commitment claims and is not known yet, file by file: each is in for good when it is.
 * @param only the files that are taken in, by their sha256; undefined: all
 * @throws TurnOver; OrreryError `store_unavailable`; the signal's reason
 */
export async function takeClaim(commitment: Commitment, params: TakeClaimParams, only?: ReadonlySet<string>): Promise<ReadClaim> {
  const { hotkey, commitmentBlock: block } = commitment
  const { chain, claims, book, network } = params
  const index = commitment.commitment?.length === 32 ? Buffer.from(commitment.commitment).toString('hex') : null
  const known = await book.taken(hotkey)
  if (known && (known.block > block || (known.block === block && known.index === index)))
    return { index: known.index, block: known.block, snapshots: known.snapshots, failures: [] }
  const committedAt = await timeOf(chain, block)
  const read = await readClaim(commitment, claims, { network, committedAt })
  const claim = only ? { ...read, files: read.files.filter(({ file }) => only.has(file.sha256)) } : read
  const failed = [...claim.failures, ...claim.files.flatMap((file) => checkListed(file, hotkey) ?? [])]
  const failures = failed.length > 0 ? failed.slice(0, failuresMax) : await takeFiles(claim, hotkey, params)
  if (failures.length === 0 && index !== null) await book.take(hotkey, { index, block, committedAt: committedAt ?? 0, snapshots: claim.snapshots })
  return { index, block, snapshots: claim.snapshots, failures }
}

/** By their sha256; none of a claim that is none. @throws OrreryError `store_unavailable`, TurnOver */
export async function filesOf(commitment: Commitment, { chain, claims, network }: TakeClaimParams): Promise<ReadonlySet<string>> {
  const { files } = await readClaim(commitment, claims, { network, committedAt: await timeOf(chain, commitment.commitmentBlock) })
  return new Set(files.map(({ file }) => file.sha256))
}

async function timeOf(chain: TakeClaimParams['chain'], block: number): Promise<number | undefined> {
  try {
    return (await chain.block(block)).timestamp
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'not_found') return undefined
    throw error
  }
}

/** Forgets the files that are claimed no more, before those that are new come: they may hold the same rows. The first that cannot be taken in ends it. */
async function takeFiles({ files, block }: Claim, hotkey: string, params: TakeClaimParams): Promise<Failure[]> {
  const { book, signal, turn } = params
  const claimed = new Map(files.map((file) => [file.file.sha256, file]))
  const [kept, gone] = [new Set<string>(), [] as string[]]
  for (const { sha256, jobId, key, deletes } of await book.files(hotkey)) {
    const now = claimed.get(sha256)
    const isSame = now !== undefined && now.jobId === jobId && now.file.key === key
    turn.goOn()
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
    turn.goOn()
    const missing = await checkObject(file, params.store)
    if (missing) return [missing]
  }
  for (const file of fresh) {
    signal.throwIfAborted()
    turn.goOn()
    const failed = await takeFile(file, hotkey, block, params)
    if (!failed) continue
    // No draw would meet what was taken in of it.
    await book.disown(hotkey)
    return [failed]
  }
  return []
}

async function takeFile(claimed: ClaimedFile, hotkey: string, block: number, params: TakeClaimParams): Promise<Failure | undefined> {
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
async function listOf({ file }: ClaimedFile, store: TakeClaimParams['store']): Promise<Uint8Array | Failure> {
  const named = file.row_list as NonNullable<typeof file.row_list>
  // One byte more would show that it is longer.
  const bytes = await orMissing(store.get(named.key, { start: 0, end: named.bytes + 1 }))
  if (!bytes) return failure('list_missing', `there is no object ${named.key}`)
  if (bytes.length !== named.bytes || hash('sha256', bytes) !== named.sha256)
    return failure('list_malformed', `the bytes of ${named.key} are not those of its snapshot`)
  return bytes
}

async function vectorOf(claimed: ClaimedFile, { store }: Pick<TakeClaimParams, 'store'>): Promise<ListedRows['deletes'] | Failure> {
  if (!claimed.deletes) return null
  try {
    const rows = await orMissing(readDeletionVector(store, claimed))
    return rows ? { sha256: claimed.deletes.sha256, blob: encodeDeletionVector(rows) } : failure('deletes_missing', `there is no object ${claimed.deletes.key}`)
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'invalid_record') return failure('deletes_malformed', error.message)
    throw error
  }
}

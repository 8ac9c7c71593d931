import type { Database } from '#infra/sqlite/database.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Neuron } from '#schemas/chain.ts'

/** A neuron of the metagraph and what the chain keeps of it for itself. */
export interface StoredNeuron extends Neuron {
  registeredAt: number
  /** Block of the last change of the endpoint, 0 = never. */
  servedAt: number
  /** rao of the last epoch: the least paid is the first to lose its uid. */
  pruning: bigint
  /** Oldest first. */
  commits: readonly WeightsCommit[]
}

/** Weights that were committed and are not revealed. */
export interface WeightsCommit {
  /** 0x + 64 hex */
  hash: string
  block: number
}

export interface Genesis {
  genesisMs: number
  /** 0x + 64 hex */
  genesisHash: string
}

export interface ChainHead extends Genesis {
  parameters: Record<string, unknown>
  head: number
  lastEpoch: number
  /** Block in which the metagraph last changed. */
  changedAt: number
  ownerEmission: bigint
}

const neuronColumns = `uid, n.hotkey as hotkey, coldkey, registered_at, permit, last_update, ip, port, served_at, weights, incentive, dividends, emission, pruning, commits,
  coalesce(a.stake, '0') as stake, hex(c.data) as commitment, coalesce(c.block, 0) as commitment_block
  from neurons n left join accounts a on a.address = n.hotkey left join commitments c on c.hotkey = n.hotkey`

/** All neurons, by uid. */
export const readNeurons = (db: Database): StoredNeuron[] => readRows(db).map(neuronOf)

const readRows = (db: Database): NeuronRow[] => db.all<NeuronRow>(`select ${neuronColumns} order by uid`)

export function findNeuron(db: Database, hotkey: string): StoredNeuron | undefined {
  const row = db.get<NeuronRow>(`select ${neuronColumns} where n.hotkey = ?`, hotkey)
  return row && neuronOf(row)
}

export const countNeurons = (db: Database): number => db.get<{ n: number }>('select count(*) as n from neurons')?.n ?? 0

export function readHead(db: Database): ChainHead {
  const row = db.get<HeadRow>('select * from chain')
  if (!row) throw new OrreryError('data_unreadable', 'The chain file has no genesis; remove it, or restore it from a backup.')
  return {
    genesisMs: row.genesis_ms,
    genesisHash: row.genesis_hash,
    parameters: JSON.parse(row.parameters) as Record<string, unknown>,
    head: row.head,
    lastEpoch: row.last_epoch,
    changedAt: row.changed_at,
    ownerEmission: BigInt(row.owner_emission),
  }
}

export function readAccount(db: Database, address: string): { nonce: number; stake: bigint } {
  const row = db.get<{ nonce: number; stake: string }>('select nonce, stake from accounts where address = ?', address)
  return { nonce: row?.nonce ?? 0, stake: BigInt(row?.stake ?? 0) }
}

export const writeCommits = (db: Database, hotkey: string, commits: readonly WeightsCommit[]): void =>
  void db.run('update neurons set commits = ? where hotkey = ?', JSON.stringify(commits.map(({ hash, block }) => [hash, block])), hotkey)

export function writePermits(db: Database, permits: readonly boolean[]): void {
  permits.forEach((permit, uid) => db.run('update neurons set permit = ? where uid = ?', Number(permit), uid))
}

/** So long (in blocks, a day of Bittensor's) calls are kept, and the hashes of blocks can be told. */
export const callBlocks = 7200

/** Blocks before the head at whose end the metagraph is still known. */
export const pastBlocks = 256

/** To be called before the metagraph changes in `block`, in the same transaction: keeps what it was until then. */
export function keepPast(db: Database, block: number): void {
  const { changedAt, lastEpoch } = readHead(db)
  if (changedAt >= block) return
  db.run('insert into past values (?, ?, ?)', changedAt, lastEpoch, JSON.stringify(readRows(db)))
  db.run('delete from past where since < (select max(since) from past where since <= ?)', block - pastBlocks)
  db.run('update chain set changed_at = ?', block)
}

/** The metagraph at the end of a block before the last change; undefined when that is no longer known. */
export function readPast(db: Database, block: number): { lastEpoch: number; neurons: StoredNeuron[] } | undefined {
  const row = db.get<{ last_epoch: number; neurons: string }>('select last_epoch, neurons from past where since <= ? order by since desc limit 1', block)
  return row && { lastEpoch: row.last_epoch, neurons: (JSON.parse(row.neurons) as NeuronRow[]).map(neuronOf) }
}

interface HeadRow {
  genesis_ms: number
  genesis_hash: string
  parameters: string
  head: number
  last_epoch: number
  changed_at: number
  owner_emission: string
}

interface NeuronRow {
  uid: number
  hotkey: string
  coldkey: string
  registered_at: number
  permit: number
  last_update: number
  ip: string | null
  port: number | null
  served_at: number
  weights: string
  incentive: number
  dividends: number
  emission: string
  pruning: string
  /** JSON; absent in what was kept before there were any. */
  commits?: string
  stake: string
  /** Hex, empty: never. */
  commitment: string
  commitment_block: number
}

const neuronOf = (row: NeuronRow): StoredNeuron => ({
  uid: row.uid,
  hotkey: row.hotkey,
  coldkey: row.coldkey,
  registeredAt: row.registered_at,
  validatorPermit: row.permit === 1,
  lastUpdate: row.last_update,
  axon: row.ip === null || row.port === null ? undefined : { ip: row.ip, port: row.port },
  servedAt: row.served_at,
  weights: (JSON.parse(row.weights) as [number, number][]).map(([uid, value]) => ({ uid, value })),
  incentive: row.incentive,
  dividends: row.dividends,
  emission: BigInt(row.emission),
  pruning: BigInt(row.pruning),
  commits: (JSON.parse(row.commits ?? '[]') as [string, number][]).map(([hash, block]) => ({ hash, block })),
  stake: BigInt(row.stake),
  commitment: row.commitment === '' ? undefined : Uint8Array.from(Buffer.from(row.commitment, 'hex')),
  commitmentBlock: row.commitment_block,
})

import { verifyManifest } from '#infra/chain/signed-manifest.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Neuron } from '#schemas/chain.ts'
import { compareText } from '#schemas/compare-text.ts'
import { MinerIndexManifest, type ShardManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { failure, orMissing, type Failure } from './failure.ts'

const manifestKey = (sha256: string): string => `manifests/${sha256}.json`
const indexBytesMax = 16 * 2 ** 20
const shardsMax = 2000
/** While a miner is looked at, a kilobyte of each of its rows is kept in memory. */
const rowsMax = 1_000_000

/** What a miner says it has: the index its commitment points to. */
export interface Claim {
  /** Content address; null when the commitment names none. */
  index: string | null
  /** By key. Empty when the index failed. */
  shards: readonly ShardManifest[]
  failures: readonly Failure[]
}

/**
 * Follows a neuron's commitment (32 bytes of sha256) to its index object and proves that the hotkey signed it.
 * @throws OrreryError `store_unavailable`: our trouble, not the miner's
 */
export async function readClaim(neuron: Neuron, store: ObjectStore): Promise<Claim> {
  const { commitment, hotkey } = neuron
  if (commitment === undefined) return { index: null, shards: [], failures: [failure('no_commitment', 'the hotkey has committed no index')] }
  if (commitment.length !== 32)
    return { index: null, shards: [], failures: [failure('commitment_malformed', `the commitment is ${commitment.length} bytes, not 32 of sha256`)] }
  const index = Buffer.from(commitment).toString('hex')
  const read = await readIndex(index, hotkey, store)
  if ('code' in read) return { index, shards: [], failures: [read] }
  return { index, shards: read.shards.toSorted((a, b) => compareText(a.file.key, b.file.key)), failures: [] }
}

async function readIndex(index: string, hotkey: string, store: ObjectStore): Promise<MinerIndexManifest | Failure> {
  const key = manifestKey(index)
  const found = await orMissing(store.head(key))
  if (!found) return failure('index_missing', `there is no object ${key}`)
  if (found.bytes > indexBytesMax) return failure('index_too_large', `${key} has ${found.bytes} bytes, more than ${indexBytesMax}`)
  const bytes = await orMissing(store.get(key))
  if (!bytes) return failure('index_missing', `there is no object ${key}`)
  if (sha256Hex(bytes) !== index) return failure('index_hash', `the bytes of ${key} are not what was committed`)
  const manifest = parseIndex(bytes)
  if (!manifest) return failure('index_malformed', `${key} is no index manifest`)
  if (manifest.hotkey !== hotkey) return failure('index_hotkey', `${key} is the index of ${manifest.hotkey}`)
  if (!verifyManifest(manifest)) return failure('index_signature', `${key} is not signed by its hotkey`)
  if (manifest.shards.length > shardsMax) return failure('index_too_large', `${key} names ${manifest.shards.length} shards, more than ${shardsMax}`)
  const rows = manifest.shards.reduce((sum, { file }) => sum + file.rows, 0)
  if (rows > rowsMax) return failure('index_too_large', `${key} claims ${rows} rows, more than ${rowsMax}`)
  if (new Set(manifest.shards.map(({ job_id }) => job_id)).size !== manifest.shards.length) return failure('index_jobs', `${key} names two shards of one job`)
  return manifest
}

function parseIndex(bytes: Uint8Array): MinerIndexManifest | undefined {
  try {
    return MinerIndexManifest.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8'))).data
  } catch {
    return undefined
  }
}

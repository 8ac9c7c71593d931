import { createHash } from 'node:crypto'
import { blake2b } from '@noble/hashes/blake2.js'
import type { Signer, WeightsSubmission } from '#schemas/chain.ts'
import type { Network } from '#schemas/network.ts'

const saltWords = 8

/** What is revealed of weights that were committed. */
export interface CommittedWeights extends WeightsSubmission {
  netuid: number
  /** u16 each. */
  salt: readonly number[]
}

/**
 * What `commit_weights` takes: blake2_256(SCALE(AccountId, netuid u16, Vec<u16> uids, Vec<u16> values, Vec<u16> salt, u64 version_key)), 0x + 64 hex
 * (pallets/subtensor/src/subnets/weights.rs, `get_commit_hash`).
 */
export function weightsCommitHash({ publicKey }: Pick<Signer, 'publicKey'>, { netuid, uids, values, salt, versionKey }: CommittedWeights): string {
  const key = Buffer.alloc(8)
  key.writeBigUInt64LE(BigInt(versionKey))
  const encoded = Buffer.concat([publicKey, u16(netuid), list(uids), list(values), list(salt), key])
  return `0x${Buffer.from(blake2b(encoded, { dkLen: 32 })).toString('hex')}`
}

/**
 * The salt of a commitment: nobody guesses it without the secret key, and whoever has that finds it again, also in another process.
 * @param madeAtBlock so that the same weights are not committed by the same hash twice
 */
export function weightsSalt(signer: Signer, { netuid, genesis }: Network, madeAtBlock: number): number[] {
  const secret = signer.sign(Buffer.from(`orrery weights salt\n${genesis}\n${netuid}\n${madeAtBlock}`))
  const bytes = createHash('sha256').update(secret).digest()
  return Array.from({ length: saltWords }, (_, at) => bytes.readUInt16LE(2 * at))
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}

/** SCALE's Vec<u16>. */
const list = (values: readonly number[]): Buffer => Buffer.concat([compact(values.length), ...values.map(u16)])

/** SCALE's Compact of a count below 2³⁰: the low two bits say how many bytes it has. */
function compact(count: number): Buffer {
  if (count < 2 ** 6) return Buffer.of(count << 2)
  if (count < 2 ** 14) return u16((count << 2) | 1)
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(count * 4 + 2)
  return bytes
}

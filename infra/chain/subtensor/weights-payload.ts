import type { Signer, WeightsSubmission } from '#schemas/chain.ts'
import { roundAt } from './timelock.ts'
import { epochStart, firstRevealBlock, type Schedule } from './schedule.ts'

/** Blocks after the reveal epoch began by which the round of drand must be out: it must be stored on the chain by then. */
const securityBlocks = 3
/** Runtimes before the reveal is tried again want the round stored already when its epoch begins: so many rounds earlier. */
const pulseDelayRounds = 24
const roundMs = 3000

/** SCALE's (Bytes hotkey, Vec<u16> uids, Vec<u16> values, u64 version_key); `commit_crv3_weights` goes without the hotkey. */
export function weightsPayload({ uids, values, versionKey }: WeightsSubmission, signer?: Pick<Signer, 'publicKey'>): Uint8Array {
  const key = Buffer.alloc(8)
  key.writeBigUInt64LE(BigInt(versionKey))
  const hotkey = signer ? [compact(signer.publicKey.length), signer.publicKey] : []
  return Buffer.concat([...hotkey, list(uids), list(values), key])
}

/** When weights that are committed in the next block are revealed, and for which round they are to be locked. */
export interface Reveal {
  block: number
  round: number
}

interface Timing {
  schedule: Schedule
  periodEpochs: number
  blockMs: number
  /** Time of the block of `schedule`, ms: drand's clock and the chain's are the same world's, ours may be wrong. */
  atMs: number
}

/** Of `commit_timelocked_weights`, which a reveal epoch tries again block by block (bittensor-drand 2). */
export function timelockedReveal({ schedule, periodEpochs, blockMs, atMs }: Timing): Reveal {
  const block = firstRevealBlock(schedule, periodEpochs)
  return { block, round: roundAt(atMs + (block + securityBlocks - schedule.block) * blockMs) }
}

/** Of `commit_crv3_weights`, which is opened in the first block of its epoch or never (bittensor-commit-reveal 0.4). */
export function crv3Reveal({ schedule, periodEpochs, blockMs, atMs }: Timing): Reveal {
  const leadMs = pulseDelayRounds * roundMs
  for (let epoch = schedule.epoch + periodEpochs; ; epoch++) {
    const block = epochStart(schedule, epoch)
    const aheadMs = (block - schedule.block) * blockMs
    if (aheadMs >= leadMs) return { block, round: roundAt(atMs + aheadMs + roundMs - 1) - pulseDelayRounds }
  }
}

/** SCALE's Vec<u16>. */
function list(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length)
  for (const [at, value] of values.entries()) bytes.writeUInt16LE(value, 2 * at)
  return Buffer.concat([compact(values.length), bytes])
}

/** SCALE's Compact below 2³⁰. */
function compact(count: number): Buffer {
  if (count < 64) return Buffer.of(count << 2)
  const bytes = Buffer.alloc(count < 16_384 ? 2 : 4)
  if (count < 16_384) bytes.writeUInt16LE((count << 2) | 1)
  else bytes.writeUInt32LE(count * 4 + 2)
  return bytes
}

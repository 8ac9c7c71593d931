import type { Codec } from '@polkadot/types/types'
import type { PendingWeights } from '#schemas/chain.ts'
import { addressOf } from '../ss58.ts'
import type { RuntimeAt } from './runtime-at.ts'
import { epochStart, type Schedule } from './schedule.ts'

/** Where runtimes keep timelocked weights, the newest first: (netuid, epoch) → list of (hotkey, block, text, round); the oldest without the block. */
const queues = ['timelockedWeightCommits', 'crv3WeightCommitsV2', 'crv3WeightCommits'] as const
const keyBytes = 32
const epochBytes = 8

/** A commitment by hash, which its signer reveals. */
export interface HashedWeights {
  /** 0x + 64 hex */
  hash: string
  block: number
  firstRevealBlock: number
  lastRevealBlock: number
}

interface Subnet {
  netuid: number
  schedule: Schedule
  periodEpochs: number
}

/** Everything that is committed and not revealed, of both kinds, oldest first. */
export async function pendingWeights(runtime: RuntimeAt, { netuid, schedule, periodEpochs }: Subnet): Promise<PendingWeights[]> {
  const found: PendingWeights[] = []
  for (const queue of queues)
    for (const { key, decode } of await runtime.entries('subtensorModule', queue, netuid)) {
      const epoch = Number(Buffer.from(key).readBigUInt64LE(key.length - epochBytes))
      for (const [who, ...rest] of tuples(decode)) {
        // Without the block of its own it is known to be of its epoch.
        const block = rest.length > 2 ? Number(rest[0]) : schedule.block
        found.push({ hotkey: addressOf(who.toU8a()), block, dueBlock: epochStart(schedule, epoch + periodEpochs) })
      }
    }
  for (const { key, decode } of await runtime.entries('subtensorModule', 'weightCommits', netuid))
    for (const { block, firstRevealBlock } of hashedOf(decode))
      found.push({ hotkey: addressOf(key.subarray(key.length - keyBytes)), block, dueBlock: firstRevealBlock })
  return found.toSorted((a, b) => a.block - b.block)
}

/** What this hotkey committed by hash. */
export async function hashedWeights(runtime: RuntimeAt, netuid: number, hotkey: string): Promise<HashedWeights[]> {
  const found = await runtime.value('subtensorModule', 'weightCommits', netuid, hotkey)
  return found ? hashedOf(() => found) : []
}

const hashedOf = (decode: () => Codec): HashedWeights[] =>
  tuples(decode).map(([hash, block, first, last]) => ({
    hash: hash.toHex(),
    block: Number(block),
    firstRevealBlock: Number(first),
    lastRevealBlock: Number(last),
  }))

type Row = [Codec, ...Codec[]]

/** A list of tuples; bytes that are none are no list. */
function tuples(decode: () => Codec): Row[] {
  try {
    return [...(decode() as unknown as Iterable<Row>)].map((row) => [...row] as Row)
  } catch {
    return []
  }
}

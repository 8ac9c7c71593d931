import type { Hyperparameters, Metagraph, Neuron, Weight } from '#schemas/chain.ts'
import { OrreryError } from '#schemas/errors.ts'
import { addressOf } from '../ss58.ts'
import { readCommitments } from './commitments.ts'
import { ipText } from './ip-number.ts'
import { pendingWeights } from './pending-weights.ts'
import type { RuntimeAt } from './runtime-at.ts'
import { readSchedule } from './read-schedule.ts'

/** What a subnet is at one block. */
export interface SubnetState {
  metagraph: Metagraph
  hyperparameters: Hyperparameters
}

/** What we read of the runtime's `Metagraph`; the metadata says how it lies in the bytes. */
interface RuntimeMetagraph {
  hotkeys: Iterable<Key>
  coldkeys: Iterable<Key>
  axons: Iterable<{ ip: Num; port: Num; ipType: Num }>
  validatorPermit: Iterable<{ isTrue: boolean }>
  lastUpdate: Iterable<Num>
  emission: Iterable<Num>
  dividends: Iterable<Num>
  incentives: Iterable<Num>
  totalStake: Iterable<Num>
  lastStep: Num
  tempo: Num
  minAllowedWeights: Num
  maxWeightsLimit: Num
  weightsVersion: Num
  weightsRateLimit: Num
  activityCutoff: Num
  maxUids: Num
  immunityPeriod: Num
  commitRevealWeightsEnabled: { isTrue: boolean }
  commitRevealPeriod: Num
}
interface Num {
  toString(): string
}
interface Key {
  toU8a(): Uint8Array
}

/** @throws OrreryError `chain_refused` (SubNetworkDoesNotExist), `not_found` for a state that is not known any more, `upstream_failed` for a runtime that lacks what is read */
export async function readSubnet(runtime: RuntimeAt, netuid: number, block: number): Promise<SubnetState> {
  const [answer, weights, schedule] = await Promise.all([
    runtime.call('SubnetInfoRuntimeApi', 'get_metagraph', netuid),
    readWeights(runtime, netuid),
    readSchedule(runtime, netuid, block),
  ])
  const graph = some(answer, netuid)
  const hotkeys = Array.from(graph.hotkeys, (key) => key.toU8a())
  const [commitments, pending] = await Promise.all([
    readCommitments(runtime, netuid, hotkeys),
    pendingWeights(runtime, { netuid, schedule, periodEpochs: periodOf(graph) }),
  ])
  return {
    hyperparameters: hyperparametersOf(graph),
    metagraph: { netuid, block, lastEpochBlock: Number(graph.lastStep), neurons: neuronsOf(graph, commitments, weights), pendingWeights: pending },
  }
}

/** The answer is an Option: no such subnet is None. */
function some(answer: unknown, netuid: number): RuntimeMetagraph {
  if (answer === undefined)
    throw new OrreryError('upstream_failed', 'The runtime of this chain has no SubnetInfoRuntimeApi.get_metagraph: it is no Subtensor, or older than spec 219.')
  const option = answer as { isNone?: boolean; unwrap?: () => RuntimeMetagraph }
  if (option.isNone)
    throw new OrreryError('chain_refused', `There is no subnet ${netuid} on this chain (SubNetworkDoesNotExist); check chain.netuid.`, {
      reason: 'SubNetworkDoesNotExist',
      netuid,
    })
  return option.unwrap?.() ?? (answer as RuntimeMetagraph)
}

const periodOf = ({ commitRevealPeriod }: RuntimeMetagraph): number => Math.max(1, Number(commitRevealPeriod))

const hyperparametersOf = (graph: RuntimeMetagraph): Hyperparameters => ({
  tempoBlocks: Number(graph.tempo),
  weightsRateLimitBlocks: Number(graph.weightsRateLimit),
  minAllowedWeights: Number(graph.minAllowedWeights),
  maxWeightLimit: Number(graph.maxWeightsLimit),
  versionKey: Number(graph.weightsVersion),
  commitReveal: graph.commitRevealWeightsEnabled.isTrue ? { periodEpochs: periodOf(graph) } : undefined,
  activityCutoffBlocks: Number(graph.activityCutoff),
  maxUids: Number(graph.maxUids),
  immunityBlocks: Number(graph.immunityPeriod),
})

function neuronsOf(
  graph: RuntimeMetagraph,
  commitments: Awaited<ReturnType<typeof readCommitments>>,
  weights: ReadonlyMap<number, readonly Weight[]>,
): Neuron[] {
  const coldkeys = Array.from(graph.coldkeys, (key) => addressOf(key.toU8a()))
  const permits = Array.from(graph.validatorPermit, ({ isTrue }) => isTrue)
  const stakes = Array.from(graph.totalStake, (rao) => BigInt(rao.toString()))
  const emissions = Array.from(graph.emission, (rao) => BigInt(rao.toString()))
  const [updates, incentives, dividends] = [numbers(graph.lastUpdate), numbers(graph.incentives), numbers(graph.dividends)]
  const axons = [...graph.axons]
  return Array.from(graph.hotkeys, (key, uid) => {
    const hotkey = addressOf(key.toU8a())
    const commitment = commitments.get(hotkey)
    return {
      uid,
      hotkey,
      coldkey: coldkeys[uid] ?? '',
      stake: stakes[uid] ?? 0n,
      validatorPermit: permits[uid] ?? false,
      lastUpdate: updates[uid] ?? 0,
      axon: axonOf(axons[uid]),
      commitment: commitment?.data,
      commitmentBlock: commitment?.block ?? 0,
      weights: weights.get(uid) ?? [],
      incentive: incentives[uid] ?? 0,
      dividends: dividends[uid] ?? 0,
      emission: emissions[uid] ?? 0n,
    }
  })
}

const numbers = (list: Iterable<Num>): number[] => Array.from(list, Number)

/** An address is a number of 128 bits; 0 or port 0 = none. */
function axonOf(axon: { ip: Num; port: Num; ipType: Num } | undefined): Neuron['axon'] {
  const ip = BigInt(axon?.ip.toString() ?? 0)
  const port = Number(axon?.port ?? 0)
  if (ip === 0n || port === 0) return undefined
  return { ip: ipText(ip, Number(axon?.ipType)), port }
}

/** SCALE's Vec<(u16, u16)> by hand: a full subnet has 65,000 of these pairs, and as objects of polkadot-js they stop the loop. */
async function readWeights(runtime: RuntimeAt, netuid: number): Promise<Map<number, Weight[]>> {
  const rows = new Map<number, Weight[]>()
  for (const { key, bytes } of await runtime.entries('subtensorModule', 'weights', netuid)) {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const headBytes = [1, 2, 4, 0][(view[0] ?? 3) & 3] ?? 0
    if (headBytes === 0 || (view.length - headBytes) % 4 !== 0) continue
    const row: Weight[] = []
    for (let at = headBytes; at < view.length; at += 4) row.push({ uid: view.readUInt16LE(at), value: view.readUInt16LE(at + 2) })
    // The last two bytes of the key are the uid, not hashed.
    rows.set(Buffer.from(key).readUInt16LE(key.length - 2), row)
  }
  return rows
}

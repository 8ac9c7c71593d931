import type { Block, IntendedWeights, Neuron, Signer, SubmittedWeights, WeightsSubmission } from '#schemas/chain.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Network } from '#schemas/network.ts'
import { weightsCommitHash, weightsSalt } from '../weights-commit.ts'
import { upscaleToU16 } from '../weights.ts'
import { hashedWeights } from './pending-weights.ts'
import { readSchedule, type scheduleNow } from './read-schedule.ts'
import { refusedFor } from './refused.ts'
import type { RuntimeAt } from './runtime-at.ts'
import { firstRevealBlock } from './schedule.ts'
import type { SubnetState } from './subnet-state.ts'
import { callBlocksMax, type Submitter } from './submit.ts'
import { timelocked } from './timelocked.ts'
import { crv3Reveal, timelockedReveal, weightsPayload } from './weights-payload.ts'

/** The version of commit–reveal that both the chain and the SDK speak (DEFAULT_COMMIT_REVEAL_VERSION). */
const commitRevealVersion = 4
/** The first mechanism of a subnet, whose weights are those of the subnet. */
const firstMechanism = 0

/** Where weights are handed in and looked for: the newest final block with its state. */
export interface WeightsScene {
  network: Network
  head: Block
  blockMs: number
  runtime: RuntimeAt
  state: SubnetState
  submitter: Submitter
}

/** Where the epochs stand at the best block, and its time, ms; and who is told before anything is sent. */
type Now = Awaited<ReturnType<typeof scheduleNow>> & { intend: ((intended: IntendedWeights) => Promise<void>) | undefined }

const pallet = 'subtensorModule'

/** The best way that the metadata offers for a subnet where weights are committed first. */
const ways = [
  { call: 'commitTimelockedMechanismWeights', name: 'commit_timelocked_mechanism_weights' },
  { call: 'commitTimelockedWeights', name: 'commit_timelocked_weights' },
  { call: 'commitCrv3Weights', name: 'commit_crv3_weights' },
  { call: 'commitWeights', name: 'commit_weights' },
] as const

export async function submitWeights(
  signer: Signer,
  submission: WeightsSubmission,
  scene: WeightsScene,
  { schedule, atMs, intend }: Now,
): Promise<SubmittedWeights> {
  requireU16(submission)
  const { network, head, submitter, state, runtime } = scene
  const { netuid } = network
  const { uids, values, versionKey } = submission
  const told = async (way: IntendedWeights['way']): Promise<IntendedWeights> => {
    const intended = { uids: [...uids], values: [...values], versionKey, madeAtBlock: head.number, way }
    await intend?.(intended)
    return intended
  }
  const { commitReveal } = state.hyperparameters
  if (!commitReveal) {
    const kept = await told('plain')
    const block = await submitter.submit(signer, 'set_weights', { pallet, name: 'setWeights', args: [netuid, [...uids], [...values], versionKey] })
    return { ...kept, block, dueBlock: block }
  }
  const way = ways.find(({ call }) => runtime.runtime.is.tx[pallet]?.[call])
  if (!way) throw refusedFor('commit_weights', 'CallNotOffered', 'the runtime of this chain has no such call')
  const { periodEpochs } = commitReveal
  // Known when it is in: it may have waited until the next epoch.
  const dueAfter = (block: number) => firstRevealBlock({ ...schedule, block: block - 1 }, periodEpochs)
  if (way.call === 'commitWeights') {
    const kept = await told('commit_reveal')
    const block = await submitter.submit(signer, way.name, { pallet, name: way.call, args: [netuid, hashOf(signer, kept, network)] })
    return { ...kept, block, dueBlock: dueAfter(block) }
  }
  const isCrv3 = way.call === 'commitCrv3Weights'
  const timing = { schedule, periodEpochs, blockMs: scene.blockMs, atMs }
  const reveal = isCrv3 ? crv3Reveal(timing) : timelockedReveal(timing)
  const sealed = `0x${Buffer.from(await timelocked(weightsPayload(submission, isCrv3 ? undefined : signer), reveal.round)).toString('hex')}`
  const mechanism = way.call === 'commitTimelockedMechanismWeights' ? [firstMechanism] : []
  const version = isCrv3 ? [] : [commitRevealVersion]
  const kept = await told('timelocked')
  const block = await submitter.submit(signer, way.name, { pallet, name: way.call, args: [netuid, ...mechanism, sealed, reveal.round, ...version] })
  return { ...kept, block, dueBlock: Math.max(reveal.block, dueAfter(block)) }
}

function hashOf(signer: Signer, { uids, values, versionKey, madeAtBlock }: IntendedWeights, network: Network): string {
  return weightsCommitHash(signer, { netuid: network.netuid, uids, values, versionKey, salt: weightsSalt(signer, network, madeAtBlock) })
}

/**
 * `Chain.confirmWeights`: what stands in the queue is pending in its time and missing after it, what stands in neither queue nor weights is missing. What was intended
 * is looked for in the blocks that a call of that time could come into; until they are over it is pending.
 */
export async function confirmWeights(signer: Signer, submitted: SubmittedWeights | IntendedWeights, scene: WeightsScene): Promise<Standing> {
  const { head, state } = scene
  const neuron = state.metagraph.neurons.find(({ hotkey }) => hotkey === signer.address)
  const mayComeIn = head.number <= ('block' in submitted ? submitted.block - 1 : submitted.madeAtBlock + callBlocksMax)
  const isSet = (): Standing => (mayComeIn ? 'pending' : neuron && stands(neuron, submitted) ? 'set' : 'missing')
  if (submitted.way === 'plain') return isSet()
  if (submitted.way === 'commit_reveal') return await reveal(signer, submitted, scene, isSet)
  return 'block' in submitted ? await queued(signer, submitted, scene, isSet) : await queuedSince(signer, submitted, scene, isSet)
}

type Standing = 'set' | 'pending' | 'missing'

async function queued(signer: Signer, submitted: SubmittedWeights, scene: WeightsScene, isSet: () => Standing): Promise<Standing> {
  const { head, state, network } = scene
  const { pendingWeights } = state.metagraph
  const waits = pendingWeights.some(({ hotkey, block }) => hotkey === signer.address && block === submitted.block)
  if (!waits) {
    // A queue that keeps no blocks of its own cannot say which commitment it is that waits.
    const mayWait = head.number < submitted.dueBlock && pendingWeights.some(({ hotkey }) => hotkey === signer.address)
    return mayWait ? 'pending' : isSet()
  }
  const { tempoBlocks } = await readSchedule(scene.runtime, network.netuid, head.number)
  return head.number < submitted.dueBlock + tempoBlocks ? 'pending' : 'missing'
}

/** Of a call whose answer nobody had: the chain reveals what came in by itself. */
async function queuedSince(signer: Signer, { madeAtBlock }: IntendedWeights, scene: WeightsScene, isSet: () => Standing): Promise<Standing> {
  const { head, state, network } = scene
  const isOfIt = (block: number): boolean => block > madeAtBlock && block <= madeAtBlock + callBlocksMax
  const waiting = state.metagraph.pendingWeights.find(({ hotkey, block }) => hotkey === signer.address && isOfIt(block))
  if (!waiting) return isSet()
  const { tempoBlocks } = await readSchedule(scene.runtime, network.netuid, head.number)
  return head.number < waiting.dueBlock + tempoBlocks ? 'pending' : 'missing'
}

async function reveal(signer: Signer, submitted: IntendedWeights, { network, runtime, head, submitter }: WeightsScene, isSet: () => Standing) {
  const { uids, values, versionKey } = submitted
  const hash = hashOf(signer, submitted, network)
  const found = (await hashedWeights(runtime, network.netuid, signer.address)).find((commitment) => commitment.hash === hash)
  if (!found) return isSet()
  if (head.number < found.firstRevealBlock) return 'pending'
  if (head.number > found.lastRevealBlock) return 'missing'
  const salt = weightsSalt(signer, network, submitted.madeAtBlock)
  try {
    await submitter.submit(signer, 'reveal_weights', { pallet, name: 'revealWeights', args: [network.netuid, [...uids], [...values], salt, versionKey] })
    return 'set'
  } catch (error) {
    if (!(error instanceof OrreryError && error.code === 'chain_refused')) throw error
    const reason = error.details['reason']
    // Whatever else it is refused for, a permit that is gone, may be otherwise at a later block of its time.
    return reason === 'ExpiredWeightCommit' || reason === 'NoWeightsCommitFound' ? 'missing' : 'pending'
  }
}

/** Whether these weights stand, as the chain scales them; a unit of rounding is none of theirs. */
function stands({ weights }: Neuron, { uids, values }: WeightsSubmission): boolean {
  const stored = upscaleToU16(values)
  const wanted = new Map(uids.map((uid, at) => [uid, stored[at] ?? 0]))
  const found = new Map(weights.map(({ uid, value }) => [uid, value]))
  return [...new Set([...wanted.keys(), ...found.keys()])].every((uid) => Math.abs((wanted.get(uid) ?? 0) - (found.get(uid) ?? 0)) <= 1)
}

function requireU16({ uids, values, versionKey }: WeightsSubmission): void {
  const bad = [...uids, ...values].find((value) => !Number.isInteger(value) || value < 0 || value > 65_535)
  if (bad !== undefined) throw new OrreryError('invalid_argument', `${bad} cannot be sent to a chain as a uid or a weight: they are u16.`, { value: bad })
  if (!Number.isSafeInteger(versionKey) || versionKey < 0)
    throw new OrreryError('invalid_argument', `${versionKey} cannot be sent to a chain as a version key: it is u64.`, { versionKey })
}

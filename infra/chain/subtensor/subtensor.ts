import type { Chain, Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { isAddress } from '../ss58.ts'
import { chainBlocks } from './blocks.ts'
import { ipNumber } from './ip-number.ts'
import type { Node } from './node.ts'
import { connectNodes } from './nodes.ts'
import { refusedFor } from './refused.ts'
import { scheduleNow } from './read-schedule.ts'
import { runtimeAt } from './runtime-at.ts'
import { readSubnet, type SubnetState } from './subnet-state.ts'
import { submitter } from './submit.ts'
import { confirmWeights, submitWeights, type WeightsScene } from './weights.ts'

export interface SubtensorChainOptions {
  netuid: number
  /** ws: or wss: URLs of nodes of one chain, in the order they are tried. */
  endpoints: readonly string[]
  /** Paces deadlines and liveness. */
  clock: Clock
  /** Deadline of one question to a node; a call waits for its block besides. */
  callMs?: number
  /** A node whose height stands still so long is left for the next. */
  stallMs?: number
}

const callMsDefault = 30_000
/** Ten blocks. */
const stallMsDefault = 120_000
/** States kept: what one cycle asks for again and again. A full subnet is some MB. */
const statesMax = 8
const commitmentBytesMax = 128
/** What the SDK serves with: nobody reads it any more. */
const axonVersion = 1
const axonProtocol = 4

/**
 * A subnet of a Subtensor chain, through the nodes of `endpoints`. Nothing is connected to before the first call.
 * Final blocks alone count, which are two or three behind the best: no hash that it gave goes away. A call resolves when its block is final.
 * @throws OrreryError as `Chain` says
 */
export function subtensorChain(options: SubtensorChainOptions): Chain & AsyncDisposable {
  const { netuid, endpoints, clock, callMs = callMsDefault, stallMs = stallMsDefault } = options
  const nodes = connectNodes({ endpoints, clock, callMs, stallMs })
  const blocks = chainBlocks(nodes, clock)
  const calls = submitter({ nodes, clock, callMs })
  const closed = new AbortController()
  const states = new Map<string, Promise<SubnetState>>()

  /** Of one block, read once; concurrent callers share it. */
  const stateAt = (node: Node, number: number, hash: string): Promise<SubnetState> => {
    const known = states.get(hash)
    if (known) return known
    const state = runtimeAt(node, hash).then((runtime) => readSubnet(runtime, netuid, number))
    states.set(hash, state)
    state.catch(() => states.delete(hash))
    if (states.size > statesMax) for (const oldest of states.keys()) if (states.delete(oldest)) break
    return state
  }

  const stateOf = (block?: number) =>
    nodes.ask(`subnet ${netuid} at ${block === undefined ? 'its head' : `block ${block}`}`, async (node) => {
      const head = node.head()
      if (block === undefined || block === head.number) return await stateAt(node, head.number, head.hash)
      const { number, hash } = await blocks.at(block)
      return await stateAt(node, number, hash)
    })

  const scene = async (node: Node): Promise<WeightsScene> => {
    const head = await blocks.at()
    const runtime = await runtimeAt(node, head.hash)
    const state = await stateAt(node, head.number, head.hash)
    return { network: { netuid, genesis: node.genesis }, head, blockMs: node.blockMs, runtime, state, submitter: calls }
  }

  const neuronOf = async (hotkey: string) => (await stateOf()).metagraph.neurons.find((neuron) => neuron.hotkey === hotkey)

  return {
    block: (number) => blocks.at(number),
    metagraph: async (block) => (await stateOf(block)).metagraph,
    hyperparameters: async () => (await stateOf()).hyperparameters,
    async register(signer, coldkey) {
      if (!isAddress(coldkey)) throw new OrreryError('invalid_argument', `The coldkey "${coldkey}" is no SS58 address with prefix 42.`, { coldkey })
      const known = await neuronOf(signer.address)
      if (known) return known.uid
      if (coldkey !== signer.address) throw mustBeRegistered(netuid, signer)
      await burnedRegister(signer)
      const neuron = await neuronOf(signer.address)
      if (!neuron) throw refusedFor('burned_register', 'HotKeyNotRegisteredInSubNet')
      return neuron.uid
    },
    async serve(signer, { ip, port }) {
      if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new OrreryError('invalid_argument', `${port} is no port.`, { port })
      const { ip: address, ipType } = ipNumber(ip)
      const { axon } = (await neuronOf(signer.address)) ?? {}
      if (axon && ipNumber(axon.ip).ip === address && axon.port === port) return
      await calls.submit(signer, 'serve_axon', {
        pallet: 'subtensorModule',
        name: 'serveAxon',
        args: [netuid, axonVersion, address, port, ipType, axonProtocol, 0, 0],
      })
    },
    async submitWeights(signer, submission, intend) {
      const [at, now] = await nodes.ask(`subnet ${netuid}`, (node) => Promise.all([scene(node), scheduleNow(node, netuid)]))
      return await submitWeights(signer, submission, at, { ...now, intend })
    },
    confirmWeights: async (signer, submitted) => await confirmWeights(signer, submitted, await nodes.ask(`subnet ${netuid}`, scene)),
    async commit(signer, data) {
      if (data.length < 1 || data.length > commitmentBytesMax)
        throw new OrreryError('invalid_argument', `A commitment has 1 to ${commitmentBytesMax} bytes, not ${data.length}.`, { bytes: data.length })
      const field = { [`Raw${data.length}`]: `0x${Buffer.from(data).toString('hex')}` }
      await calls.submit(signer, 'set_commitment', { pallet: 'commitments', name: 'setCommitment', args: [netuid, { fields: [field] }] })
    },
    onBlock: (signal) => blocks.follow(AbortSignal.any([signal, closed.signal])),
    async [Symbol.asyncDispose]() {
      closed.abort()
      await nodes[Symbol.asyncDispose]()
    },
  }

  /** Another process may have registered the hotkey in between. */
  async function burnedRegister(signer: Signer): Promise<void> {
    try {
      await calls.submit(signer, 'burned_register', { pallet: 'subtensorModule', name: 'burnedRegister', args: [netuid, signer.address] })
    } catch (error) {
      if (!(error instanceof OrreryError && error.details['reason'] === 'HotKeyAlreadyRegisteredInSubNet')) throw error
    }
  }
}

/** Registration is paid, and by the coldkey, which no node of ours holds. */
const mustBeRegistered = (netuid: number, { address }: Signer): OrreryError =>
  new OrreryError(
    'chain_refused',
    `The hotkey ${address} is not registered on subnet ${netuid} (HotKeyNotRegisteredInSubNet). Registration is paid by the coldkey, which is not kept here: run \`btcli subnets register --netuid ${netuid}\` with its wallet.`,
    { reason: 'HotKeyNotRegisteredInSubNet', netuid },
  )

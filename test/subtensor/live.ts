import { createHash, randomUUID } from 'node:crypto'
import { Keyring } from '@polkadot/api'
import { madeKey } from '#infra/chain/key-file.ts'
import { connectNodes, type Nodes } from '#infra/chain/subtensor/nodes.ts'
import { runtimeAt } from '#infra/chain/subtensor/runtime-at.ts'
import { runtimeOf, type Runtime } from '#infra/chain/subtensor/runtime.ts'
import { encodeCall, type Call } from '#infra/chain/subtensor/signed-call.ts'
import { submitter } from '#infra/chain/subtensor/submit.ts'
import { subtensorChain } from '#infra/chain/subtensor/subtensor.ts'
import { systemClock } from '#infra/clock.ts'
import type { Chain, Signer } from '#schemas/chain.ts'
import type { ChainWorld } from '../conformance/chain.ts'
import { withoutOwner } from './without-owner.ts'

const tao = 1_000_000_000n
const weightsRateLimitBlocks = 20
const subnetsMax = 4096
const times = { clock: systemClock(), callMs: 60_000, stallMs: 120_000 }

/** The key of SUBTENSOR_SURI: a phrase, a seed or `//Alice`. */
export function signerOf(suri: string): Signer {
  const pair = new Keyring({ type: 'sr25519', ss58Format: 42 }).addFromUri(suri)
  return { address: pair.address, publicKey: pair.publicKey, sign: (message) => pair.sign(message) }
}

/** What is free to set for all subnets, so that a subnet can be made at once. */
export const networkCalls: readonly Call[] = [
  { pallet: 'adminUtils', name: 'sudoSetNetworkRateLimit', args: [0] },
  { pallet: 'adminUtils', name: 'sudoSetStakeThreshold', args: [tao.toString()] },
  { pallet: 'adminUtils', name: 'sudoSetAdminFreezeWindow', args: [0] },
  { pallet: 'adminUtils', name: 'sudoSetTxRateLimit', args: [0] },
]

/** What makes a subnet as the suite wants it: weights in plain, epochs soon, many registrations. */
export const subnetCalls = (netuid: number): Call[] =>
  (
    [
      ['sudoSetNetworkRegistrationAllowed', true],
      ['sudoSetSubtokenEnabled', true],
      ['sudoSetCommitRevealWeightsEnabled', false],
      ['sudoSetTempo', 5],
      ['sudoSetWeightsSetRateLimit', weightsRateLimitBlocks],
      ['sudoSetServingRateLimit', 50],
      ['sudoSetWeightsVersionKey', 0],
      ['sudoSetMinAllowedWeights', 1],
      ['sudoSetMaxAllowedValidators', 64],
      ['sudoSetTargetRegistrationsPerInterval', 100],
      ['sudoSetMaxRegistrationsPerBlock', 100],
      ['sudoSetMinBurn', 500_000],
    ] as const
  ).map(([name, value]) => ({ pallet: 'adminUtils', name, args: [netuid, value] }))

/** By sudo, all that this runtime offers; one that fails there does not stop the others. */
export function bySudo(runtime: Runtime, calls: readonly Call[]): Call {
  const offered = calls.filter(({ pallet, name }) => runtime.is.tx[pallet]?.[name]).map((call) => encodeCall(runtime, call))
  return { pallet: 'sudo', name: 'sudo', args: [encodeCall(runtime, { pallet: 'utility', name: 'forceBatch', args: [offered] })] }
}

/** Whether this key may set what it likes on that node's chain. */
export async function isSudo(url: string, { address }: Signer): Promise<boolean> {
  await using nodes = connectNodes({ endpoints: [url], ...times })
  return (await read(nodes, 'sudo', 'key')) === address
}

async function read(nodes: Nodes, pallet: string, item: string, ...keys: unknown[]): Promise<string | undefined> {
  return await nodes.ask(`${pallet}.${item}`, async (node) => (await (await runtimeAt(node, node.head().hash)).value(pallet, item, ...keys))?.toString())
}

/** A subnet of its own on a live chain, made and paid for by its sudo key. */
export async function liveWorld(url: string, root: Signer): Promise<ChainWorld> {
  const stack = new AsyncDisposableStack()
  const nodes = stack.use(connectNodes({ endpoints: [url], ...times }))
  const calls = submitter({ nodes, ...times })
  const send = (signer: Signer, call: Call) => calls.submit(signer, call.name, call)
  const sudo = async (list: readonly Call[]) => await send(root, bySudo(await runtimeOf(await nodes.live()), list))
  const world = randomUUID()
  const keyOf = (name: string) => madeKey(createHash('sha256').update(`${world} ${name}`).digest()).signer

  await sudo(networkCalls)
  const owner = keyOf('owner of the subnet').address
  await send(root, { pallet: 'subtensorModule', name: 'registerNetwork', args: [owner] })
  const netuid = await subnetOf(nodes, owner)
  await sudo(subnetCalls(netuid))

  const open = () => stack.use(subtensorChain({ netuid, endpoints: [url], ...times }))
  const [inner, second] = [open(), open()]
  const endowed = new Set<string>()
  const wrapped = (chain: Chain) => withoutOwner(chain, (signer, coldkey) => join(chain, signer, coldkey))

  /** Registers with money for it, and for stake, and waits for the permit that follows. */
  async function join(chain: Chain, signer: Signer, coldkey: string): Promise<number> {
    if (coldkey === signer.address) await send(root, { pallet: 'balances', name: 'transferKeepAlive', args: [signer.address, (10_000n * tao).toString()] })
    const uid = await chain.register(signer, coldkey)
    if (endowed.delete(signer.address)) {
      await send(signer, { pallet: 'subtensorModule', name: 'addStake', args: [signer.address, netuid, (1000n * tao).toString()] })
      while (!(await chain.metagraph()).neurons[uid]?.validatorPermit) await pass(1)
    }
    return uid
  }

  async function pass(blocks: number): Promise<void> {
    const until = (await inner.block()).number + blocks
    for (const chain of [inner, second]) while ((await chain.block()).number < until) await times.clock.sleep(50)
  }

  return {
    chain: wrapped(inner),
    other: wrapped(second),
    weightsRateLimitBlocks,
    hotkey: (name) => ({ signer: keyOf(name), coldkey: keyOf(name).address }),
    endow: async ({ address }) => void endowed.add(address),
    pass,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function subnetOf(nodes: Nodes, owner: string): Promise<number> {
  for (let netuid = 1; netuid < subnetsMax; netuid++) if ((await read(nodes, 'subtensorModule', 'keys', netuid, 0)) === owner) return netuid
  throw new Error(`no subnet of ${owner}`)
}

import { createHash } from 'node:crypto'
import { madeKey } from '#infra/chain/key-file.ts'
import { subtensorChain, type SubtensorChainOptions } from '#infra/chain/subtensor/subtensor.ts'
import { systemClock } from '#infra/clock.ts'
import type { Chain, Signer } from '#schemas/chain.ts'
import { material, metadataV15, type LaterRuntime } from './metadata.ts'
import { newSubnet, subtensorPallets, type Subnet } from './subtensor-pallets.ts'
import { openSubstrateNode, type SubstrateNode, type SubstrateNodeOptions } from './substrate-node.ts'

export const netuid = 13

/** A hotkey that is its own coldkey, so that it may register itself. */
export const hotkeyOf = (name: string): Signer => madeKey(createHash('sha256').update(name).digest()).signer

const known = new Map<string, `0x${string}`>()

function metadataOf(later: LaterRuntime): `0x${string}` {
  const name = JSON.stringify(later)
  const hex = known.get(name) ?? metadataV15(material!, later)
  known.set(name, hex)
  return hex
}

export interface SubtensorScene extends AsyncDisposable {
  node: SubstrateNode
  subnet: Subnet
  /** Another connection. */
  open(options?: Partial<SubtensorChainOptions>): Chain & AsyncDisposable
  chain: Chain
  /** Makes blocks, and waits until the chain has heard of them. */
  pass(blocks: number, other?: Chain): Promise<void>
}

/** A node with one subnet and a chain that asks it. Needs `material`. */
export async function subtensorScene(later: LaterRuntime = {}, options: Partial<SubstrateNodeOptions> = {}): Promise<SubtensorScene> {
  const stack = new AsyncDisposableStack()
  const subnet = newSubnet(netuid)
  const node = stack.use(await openSubstrateNode({ material: material!, metadata: metadataOf(later), pallets: subtensorPallets(subnet), ...options }))
  const open = (more: Partial<SubtensorChainOptions> = {}) =>
    stack.use(subtensorChain({ netuid, endpoints: [node.url], clock: systemClock(), callMs: 20_000, ...more }))
  const chain = open()
  node.advance(1)
  return {
    node,
    subnet,
    open,
    chain,
    async pass(blocks, other) {
      node.advance(blocks)
      // One that is not connected yet hears of the newest block first.
      for (const each of other && node.clients() > 1 ? [chain, other] : [chain])
        while ((await each.block()).number < node.head()) await new Promise((resolve) => setTimeout(resolve, 5))
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

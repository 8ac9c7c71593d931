import type { Chain } from '#schemas/chain.ts'
import type { Network } from '#schemas/network.ts'

/** @throws OrreryError as the chain does */
export async function networkOf(chain: Pick<Chain, 'block' | 'metagraph'>): Promise<Network> {
  const [{ hash }, { netuid }] = await Promise.all([chain.block(0), chain.metagraph()])
  return { netuid, genesis: hash }
}

export const isSameNetwork = (a: Network, b: Network): boolean => a.netuid === b.netuid && a.genesis === b.genesis

import type { EpochOutcome } from './epoch.ts'

/** One alpha a block, as every Bittensor subnet emits before its first halving. */
const raoPerBlock = 1_000_000_000n

export interface Payout {
  /** rao by uid */
  neurons: bigint[]
  /** The owner's 18 % and what no neuron could be paid. */
  owner: bigint
}

/**
 * The emission of one epoch: 18 % to the owner, the rest half to miners by incentive and half to validators by dividends (run_coinbase.rs).
 * When no miner earns, validators get both halves, by active stake when they have no dividends either. Shares are rounded down; what is left is
 * the owner's, so that nothing is lost or made: the parts always sum to tempo × 1e9 rao.
 */
export function payEpoch(tempoBlocks: number, { incentive, dividends, activeStake }: EpochOutcome): Payout {
  const pot = BigInt(tempoBlocks) * raoPerBlock
  const half = (pot * 41n) / 100n
  const earned = incentive.some((share) => share > 0)
  const validatorShares = earned ? dividends : activeStake
  const neurons = incentive.map((share, uid) => portion(earned ? half : 0n, share) + portion(earned ? half : 2n * half, validatorShares[uid] ?? 0))
  return { neurons, owner: pot - neurons.reduce((a, b) => a + b, 0n) }
}

const billion = 1_000_000_000
const portion = (pot: bigint, share: number): bigint => (pot * BigInt(Math.floor(share * billion))) / BigInt(billion)

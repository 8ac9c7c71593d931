import type { Weight } from '#schemas/chain.ts'

/** κ of Bittensor (32,767 / 65,535): the share of stake that must back a weight for it to count. */
const kappa = 32_767 / 65_535

export interface EpochNeuron {
  /** rao */
  stake: bigint
  validatorPermit: boolean
  /** Block of the last accepted weights, 0 = never. */
  lastUpdate: number
  registeredAt: number
  weights: readonly Weight[]
}

export interface EpochRules {
  /** rao */
  stakeThreshold: bigint
  maxValidators: number
  /** A validator whose weights are older than this many blocks does not count. */
  activityCutoffBlocks: number
}

/** All by uid. Shares sum to 1, or are all 0 when nobody has any. */
export interface EpochOutcome {
  /** Normalised stake of the validators that count. */
  activeStake: number[]
  consensus: number[]
  incentive: number[]
  dividends: number[]
  /** Who may set weights from now on. */
  permits: boolean[]
}

/**
 * One epoch of Yuma consensus (docs "Yuma Consensus"; pallets/subtensor/src/epoch/run_epoch.rs), neurons by uid:
 *
 *   W̄_j  = max w such that Σ_i S_i·[W_ij ≥ w] ≥ κ        consensus: the stake-weighted median of column j
 *   W̄_ij = min(W_ij, W̄_j)                               clipping
 *   I_j  = R_j / Σ R,  R_j = Σ_i S_i·W̄_ij               incentive
 *   D_i  = Σ_j B_ij·I_j,  B_ij = S_i·W̄_ij / R_j          dividends
 *
 * Bonds have no memory here (their moving average at α = 1, bonds penalty 1), so D_i is stake × validator trust (the row sum of W̄), normalised.
 * Self weights are masked, and so are weights given before their target's uid was (re)registered. A validator that never set weights does not
 * count (Bittensor lets its stake stand against everyone until the activity cutoff). Only + × ÷ on doubles in uid order: every process gets the same bits.
 */
export function runEpoch(block: number, neurons: readonly EpochNeuron[], rules: EpochRules): EpochOutcome {
  const activeStake = normalize(neurons.map((neuron) => (isActive(neuron, block, rules) ? Number(neuron.stake) : 0)))
  const rows = neurons.map((neuron, uid) => ((activeStake[uid] ?? 0) > 0 ? countedWeights(neuron, uid, neurons) : []))
  const consensus = weightedMedians(activeStake, rows)
  const ranks = neurons.map(() => 0)
  const stakeTrust = rows.map((row, validator) => {
    const stake = activeStake[validator] ?? 0
    let trust = 0
    for (const { uid, share } of row) {
      const clipped = Math.min(share, consensus[uid] ?? 0)
      ranks[uid] = (ranks[uid] ?? 0) + stake * clipped
      trust += clipped
    }
    return stake * trust
  })
  return { activeStake, consensus, incentive: normalize(ranks), dividends: normalize(stakeTrust), permits: validatorPermits(neurons, rules) }
}

/** Whether the neuron's weights count at that block. */
export const isActive = (neuron: EpochNeuron, block: number, rules: EpochRules): boolean =>
  neuron.validatorPermit && neuron.stake >= rules.stakeThreshold && neuron.lastUpdate > 0 && neuron.lastUpdate + rules.activityCutoffBlocks >= block

/** The `maxValidators` highest stakes that reach the threshold; of equal ones the lower uid. */
export function validatorPermits(neurons: readonly { stake: bigint }[], rules: Pick<EpochRules, 'stakeThreshold' | 'maxValidators'>): boolean[] {
  const able = neurons.map(({ stake }, uid) => ({ stake, uid })).filter(({ stake }) => stake > 0n && stake >= rules.stakeThreshold)
  able.sort((a, b) => (a.stake === b.stake ? a.uid - b.uid : a.stake > b.stake ? -1 : 1))
  const chosen = new Set(able.slice(0, rules.maxValidators).map(({ uid }) => uid))
  return neurons.map((_, uid) => chosen.has(uid))
}

interface Share {
  uid: number
  share: number
}

/** A validator's weights as shares that sum to 1, without those that do not count. */
function countedWeights(validator: EpochNeuron, self: number, neurons: readonly EpochNeuron[]): Share[] {
  const counted = validator.weights.filter(({ uid, value }) => uid !== self && value > 0 && validator.lastUpdate > (neurons[uid]?.registeredAt ?? Infinity))
  const sum = counted.reduce((total, { value }) => total + value, 0)
  return counted.map(({ uid, value }) => ({ uid, share: value / sum }))
}

/** By column: the largest weight that at least κ of the stake gives or exceeds; 0 when less than κ gives any. */
function weightedMedians(stake: readonly number[], rows: readonly (readonly Share[])[]): number[] {
  const columns: { share: number; stake: number }[][] = rows.map(() => [])
  rows.forEach((row, validator) => row.forEach(({ uid, share }) => columns[uid]?.push({ share, stake: stake[validator] ?? 0 })))
  return columns.map((column) => {
    let backing = 0
    for (const given of column.sort((a, b) => b.share - a.share)) {
      backing += given.stake
      if (backing >= kappa) return given.share
    }
    return 0
  })
}

function normalize(values: readonly number[]): number[] {
  const sum = values.reduce((a, b) => a + b, 0)
  return values.map((value) => (sum > 0 ? value / sum : 0))
}

import type { WeightsSubmission } from '#schemas/chain.ts'
import { refusal, type RefusalReason } from './refusal.ts'
import { upscaleToU16 } from './weights.ts'

const u16Max = 65_535

export interface WeightsRules {
  /** rao */
  stakeThreshold: bigint
  /** 0 = any version is fine */
  versionKey: number
  /** 0: of weights that are revealed. */
  weightsRateLimitBlocks: number
  minAllowedWeights: number
  /** u16 share a single weight may take of the sum; 65,535 = no limit */
  maxWeightLimit: number
}

/** The neuron that wants to set weights, and the subnet it does so in. */
export interface WeightsCaller {
  /** undefined = not registered */
  uid: number | undefined
  stake: bigint
  validatorPermit: boolean
  /** Block of the last accepted weights, 0 = never. */
  lastUpdate: number
  block: number
  /** Neurons of the subnet: uids 0..neurons-1 exist. */
  neurons: number
}

/**
 * The checks of `do_set_weights` (pallets/subtensor/src/subnets/weights.rs) in its order, so that a submission that breaks
 * two rules is refused for the earlier one. Returns the values as they are stored, the largest 65,535.
 * @throws OrreryError `chain_refused` or, for the rate limit, `rate_limited`
 */
export function acceptWeights(submission: WeightsSubmission, caller: WeightsCaller, rules: WeightsRules): number[] {
  const { uids, values } = submission
  const require = (holds: boolean, reason: RefusalReason) => {
    if (!holds) throw refusal('set_weights', reason, { block: caller.block })
  }
  const selfWeight = uids.length === 1 && values.length === 1 && uids[0] === caller.uid

  require(uids.length === values.length, 'WeightVecNotEqualSize')
  require(uids.length <= caller.neurons, 'UidsLengthExceedUidsInSubNet')
  require(caller.uid !== undefined, 'HotKeyNotRegisteredInSubNet')
  require(caller.stake >= rules.stakeThreshold, 'NotEnoughStakeToSetWeights')
  require(submission.versionKey >= rules.versionKey, 'IncorrectWeightVersionKey')
  require(caller.lastUpdate === 0 || caller.block - caller.lastUpdate >= rules.weightsRateLimitBlocks, 'SettingWeightsTooFast')
  require(selfWeight || caller.validatorPermit, 'NeuronNoValidatorPermit')
  require(new Set(uids).size === uids.length, 'DuplicateUids')
  require(uids.every((uid) => uid < caller.neurons), 'UidVecContainInvalidOne')
  require(selfWeight || uids.length >= Math.min(caller.neurons, rules.minAllowedWeights), 'WeightVecLengthIsLow')
  const stored = upscaleToU16(values)
  require(selfWeight || withinLimit(stored, rules.maxWeightLimit), 'MaxWeightExceeded')
  return stored
}

/** No weight takes more than limit / 65,535 of the sum (check_vec_max_limited). */
function withinLimit(weights: readonly number[], limit: number): boolean {
  const sum = weights.reduce((a, b) => a + b, 0)
  return limit === u16Max || weights.every((weight) => weight * u16Max <= limit * sum)
}

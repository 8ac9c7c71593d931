import { OrreryError } from '#schemas/errors.ts'

/**
 * Why a chain refuses a call, by the names the chain itself uses: errors of pallet_subtensor (pallets/subtensor/src/macros/errors.rs),
 * of pallet_commitments (the last two) and of sp_runtime's InvalidTransaction (BadProof, Stale, Future). Each with what to do next.
 */
const reasons = {
  BadProof: 'the signature does not belong to the call, the signer and this chain; sign it again',
  Stale: 'its nonce was used before; sign it again with the next nonce',
  Future: 'its nonce is ahead of the account; sign it again with the next nonce',
  SubNetworkDoesNotExist: 'this chain has no such subnet; check netuid',
  HotKeyAlreadyRegisteredInSubNet: 'the hotkey is registered already; go on with its uid',
  NoNeuronIdAvailable: 'the subnet has no uid to give; raise its maximum',
  HotKeyNotRegisteredInNetwork: 'the hotkey is not registered; register it first',
  HotKeyNotRegisteredInSubNet: 'the hotkey is not registered; register it first',
  InvalidIpAddress: 'other nodes cannot reach that address; serve a public one',
  InvalidPort: 'port 0 cannot be reached; serve the port that is listened on',
  ServingRateLimitExceeded: 'the endpoint was changed a short while ago; wait for more blocks',
  WeightVecNotEqualSize: 'there must be as many values as uids',
  UidsLengthExceedUidsInSubNet: 'there are more uids than neurons; read the metagraph again',
  NotEnoughStakeToSetWeights: 'the stake is below the threshold for weights; add stake to the hotkey',
  IncorrectWeightVersionKey: 'the subnet asks for a newer version key; update the validator',
  SettingWeightsTooFast: 'weights were set a short while ago; wait for more blocks',
  NeuronNoValidatorPermit: 'the hotkey has no validator permit; permits are given at the next epoch to the highest stakes',
  DuplicateUids: 'a uid occurs twice; name each once',
  UidVecContainInvalidOne: 'a uid does not exist; read the metagraph again',
  WeightVecLengthIsLow: 'there are fewer weights than the subnet asks for; weigh more neurons',
  MaxWeightExceeded: 'one weight takes a larger share than the subnet allows; spread the weights',
  FaucetDisabled: 'this chain was started without its development faucet; transfer stake instead',
  AccountNotAllowedCommit: 'the hotkey is not registered; register it first',
  SpaceLimitExceeded: 'the commitments of this epoch are used up; wait for the next epoch',
} as const
export type RefusalReason = keyof typeof reasons

const rateLimits: ReadonlySet<RefusalReason> = new Set(['ServingRateLimitExceeded', 'SettingWeightsTooFast', 'SpaceLimitExceeded'])

/** `rate_limited` for the rate limits, else `chain_refused`; `details.reason` is the chain's own name. */
export function refusal(call: string, reason: RefusalReason, details: Record<string, unknown> = {}): OrreryError {
  const code = rateLimits.has(reason) ? 'rate_limited' : 'chain_refused'
  return new OrreryError(code, `The chain refused ${call} (${reason}): ${reasons[reason]}.`, { reason, call, ...details })
}

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
  CommitRevealEnabled: 'the subnet takes no weights in plain; commit them first',
  CommitRevealDisabled: 'the subnet takes weights in plain; set them',
  CommittingWeightsTooFast: 'weights were committed a short while ago; wait for more blocks',
  TooManyUnrevealedCommits: 'ten commitments of weights wait to be revealed; reveal them, or wait until they expire',
  NoWeightsCommitFound: 'nothing that was committed waits to be revealed; commit weights again',
  InvalidRevealCommitHashNotMatch: 'it is not what was committed; reveal the same uids, values, salt and version key',
  RevealTooEarly: 'the epoch in which it can be revealed has not begun; wait for more blocks',
  ExpiredWeightCommit: 'the epoch in which it could be revealed is over; commit weights again',
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

export const isRefusalReason = (name: string): name is RefusalReason => Object.hasOwn(reasons, name)

const rateLimits: ReadonlySet<string> = new Set<RefusalReason>([
  'ServingRateLimitExceeded',
  'SettingWeightsTooFast',
  'CommittingWeightsTooFast',
  'SpaceLimitExceeded',
])

/** What the transaction pool of a Bittensor node says (`1010 {"invalid":{"custom":N}}`, CustomTransactionError) where it refuses before a block would. */
const poolCodes = {
  NotEnoughStakeToSetWeights: 1,
  SubNetworkDoesNotExist: 3,
  SettingWeightsTooFast: 6,
  CommittingWeightsTooFast: 6,
  HotKeyNotRegisteredInNetwork: 10,
  InvalidIpAddress: 11,
  ServingRateLimitExceeded: 12,
  InvalidPort: 13,
  NoWeightsCommitFound: 16,
  RevealTooEarly: 17,
  ExpiredWeightCommit: 17,
  WeightVecNotEqualSize: 18,
  HotKeyNotRegisteredInSubNet: 19,
} as const satisfies Partial<Record<RefusalReason, number>>

/** What a pool means by its code. @param call the pallet's name of it; undefined for a code that no call of ours is refused with */
export function reasonOfPoolCode(code: number, call: string): RefusalReason | undefined {
  if (code === poolCodes.HotKeyNotRegisteredInSubNet && call === 'set_commitment') return 'AccountNotAllowedCommit'
  const [first, ...others] = (Object.keys(poolCodes) as (keyof typeof poolCodes)[]).filter((reason) => poolCodes[reason] === code)
  return others.find((reason) => reason.startsWith('Committing') && call.startsWith('commit_')) ?? first
}

/** `rate_limited` for the rate limits, else `chain_refused`; `details.reason` is the chain's own name, `details.pool` the code its pool would give. */
export function refusal(call: string, reason: RefusalReason, details: Record<string, unknown> = {}): OrreryError {
  const code = rateLimits.has(reason) ? 'rate_limited' : 'chain_refused'
  const pool = (poolCodes as Partial<Record<RefusalReason, number>>)[reason]
  const said = { reason, call, ...(pool === undefined ? {} : { pool }), ...details }
  return new OrreryError(code, `The chain refused ${call} (${reason}): ${reasons[reason]}.`, said)
}

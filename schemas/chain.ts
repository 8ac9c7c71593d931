/** A hotkey that signs. `address` is SS58 with prefix 42. */
export interface Signer {
  readonly address: string
  readonly publicKey: Uint8Array
  /** It is of a wallet made for development, whose coldkey nobody has: only a local chain takes it. */
  readonly isDevelopment?: boolean
  /** sr25519 over the raw message, 64 bytes. */
  sign(message: Uint8Array): Uint8Array
}

export interface Block {
  number: number
  /** 0x + 64 hex. */
  hash: string
  /** ms since epoch */
  timestamp: number
}

interface Endpoint {
  ip: string
  port: number
}

/** u16 weights as they stand on the chain: the largest is 65,535. */
export interface Weight {
  uid: number
  value: number
}

export interface Neuron {
  uid: number
  hotkey: string
  coldkey: string
  /** rao (1e-9 TAO) */
  stake: bigint
  validatorPermit: boolean
  /** Block of the last accepted weights, 0 = never. */
  lastUpdate: number
  axon: Endpoint | undefined
  /** The last commitment, ≤ 128 bytes, undefined = never. */
  commitment: Uint8Array | undefined
  /** Block it came in, 0 = never. */
  commitmentBlock: number
  weights: readonly Weight[]
  /** u16 shares of the last epoch. */
  incentive: number
  dividends: number
  /** rao paid: over all epochs on a local chain; on Subtensor, which keeps no sum, in the last one. */
  emission: bigint
}

/** Weights that a hotkey committed and that are not revealed yet: nobody can read them. */
export interface PendingWeights {
  hotkey: string
  /** Block of the commitment. */
  block: number
  /** First block at which they can be revealed, as far as it can be foretold. */
  dueBlock: number
}

export interface Metagraph {
  netuid: number
  block: number
  /** Block at which the last epoch ran, 0 = none yet. */
  lastEpochBlock: number
  /** By uid, without gaps from 0. */
  neurons: readonly Neuron[]
  /** Oldest first. */
  pendingWeights: readonly PendingWeights[]
}

/** What the subnet asks of those who take part in it, as it stands now. */
export interface Hyperparameters {
  /** Blocks between two epochs. */
  tempoBlocks: number
  /** Blocks between two submissions of weights of one hotkey. */
  weightsRateLimitBlocks: number
  minAllowedWeights: number
  /** u16 share a single weight may take of the sum; 65,535 = no limit. */
  maxWeightLimit: number
  /** The lowest that is taken. */
  versionKey: number
  /** Weights are committed first, and revealed so many epochs later; undefined: they are taken in plain. */
  commitReveal: { periodEpochs: number } | undefined
  /** A validator whose weights are older does not count in an epoch. */
  activityCutoffBlocks: number
  maxUids: number
  /** A new neuron is not the first to lose its uid for so long. */
  immunityBlocks: number
}

export interface WeightsSubmission {
  uids: readonly number[]
  /** u16 each, same length as `uids`. */
  values: readonly number[]
  versionKey: number
}

/** What is about to be sent, as far as it takes to find it on the chain, and to reveal it, if its sender ends before the answer: plain JSON. */
export interface IntendedWeights extends WeightsSubmission {
  /** Head of the chain when it was asked: the salt of a commitment follows from it and the signer's key, so that another process can reveal it. */
  madeAtBlock: number
  /** `plain`: they are set. `commit_reveal`: the signer reveals them. `timelocked`: the chain reveals them by itself. */
  way: 'plain' | 'commit_reveal' | 'timelocked'
}

/** What a chain took, to be kept until it is set: plain JSON. */
export interface SubmittedWeights extends IntendedWeights {
  /** Block the call is in. */
  block: number
  /** First block at which they can be seen in the metagraph, as far as it can be foretold. */
  dueBlock: number
}

/**
 * What a subnet needs of its chain. All calls are signed by the given hotkey and are in the chain when they resolve.
 * Every call ends within a deadline of the chain's own, and a chain whose height stands still is no chain: it is left for another endpoint, or the call fails.
 * The chain's genesis is the hash of its block 0, which is known for ever: with the netuid it names the network (infra/chain/network.ts).
 * @throws OrreryError `chain_refused` with `details.reason` = the pallet error's name (HotKeyNotRegisteredInSubNet, NotEnoughStakeToSetWeights, …),
 * `rate_limited` for the rate limits, `invalid_argument` for what no chain could be asked; `timed_out`, `upstream_failed` where it does not answer
 */
export interface Chain {
  /** The current block, or the one with that number. @throws `not_found` for a block that is not yet or no longer known */
  block(number?: number): Promise<Block>
  /**
   * As it is, or as it was when that block ended; at least the last 256 blocks are known.
   * @throws `not_found` for a block that is not yet or no longer known
   */
  metagraph(block?: number): Promise<Metagraph>
  hyperparameters(): Promise<Hyperparameters>
  /** Registers the hotkey (no-op when it is registered). Returns its uid. */
  register(signer: Signer, coldkey: string): Promise<number>
  /** Publishes the hotkey's endpoint; the one that stands already is left without a call. */
  serve(signer: Signer, endpoint: Endpoint): Promise<void>
  /**
   * Hands weights in by the best way the chain offers. Only `confirmWeights` says whether they are set.
   * @param intend is called, and waited for, before anything is sent: what it keeps can be given to `confirmWeights` by who never had the answer
   */
  submitWeights(signer: Signer, submission: WeightsSubmission, intend?: (intended: IntendedWeights) => Promise<void>): Promise<SubmittedWeights>
  /**
   * Whether what was submitted is set: the reveal says so, not the commitment. Reveals what the signer itself must reveal, as soon as that can be.
   * `pending`: ask again at a later block, also where the reveal is refused as long as its time lasts, and where what was intended may come into the chain yet.
   * `missing`: it was not revealed in its time, or something else was set over it, or it never came in and cannot any more; submit anew.
   */
  confirmWeights(signer: Signer, submitted: SubmittedWeights | IntendedWeights): Promise<'set' | 'pending' | 'missing'>
  /** Replaces the hotkey's commitment. @param data 1..128 bytes */
  commit(signer: Signer, data: Uint8Array): Promise<void>
  /** Each new block once, in order, from the next one on, until the signal is aborted. */
  onBlock(signal: AbortSignal): AsyncIterable<Block>
}

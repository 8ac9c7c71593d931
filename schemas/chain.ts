/** A hotkey that signs. `address` is SS58 with prefix 42. */
export interface Signer {
  readonly address: string
  readonly publicKey: Uint8Array
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
  /** rao paid over all epochs. */
  emission: bigint
}

export interface Metagraph {
  netuid: number
  block: number
  /** Block at which the last epoch ran, 0 = none yet. */
  lastEpochBlock: number
  /** By uid, without gaps from 0. */
  neurons: readonly Neuron[]
}

export interface WeightsSubmission {
  uids: readonly number[]
  /** u16 each, same length as `uids`. */
  values: readonly number[]
  versionKey: number
}

/**
 * What a subnet needs of its chain. All calls are signed by the given hotkey and are in the chain when they resolve.
 * @throws OrreryError `chain_refused` with `details.reason` = the pallet error's name (HotKeyNotRegisteredInSubNet, NotEnoughStakeToSetWeights, …),
 * `rate_limited` for the rate limits, `invalid_argument` for what no chain could be asked
 */
export interface Chain {
  /** The current block, or the one with that number. @throws `not_found` for a block that is not yet or no longer known */
  block(number?: number): Promise<Block>
  /**
   * As it is, or as it was when that block ended; at least the last 256 blocks are known.
   * @throws `not_found` for a block that is not yet or no longer known
   */
  metagraph(block?: number): Promise<Metagraph>
  /** Registers the hotkey (no-op when it is registered). Returns its uid. */
  register(signer: Signer, coldkey: string): Promise<number>
  /** Publishes the hotkey's endpoint; the one that stands already is left without a call. */
  serve(signer: Signer, endpoint: Endpoint): Promise<void>
  submitWeights(signer: Signer, submission: WeightsSubmission): Promise<void>
  /** Replaces the hotkey's commitment. @param data 1..128 bytes */
  commit(signer: Signer, data: Uint8Array): Promise<void>
  /** Each new block once, in order, from the next one on, until the signal is aborted. */
  onBlock(signal: AbortSignal): AsyncIterable<Block>
}

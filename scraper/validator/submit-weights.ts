import { toU16Weights } from '#infra/chain/weights.ts'
import type { Chain, Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Telemetry } from '#schemas/stage.ts'

/** What a later block may bring: the end of a rate limit, or the permit of the next epoch. */
const passing = new Set(['NeuronNoValidatorPermit', 'SettingWeightsTooFast'])
const versionKey = 0

export interface WeightsParams {
  signer: Signer
  chain: Chain
  /** Bounds the wait. */
  pace: Clock
  telemetry: Telemetry
  waitMs: number
  signal: AbortSignal
}

export interface SubmittedWeights {
  uids: number[]
  /** u16 each. */
  values: number[]
  /** false = the chain did not take them in time; the event `validator.weights_skipped` says why. */
  accepted: boolean
}

/**
 * Sets weights by score. A rate limit or a permit that is still to come is waited for, block by block, at most `waitMs`; what the chain refuses
 * otherwise is an event, not an error: the next cycle tries again.
 * @param scores by uid
 */
export async function submitWeights(scores: readonly number[], { signer, chain, pace, telemetry, waitMs, signal }: WeightsParams): Promise<SubmittedWeights> {
  const { uids, values } = toU16Weights(scores)
  const skip = (reason: string): SubmittedWeights => {
    telemetry.event('validator.weights_skipped', { hotkey: signer.address, reason })
    return { uids, values, accepted: false }
  }
  if (uids.length === 0) return skip('no miner has a score')
  const deadline = pace.now() + waitMs
  const ended = new AbortController()
  const blocks = chain.onBlock(AbortSignal.any([signal, ended.signal]))[Symbol.asyncIterator]()
  try {
    for (;;) {
      const refusal = await refusalOf(chain.submitWeights(signer, { uids, values, versionKey }))
      if (!refusal) break
      if (!isPassing(refusal) || pace.now() >= deadline) return skip(refusal.message)
      if ((await blocks.next()).done) signal.throwIfAborted()
    }
  } finally {
    ended.abort()
    await blocks.return?.()
  }
  telemetry.event('validator.weights', { hotkey: signer.address, uids, values })
  return { uids, values, accepted: true }
}

async function refusalOf(submission: Promise<void>): Promise<OrreryError | undefined> {
  try {
    await submission
    return undefined
  } catch (error) {
    if (error instanceof OrreryError && (error.code === 'chain_refused' || error.code === 'rate_limited')) return error
    throw error
  }
}

const isPassing = ({ code, details }: OrreryError): boolean => code === 'rate_limited' || passing.has(String(details['reason']))

import { toU16Weights } from '#infra/chain/weights.ts'
import type { Chain, IntendedWeights, Signer, SubmittedWeights } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { ScoreBook } from './score-book.ts'
import { fitShares, withinLimit } from './weight-shares.ts'

/** What a later block may bring: the end of a rate limit, or the permit of the next epoch. */
const passing = new Set(['NeuronNoValidatorPermit', 'SettingWeightsTooFast'])
/** What is waited for at most: older ones are given up. The chain keeps ten commitments of a hotkey. */
const submissionsKept = 16

export interface WeightsParams {
  signer: Signer
  chain: Chain
  book: Pick<ScoreBook, 'submissions' | 'keepSubmissions'>
  /** Bounds the wait. */
  pace: Clock
  telemetry: Telemetry
  waitMs: number
  signal: AbortSignal
}

export interface WeightsReport {
  uids: number[]
  /** u16 each. */
  values: number[]
  /** false = the chain did not take them in time; the event `validator.weights_skipped` says why. */
  accepted: boolean
}

/**
 * Sets weights by shares. A rate limit or a permit that is still to come is waited for, block by block, at most `waitMs`; what the chain refuses
 * otherwise is an event, not an error: the next cycle tries again. What is sent is remembered before it goes, and until `confirmWeights` finds it set: whoever is
 * killed between the chain's answer and its own note finds what the chain took, and reveals it.
 * @param shares by uid, of any sum
 */
export async function submitWeights(shares: readonly number[], params: WeightsParams): Promise<WeightsReport> {
  const { signer, chain, book, pace, telemetry, waitMs, signal } = params
  const limits = await chain.hyperparameters()
  const { uids, values } = toU16Weights(fitShares(shares, limits))
  const weights = { uids, values: withinLimit(values, limits.maxWeightLimit) }
  const skip = (reason: string): WeightsReport => {
    telemetry.event('validator.weights_skipped', { hotkey: signer.address, reason })
    return { ...weights, accepted: false }
  }
  if (weights.uids.length === 0) return skip('no miner has a score')
  const former = await book.submissions()
  const note = (sent: IntendedWeights): Promise<void> => book.keepSubmissions([...former, sent].slice(-submissionsKept))
  const deadline = pace.now() + waitMs
  const ended = new AbortController()
  const blocks = chain.onBlock(AbortSignal.any([signal, ended.signal]))[Symbol.asyncIterator]()
  try {
    for (;;) {
      const answer = await submittedOrRefused(chain.submitWeights(signer, { ...weights, versionKey: limits.versionKey }, note))
      if (!(answer instanceof OrreryError)) {
        await note(answer)
        telemetry.event('validator.weights', { hotkey: signer.address, ...weights, way: answer.way, due_block: answer.dueBlock })
        return { ...weights, accepted: true }
      }
      // It is nowhere. Of an answer that never came nobody knows: that stays.
      await book.keepSubmissions(former)
      if (!isPassing(answer) || pace.now() >= deadline) return skip(answer.message)
      if ((await blocks.next()).done) signal.throwIfAborted()
    }
  } finally {
    ended.abort()
    await blocks.return?.()
  }
}

/**
 * Asks whether what was submitted is set, and reveals what can be revealed. What did not come in its time, and was followed by nothing that did, is the event
 * `validator.weights_missing`.
 */
export async function confirmWeights({ signer, chain, book, telemetry }: Pick<WeightsParams, 'signer' | 'chain' | 'book' | 'telemetry'>): Promise<void> {
  const submissions = await book.submissions()
  const pending: IntendedWeights[] = []
  let missing: IntendedWeights[] = []
  for (const submitted of submissions) {
    const state = await chain.confirmWeights(signer, submitted)
    if (state === 'pending') pending.push(submitted)
    if (state === 'missing') missing.push(submitted)
    if (state === 'set') missing = []
  }
  if (submissions.length > 0) await book.keepSubmissions(pending)
  for (const { madeAtBlock, way, ...said } of missing) {
    const { block, dueBlock: due_block } = { block: madeAtBlock, dueBlock: madeAtBlock, ...(said as Partial<SubmittedWeights>) }
    telemetry.event('validator.weights_missing', { hotkey: signer.address, block, due_block, way })
  }
}

async function submittedOrRefused(submission: Promise<SubmittedWeights>): Promise<SubmittedWeights | OrreryError> {
  try {
    return await submission
  } catch (error) {
    if (error instanceof OrreryError && (error.code === 'chain_refused' || error.code === 'rate_limited')) return error
    throw error
  }
}

const isPassing = ({ code, details }: OrreryError): boolean => code === 'rate_limited' || passing.has(String(details['reason']))

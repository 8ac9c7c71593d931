import { setImmediate as yieldTurn } from 'node:timers/promises'
import { OrreryError } from '#schemas/errors.ts'
import type { FeedPlan, LeaseGrant } from '#schemas/feed.ts'
import type { FeedClient } from './feed-client.ts'
import { bigramModel, type LanguageModel } from './ngram.ts'

/** The model of a node, and the plan whose tokens it learns. */
export interface Learner {
  plan: FeedPlan
  model: LanguageModel
}

/** Between two looks at the event loop, so that renewals go out in a batch of any size. */
const tokensPerSlice = 2 ** 16

/** The learner for a batch: the model lives on as long as the tokenizer. @throws OrreryError `fenced` when the plan of the batch is over */
export async function learnerFor(client: Pick<FeedClient, 'plan'>, grant: LeaseGrant, before: Learner | undefined, signal: AbortSignal): Promise<Learner> {
  if (before?.plan.plan_id === grant.plan_id) return before
  const { plan } = await client.plan(signal)
  if (plan?.plan_id !== grant.plan_id)
    throw new OrreryError('fenced', `The plan of batch ${grant.batch} is no longer open; lease anew.`, { batch: grant.batch })
  const { fingerprint, vocabulary } = plan.tokenizer
  const sameTokens = before?.plan.tokenizer.fingerprint === fingerprint && before.model.vocabulary === vocabulary
  return { plan, model: sameTokens ? before.model : bigramModel(vocabulary) }
}

/**
 * Mean loss of the block under the model as it was before, nats per token; then the model learns the block.
 * @param tokens rows of `row_tokens`, of which the first `sequence_tokens` are trained
 */
export async function trainBlock(
  model: LanguageModel,
  tokens: Uint32Array,
  { row_tokens, sequence_tokens }: Pick<LeaseGrant, 'row_tokens' | 'sequence_tokens'>,
  signal: AbortSignal,
): Promise<number> {
  let [sum, trained] = [0, 0]
  const rows = { tokens, row_tokens, sequence_tokens, signal }
  await eachRow(rows, (row) => {
    sum += model.score(row)
    trained += row.length
  })
  await eachRow(rows, (row) => model.learn(row))
  return sum / trained
}

async function eachRow(
  { tokens, row_tokens, sequence_tokens, signal }: { tokens: Uint32Array; signal: AbortSignal } & Pick<LeaseGrant, 'row_tokens' | 'sequence_tokens'>,
  take: (row: Uint32Array) => void,
): Promise<void> {
  let sinceYield = 0
  for (let start = 0; start < tokens.length; start += row_tokens) {
    take(tokens.subarray(start, start + sequence_tokens))
    sinceYield += sequence_tokens
    if (sinceYield < tokensPerSlice) continue
    sinceYield = 0
    await yieldTurn()
    signal.throwIfAborted()
  }
}

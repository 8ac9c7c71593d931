import { setImmediate as yieldTurn } from 'node:timers/promises'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { FeedPlan, LeaseGrant } from '#schemas/feed.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { feedClient, type FeedClient } from './feed-client.ts'
import { bigramModel, type LanguageModel } from './ngram.ts'
import { keepLease } from './keep-lease.ts'

export interface TrainingNode {
  /** Origin of the feed, like http://127.0.0.1:8720. */
  origin: string
  /** 1..64 of [A-Za-z0-9._-]; one model and one voice each. */
  node: string
  fetch: typeof globalThis.fetch
  pace: Clock
  telemetry: Telemetry
  /** Aborted: the batch at hand is given back and the node ends. */
  signal: AbortSignal
}

export interface NodeReport {
  node: string
  batches: number
  tokens: number
  /** Batches given back, or lost to another node. */
  returned: number
}

interface Learner {
  plan: FeedPlan
  model: LanguageModel
}

const drainMs = 2_000
/** After a batch that could not be trained: it may be the next one leased again. */
const restMs = 1_000
/** Between two looks at the event loop, so that renewals go out in a batch of any size. */
const tokensPerSlice = 2 ** 16

/**
 * A training node: leases a batch, fetches its tokens, scores them with its model as it stands, learns them, answers with the mean loss; until the signal.
 * The model lives as long as the node and its tokenizer. @throws only what says that the feed will never take this node (`invalid_argument`)
 */
export async function trainNode(settings: TrainingNode): Promise<NodeReport> {
  const { node, pace, signal } = settings
  const client = feedClient(settings)
  const report: NodeReport = { node, batches: 0, tokens: 0, returned: 0 }
  let learner: Learner | undefined
  try {
    while (!signal.aborted) {
      const answer = await client.lease(signal)
      for (const grant of answer.leases) learner = await trainLease({ ...settings, client, report }, grant, learner)
      if (answer.leases.length === 0) await pace.sleep(answer.retry_after_ms, signal)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return report
}

interface Work extends TrainingNode {
  client: FeedClient
  report: NodeReport
}

/** Trains one batch, or gives it back. Returns the learner for the next one. */
async function trainLease(work: Work, grant: LeaseGrant, before: Learner | undefined): Promise<Learner | undefined> {
  const { client, telemetry, node, report, pace, signal } = work
  await using lease = keepLease(work, grant)
  try {
    const learner = await learnerFor(client, grant, before, lease.signal)
    const tokens = await client.tokens(grant, lease.signal)
    const loss = await trainBlock(learner.model, tokens, grant.sequence_tokens, lease.signal)
    await client.ack(grant, loss, lease.signal)
    report.batches++
    report.tokens += tokens.length
    telemetry.count('node.tokens', tokens.length, { node })
    telemetry.count('node.batches', 1, { node })
    return learner
  } catch (error) {
    report.returned++
    telemetry.count('node.returned', 1, { node })
    if (await giveBack(work, grant, error)) await pace.sleep(restMs, signal)
    return before
  }
}

/** A lease that is lost cannot be given back (false); one that cannot be given back returns by itself when it runs out. */
async function giveBack({ client, signal }: Work, grant: LeaseGrant, error: unknown): Promise<boolean> {
  if (error instanceof OrreryError && (error.code === 'lease_lost' || error.code === 'fenced')) return false
  const reason = signal.aborted ? 'the node is leaving' : String(error instanceof Error ? error.message : error)
  await client.nack(grant, reason, AbortSignal.timeout(drainMs)).catch(() => undefined)
  return true
}

async function learnerFor(client: FeedClient, grant: LeaseGrant, before: Learner | undefined, signal: AbortSignal): Promise<Learner> {
  if (before?.plan.plan_id === grant.plan_id) return before
  const { plan } = await client.plan(signal)
  if (plan?.plan_id !== grant.plan_id)
    throw new OrreryError('fenced', `The plan of batch ${grant.batch} is no longer open; lease anew.`, { batch: grant.batch })
  const { fingerprint, vocabulary } = plan.tokenizer
  const sameTokens = before?.plan.tokenizer.fingerprint === fingerprint && before.model.vocabulary === vocabulary
  return { plan, model: sameTokens ? before.model : bigramModel(vocabulary) }
}

/** Mean loss of the block under the model as it was before, nats per token; then the model learns the block. */
export async function trainBlock(model: LanguageModel, tokens: Uint32Array, sequenceTokens: number, signal: AbortSignal): Promise<number> {
  let sum = 0
  await eachRow(tokens, sequenceTokens, signal, (row) => {
    sum += model.score(row)
  })
  await eachRow(tokens, sequenceTokens, signal, (row) => model.learn(row))
  return sum / tokens.length
}

async function eachRow(tokens: Uint32Array, sequenceTokens: number, signal: AbortSignal, take: (row: Uint32Array) => void): Promise<void> {
  let sinceYield = 0
  for (let start = 0; start < tokens.length; start += sequenceTokens) {
    take(tokens.subarray(start, start + sequenceTokens))
    sinceYield += sequenceTokens
    if (sinceYield < tokensPerSlice) continue
    sinceYield = 0
    await yieldTurn()
    signal.throwIfAborted()
  }
}

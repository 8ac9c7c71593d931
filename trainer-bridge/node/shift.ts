import { OrreryError } from '#schemas/errors.ts'
import type { LeaseGrant } from '#schemas/feed.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { FeedClient } from './feed-client.ts'
import { keepLease } from './keep-lease.ts'
import { tellStanding } from './standing.ts'
import { learnerFor, trainBlock, type Learner } from './train-batch.ts'
import type { NodeReport } from './train.ts'
import { stopwatch, untilDate, type WakingTime } from './waking-time.ts'

/** What a node has while it works. */
export interface Shift extends WakingTime {
  client: FeedClient
  node: string
  report: NodeReport
  telemetry: Telemetry
  learner: Learner | undefined
}

/** Before the end of its window a node gives back what it holds: that takes so long at most. */
const drainMs = 2_000
/** After a batch that could not be trained: it may be the next one leased again. */
const restMs = 1_000
/** Between two looks at what the feed has booked. */
const tellMs = 30_000
/** Of its last batches the longest says how long one takes. */
const lastBatches = 8

/** Works from now until the window ends (`endsAt`, ms since the Unix epoch; Infinity: never), or until the signal. @throws what the feed refuses for good */
export async function workShift(shift: Shift, endsAt: number, signal: AbortSignal): Promise<void> {
  const { client, node, telemetry } = shift
  const over = new AbortController()
  const working = AbortSignal.any([signal, over.signal])
  const ending = endsAt === Infinity ? undefined : untilDate(shift, endsAt - drainMs, working).then(() => over.abort(new Error('the window of the node ends')))
  ending?.catch(() => undefined)
  let isJoined = false
  try {
    await client.join(working)
    isJoined = true
    telemetry.event('node.joined', { node, until_ms: endsAt === Infinity ? null : endsAt })
    await leaseOn(shift, endsAt, working)
  } catch (error) {
    if (!working.aborted) throw error
  } finally {
    over.abort()
    if (isJoined) await client.drain(AbortSignal.timeout(drainMs)).catch(() => undefined)
  }
  if (endsAt !== Infinity) await untilDate(shift, endsAt, signal)
}

/** Batch after batch, as long as another one fits in before the end. */
async function leaseOn(shift: Shift, endsAt: number, signal: AbortSignal): Promise<void> {
  const { client, pace, date } = shift
  let tookMs: number[] = []
  const sinceTold = { passedMs: stopwatch(shift) }
  while (endsAt - date() > drainMs + tookMs.reduce((most, ms) => Math.max(most, ms), 0)) {
    const answer = await client.lease(signal, () => endsAt - drainMs - date())
    // It said that it leaves, at the end of a window before.
    if (answer.state === 'drain') await client.join(signal)
    for (const grant of answer.leases) {
      const passedMs = stopwatch(shift)
      shift.learner = await trainLease(shift, grant, signal)
      tookMs = [...tookMs, passedMs()].slice(-lastBatches)
    }
    if (answer.leases.length === 0) await pace.sleep(answer.retry_after_ms, signal)
    if (sinceTold.passedMs() < tellMs) continue
    sinceTold.passedMs = stopwatch(shift)
    await tellStanding(shift, signal)
  }
}

/** Trains one batch, or gives it back. Returns the learner for the next one. */
async function trainLease(shift: Shift, grant: LeaseGrant, signal: AbortSignal): Promise<Learner | undefined> {
  const { client, telemetry, node, report, pace, date, learner: before } = shift
  await using lease = keepLease({ client, pace, date, signal }, grant)
  try {
    const learner = await learnerFor(client, grant, before, lease.signal)
    const tokens = await client.tokens(grant, lease.signal)
    const loss = await trainBlock(learner.model, tokens, grant, lease.signal)
    await client.ack(grant, loss, lease.signal)
    const trained = grant.rows * grant.sequence_tokens
    report.batches++
    report.tokens += trained
    telemetry.count('node.tokens', trained, { node })
    telemetry.count('node.batches', 1, { node })
    return learner
  } catch (error) {
    report.returned++
    telemetry.count('node.returned', 1, { node })
    if (isOf(error, 'unauthorized', 'forbidden')) throw error
    if (await giveBack(client, grant, error, signal)) await pace.sleep(restMs, signal)
    return before
  }
}

/** A lease that is lost cannot be given back (false); one that cannot be given back returns by itself when it runs out. */
async function giveBack(client: FeedClient, grant: LeaseGrant, error: unknown, signal: AbortSignal): Promise<boolean> {
  if (isOf(error, 'lease_lost', 'fenced')) return false
  // Of a node that has said that it leaves nothing is held against the batch.
  if (signal.aborted) await client.drain(AbortSignal.timeout(drainMs)).catch(() => undefined)
  const reason = signal.aborted ? 'the node is leaving' : String(error instanceof Error ? error.message : error)
  await client.nack(grant, reason, AbortSignal.timeout(drainMs)).catch(() => undefined)
  return true
}

const isOf = (error: unknown, ...codes: OrreryError['code'][]): boolean => error instanceof OrreryError && codes.includes(error.code)

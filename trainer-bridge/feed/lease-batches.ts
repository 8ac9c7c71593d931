import type { Clock } from '#schemas/clock.ts'
import type { BlockFormat, LeaseAnswer, LeaseGrant, LeaseRequest } from '#schemas/feed.ts'
import type { BatchLease, Ledger } from '#schemas/ledger.ts'
import { voiceOf, type KnownNode } from '#schemas/nodes.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { BlockHealth } from './block-health.ts'
import type { Epochs } from './epochs.ts'
import { rowTokens } from '../plan/generation.ts'
import { noneWhenNotOpen, type OpenEpoch } from './open-epoch.ts'
import type { Waited, WaitLine } from './wait-line.ts'

export interface LeaseParts {
  ledger: Pick<Ledger, 'lease' | 'answer'>
  pace: Clock
  telemetry: Pick<Telemetry, 'count'>
  epochs: Pick<Epochs, 'current' | 'isUnread'>
  health: Pick<BlockHealth, 'isAway' | 'isUnreadable' | 'isLost'>
  line: Pick<WaitLine, 'wait'>
  leaseMs: number
  leasesPerNode: number
  /** So many batches are over. */
  settled(planId: string, batches: number): void
  /** Path of a block for whoever has it, without a credential. */
  urlOf(open: OpenEpoch, batch: number, format: BlockFormat): Promise<string>
}

/** What the route found beside the body. */
interface LeaseAsker {
  known: KnownNode
  requestId: string | undefined
  /** When the request was sent, by the clock of who sent it, ms since epoch; undefined where it does not say. */
  sentAt: number | undefined
  /** Where this feed is, as who asks sees it. */
  origin: string
  /** Aborted when nobody waits for the answer any more. */
  signal: AbortSignal
  /** Nobody would read it. Who has only closed the side that it sends on does. */
  isGone(): boolean
}

export type LeaseBatches = (request: LeaseRequest, asker: LeaseAsker) => Promise<LeaseAnswer>

/** IOTA's nodes poll every 0.51 s. */
const retryAfterMs = 500
/** Who is far down the line need not ask as often: by the time it is asked for, it is still there. */
const [retryPerPlaceMs, retryMsMax] = [2, 3_000]
/** Who waits asks the ledger again so often; who does not for twice as long, as one who has gone, loses its place. */
const asksEveryMs = 10_000
/** Who has hung up comes back within so long, or loses its place. */
const goneMs = 2_000
/** Of one node so many requests wait at once; more are answered as if they did not ask to. */
const waitsOfNode = 16
/** Times that what cannot be read is laid aside for what can. */
const roundsMax = 4

/** A request, as far as it has come. */
interface Asking {
  /** Times that all that it was lent went back: what is lent under an id once is answered for good, now with nothing. */
  laidAside: number
}

export function leaseBatches(parts: LeaseParts): LeaseBatches {
  const { ledger, pace, telemetry, epochs, health, line, leaseMs, leasesPerNode, settled, urlOf } = parts

  async function tryOnce(request: LeaseRequest, asker: LeaseAsker, asking: Asking, availableForMs: number | undefined): Promise<LeaseAnswer> {
    const { known, requestId } = asker
    if (known.isDraining) return nothing('drain')
    if (health.isAway()) return nothing('wait')
    const open = epochs.current()
    if (!open) return nothing(epochs.isUnread() ? 'wait' : 'idle')
    const wish = {
      node: known.node,
      operator: voiceOf(known),
      limit: request.limit,
      ttlMs: leaseMs,
      outstandingMax: leasesPerNode,
      asksAgainMs: 2 * asksEveryMs,
      ...(availableForMs !== undefined && { availableForMs }),
    }
    for (let round = 1; ; round++) {
      // No id of a client has a blank in it.
      const id = requestId !== undefined && { requestId: asking.laidAside === 0 ? requestId : `${requestId} ${asking.laidAside}` }
      const answer = await ledger.lease(open.planId, open.epoch, { ...wish, ...id }).catch(noneWhenNotOpen)
      if (!answer) return nothing('idle')
      const leases = await usefulOf(open, asker, answer.leases)
      const isLaidAside = leases.length === 0 && answer.leases.length > 0
      if (isLaidAside) asking.laidAside++
      if (isLaidAside && round < roundsMax && !asker.signal.aborted) continue
      const now = pace.now()
      for (const { batch } of leases) open.blocks.prepare(batch)
      return {
        state: 'run',
        leases: await Promise.all(leases.map(async (lease) => ({ ...grantOf(lease, open, now), ...(await urlsOf(open, lease, request, asker)) }))),
        retry_after_ms: leases.length > 0 ? 0 : Math.min(retryMsMax, retryAfterMs + retryPerPlaceMs * (answer.waiting?.place ?? 0)),
        waiting: answer.waiting,
      }
    }
  }

  /**
   * Nobody is sent for a block that cannot be read, and who has hung up and cannot repeat the request gets none: they go back, and what was given up is set aside.
   * Nothing of that is said against the node.
   */
  async function usefulOf({ planId, epoch }: OpenEpoch, { known, requestId, ...asker }: LeaseAsker, leases: readonly BatchLease[]): Promise<BatchLease[]> {
    const isGone = asker.isGone() && requestId === undefined
    const useless = leases.filter(({ batch }) => isGone || health.isUnreadable(planId, batch))
    if (useless.length === 0) return [...leases]
    const reason = isGone ? 'the node hung up' : 'its block cannot be read'
    const replies = useless.map(({ batch, token, fence }) => {
      return { batch, token, fence, kind: 'nack' as const, reason, untried: true, isFinal: health.isLost(planId, batch) }
    })
    const outcomes = await ledger.answer(planId, epoch, { node: known.node, replies })
    settled(planId, outcomes.filter(({ state }) => state === 'void').length)
    return leases.filter((lease) => !useless.includes(lease))
  }

  async function urlsOf(open: OpenEpoch, { batch }: BatchLease, { formats }: LeaseRequest, { origin }: LeaseAsker): Promise<Pick<LeaseGrant, 'urls'>> {
    if (!formats) return {}
    return { urls: await Promise.all(formats.map(async (format) => ({ format, url: `${origin}${await urlOf(open, batch, format)}` }))) }
  }

  /** Who hung up may be gone: what would be kept for it others would wait for. If it is not, it asks again at once, and has its place. */
  async function leaveSoon({ node }: KnownNode): Promise<void> {
    const open = epochs.current()
    const wish = { node, limit: 1, isGone: true, ttlMs: leaseMs, outstandingMax: leasesPerNode, asksAgainMs: goneMs }
    if (open) await ledger.lease(open.planId, open.epoch, wish).catch(noneWhenNotOpen)
  }

  const waits = new Map<string, number>()
  async function waitInLine(node: string, place: number, ms: number, signal: AbortSignal): Promise<Waited> {
    const own = waits.get(node) ?? 0
    if (own >= waitsOfNode) return 'over'
    waits.set(node, own + 1)
    const waited = await line.wait(place, ms, signal)
    const left = (waits.get(node) ?? 1) - 1
    if (left > 0) waits.set(node, left)
    else waits.delete(node)
    return waited
  }

  return async (request, asker) => {
    const [until, askedAt] = [performance.now() + request.wait_ms, pace.now()]
    const asking = { laidAside: 0 }
    for (;;) {
      const availableForMs = availability(request, asker.sentAt, { askedAt, now: pace.now() })
      if (availableForMs !== undefined && availableForMs <= 0) return nothing('run')
      const answer = await tryOnce(request, asker, asking, availableForMs)
      const leftMs = until - performance.now()
      if (answer.leases.length > 0) telemetry.count('feed.leases', answer.leases.length)
      if (answer.leases.length > 0 || answer.state === 'drain' || leftMs <= 0) return answer
      const waited = await waitInLine(asker.known.node, answer.waiting?.place ?? 0, Math.min(leftMs, asksEveryMs), asker.signal)
      if (asker.signal.aborted) await leaveSoon(asker.known)
      if (waited === 'over') return answer
    }
  }
}

function grantOf(lease: BatchLease, open: OpenEpoch, now: number): LeaseGrant {
  const { job, plan, batches } = open
  const { planId, epoch, batch, token, fence, expiresAt } = lease
  return {
    job,
    plan_id: planId,
    epoch,
    batch,
    label: batches.label(batch),
    token,
    fence,
    expires_at: expiresAt,
    expires_in_ms: expiresAt - now,
    rows: plan.geometry.rows,
    sequence_tokens: plan.geometry.sequence_tokens,
    row_tokens: rowTokens(plan.geometry),
    tokenizer: plan.tokenizer.fingerprint,
    tokens_path: `/v1/plans/${planId}/epochs/${epoch}/batches/${batch}`,
  }
}

const nothing = (state: LeaseAnswer['state']): LeaseAnswer => ({
  state,
  leases: [],
  retry_after_ms: state === 'drain' ? retryMsMax : retryAfterMs,
  waiting: null,
})

/**
 * How long the node is still there, ms, at `now`, of what it said when it asked; undefined: it did not say. A moment of its own clock counts from when it sent the
 * request, by that clock, where it says so. One that is over already was said by a clock that is off, for nobody asks for work that is gone: it says nothing.
 */
function availability(
  { available_for_ms, available_until }: LeaseRequest,
  sentAt: number | undefined,
  { askedAt, now }: { askedAt: number; now: number },
): number | undefined {
  const waitedMs = Math.max(0, now - askedAt)
  if (available_for_ms !== undefined) return available_for_ms - waitedMs
  const leftMs = available_until === undefined ? 0 : available_until - (sentAt ?? askedAt)
  return leftMs > 0 ? leftMs - waitedMs : undefined
}

import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Ack, BatchAnswer, FeedPlanAnswer, LeaseAnswer, LeaseGrant, LeaseRequest, Nack, ProgressAnswer, Renewal, RenewalAnswer } from '#schemas/feed.ts'
import type { BatchLease, Ledger } from '#schemas/ledger.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { TokenBlock } from '../blocks/token-blocks.ts'
import type { OpenEpoch } from './open-epoch.ts'
import type { EpochTally } from './tally.ts'

export interface FeedParts {
  ledger: Ledger
  pace: Clock
  telemetry: Telemetry
  leaseMs: number
  /** The newest epoch, open or not. */
  current(): OpenEpoch | undefined
  /** @throws OrreryError `not_found` */
  find(planId: string, epoch: number): Promise<OpenEpoch>
  tally(open: OpenEpoch): EpochTally
  /** Called after each batch that was settled. */
  settled(planId: string, batch: number): void
  /** Called of a batch whose tokens cannot be read. */
  unreadable(open: OpenEpoch, batch: number): void
}

/** What the feed does, behind its routes. Every answer comes from the ledger: the feed itself remembers nothing, so it may die at any moment. */
export interface Feed {
  lease(request: LeaseRequest): Promise<LeaseAnswer>
  renew(renewal: Renewal): Promise<RenewalAnswer>
  /** @throws OrreryError `invalid_record` when the tokens are not the block's */
  ack(ack: Ack): Promise<BatchAnswer>
  nack(nack: Nack): Promise<BatchAnswer>
  block(planId: string, epoch: number, batch: number): Promise<TokenBlock & { sequenceTokens: number }>
  plan(): Promise<FeedPlanAnswer>
  progress(): Promise<ProgressAnswer>
}

/** When nothing was leased, ask again after this long: IOTA's nodes poll every 0.51 s. */
const retryAfterMs = 500

export function createFeed(parts: FeedParts): Feed {
  const { ledger, pace, telemetry, leaseMs } = parts
  return {
    async lease({ node, limit, available_until }) {
      const open = parts.current()
      if (!open) return idle
      const until = available_until === undefined ? {} : { availableUntil: available_until }
      const leases = await ledger.lease(open.planId, open.epoch, { node, limit, ttlMs: leaseMs, ...until }).catch(noneWhenNotOpen)
      if (!leases) return idle
      telemetry.count('feed.leases', leases.length)
      const now = pace.now()
      return { state: 'run', leases: leases.map((lease) => grantOf(lease, open, now)), retry_after_ms: leases.length > 0 ? 0 : retryAfterMs }
    },

    async renew(renewal) {
      const expiresAt = await ledger.renew(await leaseOf(parts, renewal), leaseMs)
      return { expires_at: expiresAt, expires_in_ms: expiresAt - pace.now() }
    },

    async ack({ loss, tokens, ...proof }) {
      const { geometry } = (await parts.find(proof.plan_id, proof.epoch)).plan
      const expected = geometry.rows * geometry.sequence_tokens
      if (tokens !== expected)
        throw new OrreryError('invalid_record', `Batch ${proof.batch} has ${expected} tokens, not ${tokens}; train the whole block and answer again.`, {
          batch: proof.batch,
        })
      await ledger.settle(await leaseOf(parts, proof), { loss, tokens })
      telemetry.count('feed.settled')
      parts.settled(proof.plan_id, proof.batch)
      return { batch: proof.batch, state: 'settled' }
    },

    async nack({ reason, ...proof }) {
      await ledger.nack(await leaseOf(parts, proof), reason)
      telemetry.count('feed.nacked')
      return { batch: proof.batch, state: 'returned' }
    },

    async block(planId, epoch, batch) {
      const open = await parts.find(planId, epoch)
      const block = await open.blocks.block(batch).catch((error: unknown) => {
        if (error instanceof OrreryError && error.code === 'data_unreadable') parts.unreadable(open, batch)
        throw error
      })
      telemetry.count('feed.block_bytes', block.bytes.length)
      return { ...block, sequenceTokens: open.plan.geometry.sequence_tokens }
    },

    async plan() {
      const open = parts.current()
      const progress = open && (await ledger.progress(open.planId, open.epoch).catch(noneWhenNotOpen))
      return open && progress?.closed === false ? { state: 'run', plan: planOf(open) } : { state: 'idle', plan: null }
    },

    async progress() {
      const open = parts.current()
      const progress = open && (await ledger.progress(open.planId, open.epoch).catch(noneWhenNotOpen))
      if (!open || !progress) return { state: 'idle', epoch: null }
      return { state: progress.closed ? 'idle' : 'run', epoch: await parts.tally(open).summarize(progress) }
    },
  }
}

const idle: LeaseAnswer = { state: 'idle', leases: [], retry_after_ms: retryAfterMs }

/** Between two epochs there is nothing to lease; that is no fault of who asks. */
function noneWhenNotOpen(error: unknown): undefined {
  if (error instanceof OrreryError && (error.code === 'fenced' || error.code === 'not_found')) return undefined
  throw error
}

function grantOf(lease: BatchLease, { plan, batches }: OpenEpoch, now: number): LeaseGrant {
  return {
    plan_id: lease.planId,
    epoch: lease.epoch,
    batch: lease.batch,
    label: batches.label(lease.batch),
    token: lease.token,
    fence: lease.fence,
    expires_at: lease.expiresAt,
    expires_in_ms: lease.expiresAt - now,
    rows: plan.geometry.rows,
    sequence_tokens: plan.geometry.sequence_tokens,
    tokens_path: `/v1/plans/${lease.planId}/epochs/${lease.epoch}/batches/${lease.batch}`,
  }
}

/** The lease a node speaks of. Its token is what the ledger goes by; the expiry it knows itself. @throws OrreryError `not_found` when there is no such batch */
async function leaseOf(parts: FeedParts, proof: Renewal): Promise<BatchLease> {
  const { plan_id, epoch, batch, token, fence, node } = proof
  ;(await parts.find(plan_id, epoch)).batches.label(batch)
  return { planId: plan_id, epoch, batch, token, fence, node, expiresAt: 0 }
}

function planOf({ planId, epoch, plan }: OpenEpoch): FeedPlanAnswer['plan'] {
  return {
    plan_id: planId,
    epoch,
    batches: plan.batches,
    rows: plan.geometry.rows,
    sequence_tokens: plan.geometry.sequence_tokens,
    tokenizer: plan.tokenizer,
    weights: Object.fromEntries(plan.strata.map(({ label, weight }) => [label, weight])),
  }
}

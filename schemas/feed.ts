import { z } from 'zod'
import { namedValues } from './named-values.ts'

/** The wire of the feed (trainer-bridge): JSON in and out, token blocks as raw bytes or Arrow IPC. */
const node = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/)

export const LeaseRequest = z.strictObject({
  node,
  limit: z.int().min(1).max(64).default(1),
  /** ms since epoch; the node promises to be there until then. */
  available_until: z.int().positive().optional(),
})
export type LeaseRequest = z.infer<typeof LeaseRequest>

export const LeaseGrant = z.strictObject({
  plan_id: z.string(),
  epoch: z.int().nonnegative(),
  batch: z.int().nonnegative(),
  label: z.string(),
  token: z.string(),
  fence: z.int().nonnegative(),
  expires_at: z.int(),
  /** Until then, by the feed's clock: a node whose own clock is off counts from the answer's arrival. */
  expires_in_ms: z.int(),
  rows: z.int().positive(),
  sequence_tokens: z.int().positive(),
  /** Path of the token block: rows × sequence_tokens u32, little-endian; `Accept: application/vnd.apache.arrow.stream` gives Arrow IPC. */
  tokens_path: z.string(),
})
export type LeaseGrant = z.infer<typeof LeaseGrant>

/** `run`: something was leased, or may be soon (ask again after `retry_after_ms`). `idle`: no epoch is open. */
export const LeaseAnswer = z.strictObject({ state: z.enum(['run', 'idle']), leases: z.array(LeaseGrant), retry_after_ms: z.int().nonnegative() })
export type LeaseAnswer = z.infer<typeof LeaseAnswer>

const LeaseProof = z.strictObject({
  node,
  plan_id: z.string(),
  epoch: z.int().nonnegative(),
  batch: z.int().nonnegative(),
  token: z.string(),
  fence: z.int().nonnegative(),
})
export const Ack = LeaseProof.extend({ loss: z.number().nonnegative().max(1000), tokens: z.int().positive() })
export type Ack = z.infer<typeof Ack>
export const Nack = LeaseProof.extend({ reason: z.string().min(1).max(200) })
export type Nack = z.infer<typeof Nack>
export const Renewal = LeaseProof
export type Renewal = z.infer<typeof Renewal>

export const RenewalAnswer = LeaseGrant.pick({ expires_at: true, expires_in_ms: true })
export type RenewalAnswer = z.infer<typeof RenewalAnswer>

/** `settled`: this answer counts, or has counted before. `returned`: another node may have the batch. */
export const BatchAnswer = z.strictObject({ batch: z.int().nonnegative(), state: z.enum(['settled', 'returned']) })
export type BatchAnswer = z.infer<typeof BatchAnswer>

/** What a node must know to read the blocks of an epoch. */
export const FeedPlan = z.strictObject({
  plan_id: z.string(),
  epoch: z.int().nonnegative(),
  batches: z.int().nonnegative(),
  rows: z.int().positive(),
  sequence_tokens: z.int().positive(),
  tokenizer: z.strictObject({ name: z.string(), fingerprint: z.string(), vocabulary: z.int().positive() }),
  /** Label → weight it is drawn with. */
  weights: namedValues(z.number().positive()),
})
export type FeedPlan = z.infer<typeof FeedPlan>

/** `plan` is null when no epoch is open. */
export const FeedPlanAnswer = z.strictObject({ state: z.enum(['run', 'idle']), plan: FeedPlan.nullable() })
export type FeedPlanAnswer = z.infer<typeof FeedPlanAnswer>

const Tally = z.strictObject({
  name: z.string(),
  settled: z.int().nonnegative(),
  tokens: z.int().nonnegative(),
  /** Mean over all its batches and over its last eight, nats per token. */
  loss_mean: z.number(),
  loss_last: z.number(),
})
export type Tally = z.infer<typeof Tally>

export const EpochSummary = z.strictObject({
  plan_id: z.string(),
  epoch: z.int().nonnegative(),
  fence: z.int().nonnegative(),
  closed: z.boolean(),
  batches: z.int().nonnegative(),
  /** Batches in each state of the ledger. */
  // oxlint-disable-next-line orrery/no-open-record -- our states
  states: z.record(z.string(), z.int().nonnegative()),
  /** By name, in code-unit order. */
  labels: z.array(Tally),
  nodes: z.array(Tally),
})
export type EpochSummary = z.infer<typeof EpochSummary>

/** The epoch that is open, else the last one; null before the first. */
export const ProgressAnswer = z.strictObject({ state: z.enum(['run', 'idle']), epoch: EpochSummary.nullable() })
export type ProgressAnswer = z.infer<typeof ProgressAnswer>

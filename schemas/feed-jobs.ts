import { z } from 'zod'
import { addressNumber } from './address-number.ts'
import { LossEvidence } from './desirability.ts'
import { namedValues } from './named-values.ts'
import { FeedPlan, NodeName, answersMax } from './feed.ts'

/** The wire of the feed, as far as it is about a job: its epochs, weights, events, and what trains it without leases. */
const count = z.int().nonnegative()

export const JobAnswer = z.object({
  job: z.string(),
  state: z.enum(['run', 'wait', 'idle']),
  /** Number of the open epoch, else of the last; null before the first. */
  epoch: count.nullable(),
  plan_id: z.string().nullable(),
})
export type JobAnswer = z.infer<typeof JobAnswer>
export const JobsAnswer = z.object({ jobs: z.array(JobAnswer) })

/** An epoch as it was planned, and how it stands. `counts` is null where the ledger does not have it any more. */
export const EpochAnswer = z.object({
  plan: FeedPlan,
  closed: z.boolean(),
  // oxlint-disable-next-line orrery/no-open-record -- our states
  states: z.record(z.string(), count).nullable(),
})
export type EpochAnswer = z.infer<typeof EpochAnswer>

/** Newest first. `next`: what to say as `before` for those that follow. */
export const EpochsAnswer = z.object({ epochs: z.array(z.object({ epoch: count, plan_id: z.string(), batches: count })), next: count.nullable() })
export type EpochsAnswer = z.infer<typeof EpochsAnswer>

/** `planned`: what the open epoch is drawn by. `next`: what the one after it will be, as it looks now. */
export const WeightsAnswer = z.object({ planned: namedValues(z.number().positive()), next: namedValues(z.number().positive()) })
export type WeightsAnswer = z.infer<typeof WeightsAnswer>
/** Labels that are not named keep their weight. */
export const WeightsWish = z.strictObject({
  weights: z
    .array(z.strictObject({ label: z.string().min(1).max(140), weight: z.number().min(1e-6).max(1e6) }))
    .min(1)
    .max(1000)
    .refine((weights) => new Set(weights.map(({ label }) => label)).size === weights.length, 'a label has one weight'),
})
export type WeightsWish = z.infer<typeof WeightsWish>

/** What was settled, in its order. `next`: what to say as `after` for what comes after these. */
export const LossesAnswer = z.object({
  losses: z.array(z.object({ place: count, batch: count, label: z.string(), node: z.string(), loss: z.number(), tokens: count })),
  next: count.nullable(),
})
export type LossesAnswer = z.infer<typeof LossesAnswer>

/** What a trainer without leases says of batches that it went through (`stream`): they are settled by it, as by the ack of a lease. Answered as acks are. */
export const LossReport = z.strictObject({
  node: NodeName,
  plan_id: z.string().min(1).max(128).optional(),
  epoch: count,
  items: z
    .array(z.strictObject({ batch: count, loss: z.number().nonnegative().max(1000), tokens: z.int().positive() }))
    .min(1)
    .max(answersMax),
})
export type LossReport = z.infer<typeof LossReport>

/** What the losses of an epoch were taken for. */
export const FeedbackAnswer = z.object({
  epoch: count,
  plan_id: z.string(),
  labels: z.array(z.object({ evidence: LossEvidence, factor: z.number(), weights: z.object({ before: z.number(), after: z.number() }).nullable() })),
})
export type FeedbackAnswer = z.infer<typeof FeedbackAnswer>

/** Where a trainer stands, in its own words: any JSON object. Kept durably, given back as it was; its `ETag` is for `If-Match`. */
export const ConsumerState = namedValues(z.unknown())
export type ConsumerState = z.infer<typeof ConsumerState>

export const StreamQuery = z.strictObject({
  rank: addressNumber().default(0).describe('0 when left out.'),
  world: addressNumber(1, 65_536).default(1).describe('1 when left out.'),
  /** First batch; absent: the first of the epoch. */
  from: addressNumber().default(0).describe('0 when left out.'),
  /** Absent: the open one, else the last. */
  epoch: addressNumber().optional(),
})
export type StreamQuery = z.infer<typeof StreamQuery>

/**
 * Names of the events of a job (`text/event-stream`). `reset`: events may be missing since the one that was named; this is how it stands. `epoch`: one was opened
 * or closed. `progress`: at most one a second. `steered`: the losses of an epoch moved the weights. `blocks`: they cannot be read for now, or can again.
 */
export type EventName = 'reset' | 'epoch' | 'progress' | 'steered' | 'blocks'

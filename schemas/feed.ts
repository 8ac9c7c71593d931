import { z } from 'zod'
import { namedValues } from './named-values.ts'

/**
 * The wire of the feed (trainer-bridge), as nodes use it: JSON in and out, token blocks as bytes. What is asked for over a whole job stands in feed-jobs.ts.
 * Answers may get more fields: a client passes over those it does not know. Times are relative: of no node is the clock believed, and it need believe none.
 */
export const NodeName = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, '1..64 of A-Z a-z 0-9 . _ -')
/** Of a client's request: the same id, while it is remembered, gets the same answer again. */
const RequestId = z.string().regex(/^[\x21-\x7e]{1,128}$/, '1..128 printable ASCII characters without blanks')
/** Of a job: the name of the dataset it is trained on. */
export const JobName = z.string().min(1).max(140)
const count = z.int().nonnegative()

/** In what a block may be had (trainer-bridge/blocks). */
export const BlockFormat = z.enum(['raw', 'orrery', 'arrow', 'zstd', 'text'])
export type BlockFormat = z.infer<typeof BlockFormat>

/** Batches of one request, and items of one answer, at most. */
const leasesMax = 64
export const answersMax = 256
/** IOTA's client gives up after 40 s. */
const waitMsMax = 30_000
const dayMs = 86_400_000

export const LeaseRequest = z.strictObject({
  node: NodeName,
  limit: z.int().min(1).max(leasesMax).default(1),
  /** Which job; absent: the only one there is. */
  job: JobName.optional(),
  request_id: RequestId.optional().describe('The same id gets the same leases again, after a lost answer; the header Idempotency-Key says it too.'),
  wait_ms: z
    .int()
    .min(0)
    .max(waitMsMax)
    .default(0)
    .describe('Where there is nothing to lease, the answer may come so much later, with the first that there is.'),
  available_for_ms: z
    .int()
    .min(0)
    .max(366 * dayMs)
    .optional()
    .describe('The node will be there for so long from now on; no lease outlives it.'),
  /** ms since epoch by the node's clock, which nobody else has: `available_for_ms` says it better. */
  available_until: z.int().positive().optional().meta({ deprecated: true }),
  formats: z.array(BlockFormat).max(8).optional().describe('For each a URL that needs no credential, for whoever the block is passed on to.'),
})
export type LeaseRequest = z.infer<typeof LeaseRequest>

export const LeaseGrant = z.object({
  job: z.string(),
  plan_id: z.string(),
  epoch: count,
  batch: count,
  /** Of all its rows; in a mixed batch of the first, and of each in `row_labels`. */
  label: z.string(),
  row_labels: z.array(z.string()).optional(),
  token: z.string(),
  fence: count,
  expires_at: z.int(),
  /** Until then, by the feed's clock: a node whose own clock is off counts from the answer's arrival. */
  expires_in_ms: z.int(),
  rows: z.int().positive(),
  sequence_tokens: z.int().positive(),
  /** Of a row of the block: `sequence_tokens`, or one more where rows bring their last target. */
  row_tokens: z.int().positive(),
  /** Fingerprint of the tokenizer. */
  tokenizer: z.string(),
  /** Path of the token block: rows × row_tokens u32, little-endian; another format by `Accept` or `?format=`. */
  tokens_path: z.string(),
  /** For each of the formats that were asked for: absolute, good for who has it, any number of times, until the pipeline must be through. */
  urls: z.array(z.object({ format: BlockFormat, url: z.string() })).optional(),
})
export type LeaseGrant = z.infer<typeof LeaseGrant>

/** Who waits longer goes first, also after a restart: `place` 1 is next, and never rises. */
const Waiting = z.object({ place: z.int().positive(), of: z.int().positive() })

/**
 * `run`: something was leased, or may be soon (ask again after `retry_after_ms`). `wait`: the blocks cannot be read for now; what is leased already may go on.
 * `drain`: this node said that it is leaving. `idle`: no epoch is open.
 */
const LeaseState = z.enum(['run', 'wait', 'drain', 'idle'])
export const LeaseAnswer = z.object({ state: LeaseState, leases: z.array(LeaseGrant), retry_after_ms: count, waiting: Waiting.nullable().default(null) })
export type LeaseAnswer = z.infer<typeof LeaseAnswer>

const held = { plan_id: z.string().min(1).max(128), epoch: count, batch: count, token: z.string().min(1).max(128), fence: count }
const trained = {
  loss: z.number().nonnegative().max(1000).describe('Mean cross-entropy of the batch before its update, nats per token.'),
  tokens: z.int().positive(),
}
const given = { reason: z.string().min(1).max(200) }
const LeaseProof = z.strictObject({ node: NodeName, ...held })

export const Ack = LeaseProof.extend(trained)
export type Ack = z.infer<typeof Ack>
export const Nack = LeaseProof.extend(given)
export type Nack = z.infer<typeof Nack>
export const Renewal = LeaseProof
export type Renewal = z.infer<typeof Renewal>

const many = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ node: NodeName, request_id: RequestId.optional(), items: z.array(item).min(1).max(answersMax) })
export const Acks = many(z.strictObject({ ...held, ...trained }))
export type Acks = z.infer<typeof Acks>
export const Nacks = many(z.strictObject({ ...held, ...given }))
export type Nacks = z.infer<typeof Nacks>
export const Renewals = many(z.strictObject(held))
export type Renewals = z.infer<typeof Renewals>

/** One, or many at once by `items`; what is wrong is told of the form that was meant. */
export const oneOrMany = <One extends z.ZodType, Many extends z.ZodType>(one: One, items: Many) =>
  z.union([one, items], {
    error: ({ input, code, ...issue }) => {
      if (code !== 'invalid_union') return undefined
      const meant = typeof input === 'object' && input !== null && 'items' in input ? 1 : 0
      const found = (issue as { errors?: { path: PropertyKey[]; message: string }[][] }).errors?.[meant] ?? []
      return found
        .slice(0, 5)
        .map(({ path, message }) => `${path.map(String).join('/')}: ${message}`)
        .join('; ')
    },
  })

export const RenewalAnswer = LeaseGrant.pick({ expires_at: true, expires_in_ms: true })
export type RenewalAnswer = z.infer<typeof RenewalAnswer>

/** `settled`: this answer counts, or has counted before. `returned`: another node may have the batch. `renewed`: it is held on. `refused`: for the reason told. */
export const BatchAnswer = z.object({ batch: count, state: z.enum(['settled', 'returned']) })
export type BatchAnswer = z.infer<typeof BatchAnswer>

const Refusal = z.object({ code: z.string(), message: z.string() })
/** One outcome for each item, in their order. */
export const BatchAnswers = z.object({
  items: z.array(
    z.object({
      batch: count,
      state: z.enum(['settled', 'returned', 'renewed', 'refused']),
      expires_in_ms: z.int().optional(),
      error: Refusal.optional(),
    }),
  ),
})
export type BatchAnswers = z.infer<typeof BatchAnswers>

/** What a node must know to read the blocks of an epoch. */
export const FeedPlan = z.object({
  job: z.string(),
  plan_id: z.string(),
  epoch: count,
  batches: count,
  rows: z.int().positive(),
  sequence_tokens: z.int().positive(),
  row_tokens: z.int().positive(),
  tokenizer: z.object({ name: z.string(), fingerprint: z.string(), vocabulary: z.int().positive() }),
  /** Id of the token after each document, and of no other: where rows are cut for masks, and what fills a row that is shorter. */
  end_of_text: count,
  /** Label → weight it is drawn with. */
  weights: namedValues(z.number().positive()),
})
export type FeedPlan = z.infer<typeof FeedPlan>

/** `plan` is null when no epoch is open. */
export const FeedPlanAnswer = z.object({ state: z.enum(['run', 'idle']), plan: FeedPlan.nullable() })
export type FeedPlanAnswer = z.infer<typeof FeedPlanAnswer>

const Tally = z.object({
  name: z.string(),
  settled: count,
  tokens: count,
  /** Mean over all its batches and over its last eight, nats per token. */
  loss_mean: z.number(),
  loss_last: z.number(),
})
export type Tally = z.infer<typeof Tally>

export const EpochSummary = z.object({
  plan_id: z.string(),
  epoch: count,
  fence: count,
  closed: z.boolean(),
  batches: count,
  /** Batches in each state of the ledger. */
  // oxlint-disable-next-line orrery/no-open-record -- our states
  states: z.record(z.string(), count),
  /** By name, in code-unit order. */
  labels: z.array(Tally),
  nodes: z.array(Tally),
})
export type EpochSummary = z.infer<typeof EpochSummary>

/** The epoch that is open, else the last one; null before the first. */
export const ProgressAnswer = z.object({ state: z.enum(['run', 'idle']), epoch: EpochSummary.nullable() })
export type ProgressAnswer = z.infer<typeof ProgressAnswer>

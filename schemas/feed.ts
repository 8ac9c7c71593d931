import { z } from 'zod'

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

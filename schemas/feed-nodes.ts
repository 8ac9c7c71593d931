import { z } from 'zod'
import { NodeName } from './feed.ts'

/** The wire of the feed, as far as it is about who asks (infra/nodes). */
const count = z.int().nonnegative()

/** A node that joins, or joins again. Its name is of whoever is first to have it; the credential of this request is what it is known by from then on. */
export const NodeRegistration = z.strictObject({
  node: NodeName,
  request_id: z
    .string()
    .regex(/^[\x21-\x7e]{16,128}$/, '16..128 printable ASCII characters without blanks')
    .optional()
    .describe('Nobody else may know it: for ten minutes the same id gets the name of its first request again, and a token, after a lost answer.'),
})
export type NodeRegistration = z.infer<typeof NodeRegistration>

/** Of what is asked by the path alone. */
export const NoBody = z.strictObject({}).nullish()

/** What a node did on a day of UTC: as the feed booked it, never as the node says. */
const NodeDay = z.object({ day: z.iso.date(), settled: count, returned: count, lost: count, tokens: count, loss_sum: z.number() })

export const NodeAnswer = z.object({
  node: z.string(),
  /** Who answers for it: of an operator all nodes together count as one voice. */
  operator: z.string(),
  via: z.enum(['open', 'token', 'hotkey']),
  /** `draining`: it gets nothing more to do until it registers again. */
  state: z.enum(['active', 'draining']),
  /** ms since it was last heard of, by the feed's clock. */
  seen_ago_ms: count,
  /** Batches it may hold at once. */
  outstanding_max: z.int().positive(),
  /** What the operator says to pay for a million settled tokens, in his own unit. */
  pay_per_million_tokens: z.number().nonnegative().optional(),
  /** Hotkeys (SS58) of this feed: what a node signs is for one of them. */
  receivers: z.array(z.string()),
  /** Newest first. */
  days: z.array(NodeDay),
})
export type NodeAnswer = z.infer<typeof NodeAnswer>

/** `token`: the credential that this registration made, shown once: `Authorization: Bearer …` of all that the node asks from now on. */
export const RegistrationAnswer = NodeAnswer.extend({ token: z.string().optional() })
export type RegistrationAnswer = z.infer<typeof RegistrationAnswer>

export const ReceiversAnswer = z.object({ receivers: z.array(z.string()) })

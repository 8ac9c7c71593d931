/** How long a key is remembered after its message is done or dead: what is added again by then is skipped. */
export const rememberedMs = 86_400_000
export const longestLeaseMs = 86_400_000
/** Of a body as canonical JSON. */
export const bodyBytesMax = 32 << 20

/** One message. `body` is any JSON value; `key` makes adding idempotent. */
export interface Message {
  key: string
  body: unknown
}

/** What a lease is known by. */
export interface Lease {
  key: string
  token: string
}

export interface Leased extends Message, Lease {
  /** ms since epoch */
  expiresAt: number
  /** 1 for the first delivery. */
  attempt: number
}

export interface QueueStats {
  waiting: number
  leased: number
  /** Ever. */
  done: number
  /** Ever. */
  dead: number
}

export interface Failure {
  reason: string
  /** Deliver again from then on (ms since epoch); absent = dead, never delivered again. */
  retryAt?: number
}

/**
 * A durable queue with leases, shared by processes. At least once: a message whose lease ran out is delivered again.
 *
 * Contract: acknowledged means durable (kill -9). Messages come in no promised order, not even those of one call of `add`: what one means must not rest on
 * which came before it. None that is ready waits for ever while others come.
 * A lease that ran out is still good until its message is lent again; one given by a clock that has gone back since (more than a minute) is over.
 * A message that is done loses its body at once; done or dead, it is forgotten when `rememberedMs` have passed, little by little, with the calls that come.
 * Wrong arguments (an empty key, a body that is no JSON, a limit or lease below 1, a lease above `longestLeaseMs`) are `invalid_argument`, a body above
 * `bodyBytesMax` is `too_large`; both change nothing.
 */
export interface Queue {
  /** All or nothing. Keys that are known are skipped. Returns how many were new. */
  add(messages: readonly Message[]): Promise<number>
  /** Up to `limit` messages, and no more of them than have bodies of `bytesMax` bytes together (any number when absent), but for the first. */
  claim(request: { limit: number; leaseMs: number; bytesMax?: number }): Promise<Leased[]>
  /** All of them or none, from now on. The new expiry. @throws OrreryError `lease_lost` when any was lent again or is finished */
  extend(leases: readonly Lease[], leaseMs: number): Promise<number>
  /** Finishes all of them or none. @throws OrreryError `lease_lost` when any was lent again or is finished */
  done(leases: readonly Lease[]): Promise<void>
  /** @throws OrreryError `lease_lost` */
  fail(lease: Lease, failure: Failure): Promise<void>
  stats(): Promise<QueueStats>
}

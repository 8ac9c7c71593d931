/** One message. `body` is any JSON value; `key` makes adding idempotent for ever, also after the message is done. */
export interface Message {
  key: string
  body: unknown
}

export interface Leased extends Message {
  token: string
  /** ms since epoch */
  expiresAt: number
  /** 1 for the first delivery. */
  attempt: number
}

export interface QueueStats {
  waiting: number
  leased: number
  done: number
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
 * Contract: acknowledged means durable (kill -9). Delivery is in the order of adding among the messages that are ready.
 * A lease that ran out is still good until its message is lent again. Wrong arguments (an empty key, a body that is no JSON, a limit or lease
 * below 1) are `invalid_argument` and change nothing.
 */
export interface Queue {
  /** All or nothing. Keys ever seen are skipped. Returns how many were new. */
  add(messages: readonly Message[]): Promise<number>
  claim(request: { limit: number; leaseMs: number }): Promise<Leased[]>
  /** The new expiry. @throws OrreryError `lease_lost` */
  extend(lease: Leased, leaseMs: number): Promise<number>
  /** Finishes all of them or none. @throws OrreryError `lease_lost` when any was lent again or is finished */
  done(leases: readonly Leased[]): Promise<void>
  /** @throws OrreryError `lease_lost` */
  fail(lease: Leased, failure: Failure): Promise<void>
  stats(): Promise<QueueStats>
}

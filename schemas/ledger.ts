/** The states a batch goes through. `settled` is final for its epoch; `void` = its epoch was closed before it was settled. */
export type BatchState = 'planned' | 'leased' | 'trained' | 'settled' | 'expired' | 'nacked' | 'void'

export interface BatchLease {
  planId: string
  epoch: number
  batch: number
  label: string
  token: string
  /** Fence of the epoch at the lease; an answer under an older fence is refused. */
  fence: number
  node: string
  /** ms since epoch */
  expiresAt: number
}

export interface BatchResult {
  /** Mean cross-entropy over the batch before the update, nats per token. */
  loss: number
  tokens: number
}

export interface Settlement extends BatchResult {
  batch: number
  label: string
  node: string
  /** ms since epoch */
  settledAt: number
}

export interface EpochProgress {
  planId: string
  epoch: number
  fence: number
  closed: boolean
  states: Record<BatchState, number>
}

/**
 * Who trains which batch, and what became of it. Delivery is at least once, settlement at most once per (plan, epoch, batch):
 * the first valid answer under the current fence wins. A lease that ran out is still good until its batch is lent again; one given by a clock that has gone back
 * since (more than a minute) has run out. Shared by processes; acknowledged means durable (kill -9).
 *
 * An epoch is `open` for leases until `close`, which raises its fence, voids what is not settled and makes every lease of it `fenced`.
 */
export interface Ledger {
  /** Opens an epoch of batches 0..labels.length-1; opening it again with the same labels is a no-op. Returns its progress. @throws `conflict` for other labels, `fenced` when closed */
  open(planId: string, epoch: number, labels: readonly string[]): Promise<EpochProgress>
  /**
   * Up to `limit` of the lowest batches that are planned, expired or nacked. No lease outlives `availableUntil` (ms since epoch): when
   * less than half the time to live is left until then, none is given. Empty when nothing is open to lease.
   * @throws `fenced` when the epoch is closed, `not_found` when it was never opened
   */
  lease(planId: string, epoch: number, request: { node: string; limit: number; ttlMs: number; availableUntil?: number }): Promise<BatchLease[]>
  /** The new expiry, never beyond the `availableUntil` of the lease. @throws `lease_lost`, `fenced` */
  renew(lease: BatchLease, ttlMs: number): Promise<number>
  /** Gives the batch back. @throws `lease_lost`, `fenced` */
  nack(lease: BatchLease, reason: string): Promise<void>
  /** Records the result; the same answer twice (same token) is a no-op, also after `close`: the first counts. @throws `lease_lost` when another lease settled it or holds it, `fenced` */
  settle(lease: BatchLease, result: BatchResult): Promise<void>
  /** Closing again is a no-op. @throws `not_found` */
  close(planId: string, epoch: number): Promise<EpochProgress>
  /** Counts, and what was settled in the order of settling. @throws `not_found` */
  progress(planId: string, epoch: number): Promise<EpochProgress & { settlements: Settlement[] }>
}

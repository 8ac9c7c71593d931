/**
 * The states a batch goes through. `planned`: nobody had it yet, and the ledger holds no more of it than the count of its epoch. `settled` is final; `void` = its
 * epoch was closed before it was settled.
 */
export type BatchState = 'planned' | 'leased' | 'settled' | 'expired' | 'nacked' | 'void'

export interface BatchLease {
  planId: string
  epoch: number
  batch: number
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
  /** Rises in the order of settling. */
  place: number
  batch: number
  node: string
  /** ms since epoch */
  settledAt: number
}

export interface EpochProgress {
  planId: string
  epoch: number
  fence: number
  closed: boolean
  /** Batches in each state: as many as the epoch was opened with. */
  states: Record<BatchState, number>
}

/** Of so many closed epochs, the last, every batch is kept. */
export const keptEpochs = 16
/** Of so many the counts; whatever was closed before was never opened. */
export const countedEpochs = 1024

/**
 * Who trains which batch, and what became of it. Delivery is at least once, settlement at most once per (plan, epoch, batch):
 * the first valid answer under the current fence wins. A lease that ran out is still good until its batch is lent again; one given by a clock that has gone back
 * since (more than a minute) has run out. Shared by processes; acknowledged means durable (kill -9).
 *
 * An epoch is `open` for leases until `close`, which raises its fence, voids what is not settled and makes every lease of it `fenced`. What is kept
 * is what was leased of the open epochs and of the `keptEpochs` closed last, and counts of the `countedEpochs` closed last.
 */
export interface Ledger {
  /** Opens an epoch of batches 0..batches-1, at a cost that is the same for any number; opening it again is a no-op. Returns its progress. @throws `conflict` for another number, `fenced` when closed */
  open(planId: string, epoch: number, batches: number): Promise<EpochProgress>
  /**
   * Up to `limit` batches: expired ones, then planned ones, then nacked ones, so that one nobody can train holds up no other; the lowest first. No lease outlives `availableUntil` (ms since epoch): when
   * less than half the time to live is left until then, none is given. Empty when nothing is open to lease.
   * @throws `fenced` when the epoch is closed, `not_found` when it was never opened
   */
  lease(planId: string, epoch: number, request: { node: string; limit: number; ttlMs: number; availableUntil?: number }): Promise<BatchLease[]>
  /** The new expiry, never beyond the `availableUntil` of the lease. @throws `lease_lost`, `fenced` */
  renew(lease: BatchLease, ttlMs: number): Promise<number>
  /** Gives the batch back. @throws `lease_lost`, `fenced` */
  nack(lease: BatchLease, reason: string): Promise<void>
  /** Records the result; the same answer twice (same token) is a no-op, also after `close` while the epoch is kept: the first counts. @throws `lease_lost` when another lease settled it or holds it, `fenced` */
  settle(lease: BatchLease, result: BatchResult): Promise<void>
  /** Closing again is a no-op. @throws `not_found` */
  close(planId: string, epoch: number): Promise<EpochProgress>
  /** @throws `not_found` */
  progress(planId: string, epoch: number): Promise<EpochProgress>
  /** What was settled, in the order of settling: up to `limit` after the place `after` (absent: from the first). Empty for an epoch of which only counts are kept. @throws `not_found` */
  settlements(planId: string, epoch: number, page: { after?: number; limit: number }): Promise<Settlement[]>
}

/**
 * The states a batch goes through. `planned`: nobody had it yet, and the ledger holds no more of it than the count of its epoch. `trained`: its node says that it
 * has trained it, and holds it until its work is taken in. `settled` is final. `expired`: its lease ran out or was taken back, `nacked`: it was given back, and
 * it waits for another. `void`: it failed too often, or its epoch was closed before it was settled.
 */
type BatchState = 'planned' | 'leased' | 'trained' | 'settled' | 'expired' | 'nacked' | 'void'

/** What shows that a batch was lent to who speaks of it. */
export interface LeaseProof {
  batch: number
  token: string
  /** Fence of the epoch at the lease; an answer under an older fence is refused. */
  fence: number
}

export interface BatchLease extends LeaseProof {
  planId: string
  epoch: number
  node: string
  /** 1 the first time that the batch is lent; what failed before is in the `failures`. */
  attempt: number
  /** ms since epoch, by the ledger's clock */
  expiresAt: number
}

export interface LeaseRequest {
  node: string
  /** Who answers for the node: on whether a batch can be trained all nodes of an operator are one voice. Absent: the node for itself. */
  operator?: string | undefined
  limit: number
  /** The node may be gone: it gets nothing, and if it waits, it does so for `asksAgainMs` from now. */
  isGone?: boolean
  /** These and no others, as far as nobody else has them; those the node has already are given again, and those it settled, as attempt 0: their token finds what became of them. Nobody waits for them. */
  batches?: readonly number[]
  ttlMs: number
  /** The node may hold so many leases, those of this request included. */
  outstandingMax: number
  /** No lease outlives it; when it is less than half the time to live, none is given. */
  availableForMs?: number
  /** The same for the same request, sent again because its answer was lost. (Who names `batches` needs none.) */
  requestId?: string
  /** A node that waits asks again within so many ms, or loses its place; 10 s when absent. */
  asksAgainMs?: number
}

export interface LeaseAnswer {
  leases: BatchLease[]
  /** Of a node that holds nothing and got nothing, though it could train: how many are before it, itself included, and how many wait. */
  waiting: { place: number; of: number } | null
}

export interface BatchResult {
  /** Mean cross-entropy over the batch before the update, nats per token. */
  loss: number
  tokens: number
}

/** What a node says of a batch it holds. */
export type BatchReply = LeaseProof &
  (
    | { kind: 'renew'; ttlMs: number }
    /** It is trained, held on like by `renew`, and settled by a later `ack`. */
    | ({ kind: 'trained'; ttlMs: number } & BatchResult)
    /** `label`: what the batch counts for in the tallies. `by`: the node whose result it is, when that is not the holder. Without a result: the one it was `trained` with. */
    | ({ kind: 'ack'; label: string; by?: string } & Partial<BatchResult>)
    /** `untried`: the node had no time for it; nothing is said against the batch. `isFinal`: it is `void`, as nobody can train it. `by`: as for `ack`. */
    | { kind: 'nack'; reason: string; untried?: boolean; isFinal?: boolean; by?: string }
  )

/** What became of one reply. `again`: it had been settled by this very lease; the first result counts. */
export type BatchOutcome =
  | { batch: number; state: 'leased' | 'trained'; expiresAt: number }
  | { batch: number; state: 'settled'; again: boolean }
  /** `void`: it was the last attempt. */
  | { batch: number; state: 'nacked' | 'void' }
  /** Nothing has changed. `lease_lost`: the lease is over, or was never given; `forbidden`: it is another node's; `fenced`: the epoch is closed. */
  | { batch: number; state: 'refused'; code: 'lease_lost' | 'forbidden' | 'fenced' | 'invalid_argument'; message: string }

export interface Settlement extends BatchResult {
  /** 1 for the first that was settled of the epoch, and so on. */
  place: number
  batch: number
  node: string
  /** ms since epoch */
  settledAt: number
}

/** An attempt that came to nothing. */
export interface FailedAttempt {
  /** 1 for the first of the epoch, and so on. */
  place: number
  batch: number
  node: string
  /** `untried`: given back without a try. */
  why: 'expired' | 'nacked' | 'untried'
  /** What the node said; empty for a lease that ran out. */
  reason: string
  /** The batch was set aside after it. */
  isLast: boolean
  /** ms since epoch */
  failedAt: number
}

/** What a node or a label came to in an epoch. */
export interface LedgerTally {
  name: string
  settled: number
  tokens: number
  lossMean: number
  /** Mean of its last eight. */
  lossLast: number
  /** Leases that it holds, let run out, gave back; 0 for a label. */
  outstanding: number
  expired: number
  nacked: number
}

export interface EpochProgress {
  planId: string
  epoch: number
  fence: number
  closed: boolean
  /** Batches in each state: as many as the epoch was opened with. */
  states: Record<BatchState, number>
  /** Nodes that hold a lease, and nodes that wait for one. */
  holding: number
  waiting: number
}

/** Of so many closed epochs, the last, every batch is kept. */
export const keptEpochs = 16
/** Of so many the counts; whatever was closed before was never opened. */
export const countedEpochs = 1024
/** The answer to a request is known for so long, ms, */
export const answerKeptMs = 600_000
/** and of one node so many of them, the newest. */
export const answersKept = 64
/** A node holds at most so many times the mean while others wait with nothing. */
export const fairShare = 3

/**
 * Who trains which batch, and what became of it. Delivery is at least once, settlement at most once per (plan, epoch, batch):
 * the first valid answer under the current fence wins. A lease that ran out is still good until its batch is lent again; one given by a clock that has gone back
 * since (more than a minute) has run out. Shared by processes; what was answered is durable (kill -9).
 *
 * **Order.** What came back for no fault of its own is lent first, then what nobody had yet, then what failed, the least often failed first; a batch that a
 * node gave back goes to another as long as there is one. After `attemptsMax` times given back, or four times as many leases that ran out, it is `void`. Of these
 * an operator can bring no more than his part: while k operators are around (they got a lease or kept one within the longest time to live), 1/k of them, rounded up.
 *
 * **Shares.** Nodes that hold nothing and get nothing wait in the order in which they asked first; that order outlives the process and the epoch, and nobody
 * is served before those who wait longer. While they wait, a node gets no more than `fairShare` times the mean of what nodes hold, and what it holds
 * beyond that is taken back, its newest leases first, as if they had run out.
 *
 * An epoch is `open` for leases until `close`, which raises its fence, voids what is not settled and makes every lease of it `fenced`. Rows are kept of
 * what is lent, settled or failed, of the open epochs and of the `keptEpochs` closed last, and counts of the `countedEpochs` closed last.
 * What `progress`, `lease` and `answer` cost does not depend on how much was settled.
 */
export interface Ledger {
  /** Opens an epoch of batches 0..batches-1, at a cost that is the same for any number; opening it again is a no-op. Returns its progress. @throws `conflict` for another number, `fenced` when closed */
  open(planId: string, epoch: number, batches: number, attemptsMax?: number): Promise<EpochProgress>
  /**
   * Up to `limit` batches. The same request again (node and id) gives the leases of its first answer that are still the node's, and no others.
   * @throws `fenced` when the epoch is closed, `not_found` when it was never opened
   */
  lease(planId: string, epoch: number, request: LeaseRequest): Promise<LeaseAnswer>
  /**
   * One outcome for each reply, in their order. The same reply again has the same outcome (a renewal renews again), also after `close` while the epoch is kept.
   * @throws `not_found` when the epoch was never opened
   */
  answer(planId: string, epoch: number, said: { node: string; replies: readonly BatchReply[] }): Promise<BatchOutcome[]>
  /** Closing again is a no-op. @throws `not_found` */
  close(planId: string, epoch: number): Promise<EpochProgress>
  /** @throws `not_found` */
  progress(planId: string, epoch: number): Promise<EpochProgress>
  /** What was settled, in the order of settling: up to `limit` after the place `after` (absent: from the first). Empty for an epoch of which only counts are kept. @throws `not_found` */
  settlements(planId: string, epoch: number, page: { after?: number; limit: number }): Promise<Settlement[]>
  /** What else is known of an epoch, page by page: failed attempts by place, tallies by name in the order of UTF-8, or that of one `name`. Empty as for `settlements`. @throws `not_found` */
  list<Kind extends keyof LedgerLists>(planId: string, epoch: number, kind: Kind, page: LedgerLists[Kind]['page']): Promise<LedgerLists[Kind]['row'][]>
}

export interface LedgerLists {
  failures: { row: FailedAttempt; page: { after?: number; limit: number } }
  nodes: { row: LedgerTally; page: { after?: string; name?: string; limit: number } }
  labels: { row: LedgerTally; page: { after?: string; name?: string; limit: number } }
}
